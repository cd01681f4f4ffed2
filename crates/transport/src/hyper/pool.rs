//! A pool of HTTP/1.1 connections.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::Duration;

use http::header::HeaderValue;
use http::uri::{Authority, Scheme};
use tokio::runtime::Handle;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::task::AbortHandle;
use tokio::time::{Instant, sleep_until};

use super::builder::HyperTransportBuilder;
use super::classify;
use super::http1::Http1;
use super::http2::SharedConnection;
use super::request;
use super::stream::Io;
use crate::error::TransportError;

/// The connections of a transport, grouped by host.
pub(super) struct Pool {
    limits: PoolLimits,
    /// The list is searched linearly. A client calls few hosts, and hashing a host costs more than comparing
    /// it.
    hosts: Mutex<Vec<Arc<Host>>>,
}

#[derive(Clone, Copy)]
struct PoolLimits {
    idle_timeout: Duration,
    max_idle: usize,
    max_connections: usize,
}

impl Pool {
    pub(super) fn new(settings: &HyperTransportBuilder) -> Self {
        let limits = PoolLimits {
            idle_timeout: settings.pool_idle_timeout,
            max_idle: settings.pool_max_idle_per_host,
            max_connections: settings.max_connections_per_host.max(1),
        };
        Self { limits, hosts: Mutex::default() }
    }

    /// Returns the connections of a host.
    pub(super) fn host(&self, scheme: &Scheme, authority: &Authority) -> Result<Arc<Host>, TransportError> {
        let mut hosts = self.hosts.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(host) = hosts.iter().find(|host| host.is(scheme, authority)) {
            return Ok(Arc::clone(host));
        }
        // Unused hosts are removed here, because the list grows only here.
        hosts.retain(|host| Arc::strong_count(host) > 1 || host.has_connections());
        let host = Arc::new(Host::new(scheme, authority, self.limits)?);
        hosts.push(Arc::clone(&host));
        Ok(host)
    }

    #[cfg(test)]
    pub(super) fn hosts(&self) -> usize {
        self.hosts.lock().unwrap().len()
    }
}

/// The permit for a connection in use, or `None` if the number of connections is not limited.
pub(super) type Permit = Option<OwnedSemaphorePermit>;

/// The connections to one host.
pub(super) struct Host {
    scheme: Scheme,
    authority: Authority,
    /// The value of the `Host` header.
    pub(super) header: HeaderValue,
    limits: PoolLimits,
    /// One permit for each connection that may be in use, or `None` if the number of connections is not
    /// limited. A connection is opened only if no connection is idle, so the permits also limit the total
    /// number of connections.
    in_use: Option<Arc<Semaphore>>,
    idle: Mutex<Idle>,
    pub(super) http2: SharedConnection,
}

#[derive(Default)]
struct Idle {
    /// The idle connections, each with the time at which it became idle. The connection with the longest idle
    /// time comes first.
    connections: Vec<(Instant, Box<Http1>)>,
    /// The task that closes connections after the idle timeout. It runs as long as there are idle
    /// connections.
    closing: Option<AbortHandle>,
}

impl Host {
    fn new(scheme: &Scheme, authority: &Authority, limits: PoolLimits) -> Result<Self, TransportError> {
        Ok(Self {
            header: request::host_header(scheme, authority)?,
            scheme: scheme.clone(),
            authority: authority.clone(),
            limits,
            in_use: (limits.max_connections <= Semaphore::MAX_PERMITS)
                .then(|| Arc::new(Semaphore::new(limits.max_connections))),
            idle: Mutex::default(),
            http2: SharedConnection::new(limits.idle_timeout),
        })
    }

    fn is(&self, scheme: &Scheme, authority: &Authority) -> bool {
        // Compares the bytes first, because the case-insensitive comparison costs more and is rarely needed.
        let same = self.authority.as_str() == authority.as_str() || self.authority == *authority;
        same && self.scheme == *scheme
    }

