//! What an endpoint saw of its connections, for tests to read.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// What an endpoint saw in all, since its start or [`LocalEndpoint::clear_calls`](crate::LocalEndpoint::clear_calls).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Stats {
    /// Connections that were accepted.
    pub connections: u64,
    /// Bytes that were read.
    pub received: u64,
    /// Requests whose head arrived.
    pub heads: u64,
    /// Requests that were read whole.
    pub requests: u64,
    /// Requests that were worked on, and would be billed: see [`CallRecord::worked_on`](crate::CallRecord::worked_on).
    pub worked_on: u64,
    /// Answers that were written whole.
    pub answers: u64,
    /// Bytes that were written.
    pub sent: u64,
}

/// What an endpoint saw of one connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct ConnectionRecord {
    /// Which one: 1 for the first that was accepted.
    pub id: u64,
    /// Whether it is still open.
    pub is_open: bool,
    /// What was counted. `connections` is 1.
    pub stats: Stats,
}

/// The latest connections, and all that passed over any.
#[derive(Debug, Default)]
pub(crate) struct Connections(Mutex<Log>);

#[derive(Debug, Default)]
struct Log {
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
    received: AtomicU64,
    heads: AtomicU64,
    requests: AtomicU64,
    worked_on: AtomicU64,
    answers: AtomicU64,
    sent: AtomicU64,
}

impl Connections {
    /// Older connections are dropped beyond this number.
    const MAX: usize = 10_000;

    /// Takes note of a connection.
    pub(crate) fn accepted(&self) -> Tally {
        let mut log = self.lock();
        log.accepted += 1;
        let connection =
            Arc::new(Connection { id: log.accepted, is_closed: false.into(), counters: Counters::default() });
        log.latest.push_back(Arc::clone(&connection));
        if log.latest.len() > Self::MAX {
            log.latest.pop_front();
        }
        let tally = Tally { connection, total: Arc::clone(&log.total) };
        tally.add(|counters| &counters.connections, 1);
        tally
    }

    pub(crate) fn stats(&self) -> Stats {
        self.lock().total.stats()
    }

    pub(crate) fn records(&self) -> Vec<ConnectionRecord> {
        self.lock().latest.iter().map(|connection| connection.record()).collect()
    }

    /// Forgets what was counted, but not how many connections there were, so that each has its own id.
    pub(crate) fn clear(&self) {
        let mut log = self.lock();
        *log = Log { accepted: log.accepted, ..Log::default() };
    }

    fn lock(&self) -> MutexGuard<'_, Log> {
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
            received: read(&self.received),
            heads: read(&self.heads),
            requests: read(&self.requests),
            worked_on: read(&self.worked_on),
            answers: read(&self.answers),
            sent: read(&self.sent),
        }
    }
}

/// Counts for a connection as long as it is open.
pub(crate) struct Tally {
    connection: Arc<Connection>,
    total: Arc<Counters>,
}

impl Tally {
    pub(crate) fn id(&self) -> u64 {
        self.connection.id
    }

    pub(crate) fn received(&self, bytes: usize) {
        self.add(|counters| &counters.received, bytes as u64);
    }

    /// The head of a request has arrived.
    pub(crate) fn head(&self) {
        self.add(|counters| &counters.heads, 1);
    }

    /// A request was read whole.
    pub(crate) fn request(&self) {
        self.add(|counters| &counters.requests, 1);
    }

    /// A request was worked on.
    pub(crate) fn worked_on(&self) {
        self.add(|counters| &counters.worked_on, 1);
    }

    /// An answer was written whole.
    pub(crate) fn answered(&self) {
        self.add(|counters| &counters.answers, 1);
    }

    pub(crate) fn sent(&self, bytes: usize) {
        self.add(|counters| &counters.sent, bytes as u64);
    }

    fn add(&self, counter: impl Fn(&Counters) -> &AtomicU64, number: u64) {
        for counters in [&self.connection.counters, &self.total] {
            counter(counters).fetch_add(number, Ordering::AcqRel);
        }
    }
}

impl Drop for Tally {
    fn drop(&mut self) {
        self.connection.is_closed.store(true, Ordering::Release);
    }
}
