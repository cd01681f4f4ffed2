//! Counters of connections, requests and responses, recorded for tests.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use serde::Serialize;

/// Counters of an endpoint or of one connection.
///
/// [`LocalEndpoint::clear_records`](crate::LocalEndpoint::clear_records) resets the counters of the endpoint.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Stats {
    /// Connections that were accepted.
    pub connections: u64,
    /// Bytes that were received.
    pub bytes_received: u64,
    /// Requests whose head was received.
    pub request_heads: u64,
    /// Requests that were received completely.
    pub requests: u64,
    /// Requests that were worked on, so the service would bill them. See
    /// [`CallRecord::worked_on`](crate::CallRecord::worked_on).
    pub worked_on: u64,
    /// Responses that were sent completely.
    pub responses: u64,
    /// Bytes that were sent.
    pub bytes_sent: u64,
}

/// The record of one connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct ConnectionRecord {
    /// The number of the connection. The first accepted connection has the number 1.
    pub id: u64,
    /// `true` while the connection is open.
    pub is_open: bool,
    /// Counters of the connection. `connections` is always 1.
    pub stats: Stats,
}

/// The latest connections, and the totals over all connections.
#[derive(Debug, Default)]
pub(crate) struct Connections(Mutex<ConnectionLog>);

#[derive(Debug, Default)]
struct ConnectionLog {
    accepted: u64,
    total: Arc<Counters>,
    latest: VecDeque<Arc<Connection>>,
}

#[derive(Debug)]
struct Connection {
    id: u64,
    is_closed: AtomicBool,
    counters: Counters,
}

#[derive(Debug, Default)]
struct Counters {
    connections: AtomicU64,
    bytes_received: AtomicU64,
    request_heads: AtomicU64,
    requests: AtomicU64,
    worked_on: AtomicU64,
    responses: AtomicU64,
    bytes_sent: AtomicU64,
}

impl Connections {
    /// The maximum number of connections in the log.
    const MAX: usize = 10_000;

    /// Records a connection that was accepted.
    pub(crate) fn accept(&self) -> ConnectionCounter {
        let mut log = self.lock();
        log.accepted += 1;
        let connection =
            Arc::new(Connection { id: log.accepted, is_closed: false.into(), counters: Counters::default() });
        log.latest.push_back(Arc::clone(&connection));
        if log.latest.len() > Self::MAX {
            log.latest.pop_front();
        }
        let counter = ConnectionCounter { connection, total: Arc::clone(&log.total) };
        counter.add(|counters| &counters.connections, 1);
        counter
    }

    pub(crate) fn stats(&self) -> Stats {
        self.lock().total.stats()
    }

    pub(crate) fn records(&self) -> Vec<ConnectionRecord> {
        self.lock().latest.iter().map(|connection| connection.record()).collect()
    }

    /// Resets all counters. Keeps the number of accepted connections, so ids stay unique.
    pub(crate) fn clear(&self) {
        let mut log = self.lock();
        *log = ConnectionLog { accepted: log.accepted, ..ConnectionLog::default() };
    }

    fn lock(&self) -> MutexGuard<'_, ConnectionLog> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Connection {
    fn record(&self) -> ConnectionRecord {
        let is_open = !self.is_closed.load(Ordering::Acquire);
        ConnectionRecord { id: self.id, is_open, stats: self.counters.stats() }
    }
}

impl Counters {
    fn stats(&self) -> Stats {
        let read = |counter: &AtomicU64| counter.load(Ordering::Acquire);
        Stats {
            connections: read(&self.connections),
            bytes_received: read(&self.bytes_received),
            request_heads: read(&self.request_heads),
            requests: read(&self.requests),
            worked_on: read(&self.worked_on),
            responses: read(&self.responses),
            bytes_sent: read(&self.bytes_sent),
        }
    }
}

/// A handle that updates the counters of one connection and the totals. The connection counts as open until
/// the handle is dropped.
pub(crate) struct ConnectionCounter {
    connection: Arc<Connection>,
    total: Arc<Counters>,
}

impl ConnectionCounter {
    pub(crate) fn id(&self) -> u64 {
        self.connection.id
    }

    pub(crate) fn add_received(&self, bytes: usize) {
        self.add(|counters| &counters.bytes_received, bytes as u64);
    }

    pub(crate) fn add_request_head(&self) {
        self.add(|counters| &counters.request_heads, 1);
    }

    pub(crate) fn add_request(&self) {
        self.add(|counters| &counters.requests, 1);
    }

    pub(crate) fn add_worked_on(&self) {
        self.add(|counters| &counters.worked_on, 1);
    }

    pub(crate) fn add_response(&self) {
        self.add(|counters| &counters.responses, 1);
    }

    pub(crate) fn add_sent(&self, bytes: usize) {
        self.add(|counters| &counters.bytes_sent, bytes as u64);
    }

    fn add(&self, counter: impl Fn(&Counters) -> &AtomicU64, number: u64) {
        for counters in [&self.connection.counters, &self.total] {
            counter(counters).fetch_add(number, Ordering::AcqRel);
        }
    }
}

impl Drop for ConnectionCounter {
    fn drop(&mut self) {
        self.connection.is_closed.store(true, Ordering::Release);
    }
}