    /// Waits until the call may use a connection.
    pub(super) async fn permit(&self) -> Permit {
        let in_use = Arc::clone(self.in_use.as_ref()?);
        Some(in_use.acquire_owned().await.expect("the semaphore is never closed"))
    }

    /// Returns the most recently used connection that can be reused, or `None` if there is no such
    /// connection.
    pub(super) fn idle(&self) -> Option<Box<Http1>> {
        loop {
            let (since, mut connection) = self.lock().connections.pop()?;
            // Does not hold the lock here, because `is_reusable` reads from the socket. Dropping a connection
            // that is not reusable closes its socket.
            if since.elapsed() < self.limits.idle_timeout && connection.is_reusable() {
                return Some(connection);
            }
        }
    }

    fn has_connections(&self) -> bool {
        self.http2.exists() || !self.lock().connections.is_empty()
    }

    /// Keeps an unused connection for the next call.
    fn keep(self: &Arc<Self>, connection: Box<Http1>) {
        let mut idle = self.lock();
        if idle.connections.len() >= self.limits.max_idle {
            return;
        }
        idle.connections.push((Instant::now(), connection));
        if idle.closing.as_ref().is_none_or(AbortHandle::is_finished) {
            // Outside of a runtime, no task can be spawned. The next call then checks the idle timeout.
            let Ok(runtime) = Handle::try_current() else { return };
            let Some(first) = Instant::now().checked_add(self.limits.idle_timeout) else { return };
            idle.closing = Some(runtime.spawn(close_expired(Arc::downgrade(self), first)).abort_handle());
        }
    }

    /// Removes and returns the connections whose idle timeout has expired. Also returns the time at which the
    /// next connection expires.
    fn take_expired(&self) -> (Vec<(Instant, Box<Http1>)>, Option<Instant>) {
        let mut idle = self.lock();
        let count =
            idle.connections.iter().take_while(|(since, _)| since.elapsed() >= self.limits.idle_timeout);
        let count = count.count();
        let expired = idle.connections.drain(..count).collect();
        let next = idle.connections.first().map(|(since, _)| *since + self.limits.idle_timeout);
        if next.is_none() {
            idle.closing = None;
        }
        (expired, next)
    }

    fn lock(&self) -> MutexGuard<'_, Idle> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Host {
    fn drop(&mut self) {
        if let Some(closing) = &self.lock().closing {
            closing.abort();
        }
    }
}

async fn close_expired(host: Weak<Host>, first: Instant) {
    let mut next = Some(first);
    while let Some(at) = next {
        sleep_until(at).await;
        let Some(host) = host.upgrade() else { return };
        let expired;
        (expired, next) = host.take_expired();
        drop(expired);
    }
}

/// A connection in use. Dropping the lease closes the connection. To keep the connection for the next call,
/// call [`release`](Self::release).
pub(super) struct Lease {
    pub(super) connection: Box<Http1>,
    host: Arc<Host>,
    /// The permit is declared after the connection, because the connection must be closed before the permit
    /// is released.
    permit: Permit,
}

impl Lease {
    pub(super) fn new(connection: Box<Http1>, host: Arc<Host>, permit: Permit) -> Self {
        Self { connection, host, permit }
    }

    /// Creates a lease of a new connection.
    pub(super) async fn open(io: Io, host: &Arc<Host>, permit: Permit) -> Result<Self, TransportError> {
        let connection = Box::new(Http1::new(io).await.map_err(classify::not_sent)?);
        Ok(Self::new(connection, Arc::clone(host), permit))
    }

    /// Keeps the connection for the next call if its request and response are complete. Otherwise closes the
    /// connection.
    pub(super) fn release(self) {
        let Self { mut connection, host, permit } = self;
        if connection.is_done() {
            host.keep(connection);
        } else {
            drop(connection);
        }
        drop(permit);
    }
}
