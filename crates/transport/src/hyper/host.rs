//! The connections to one host in one tokio runtime.

use std::sync::atomic::AtomicUsize;
use std::sync::atomic::Ordering::Relaxed;
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError, Weak};
use std::time::Duration;

use http::Version;
use http::header::HeaderValue;
use http::uri::{Authority, Scheme};
use tokio::runtime::{Handle, Id};
use tokio::sync::{Notify, Semaphore};
use tokio::task::{AbortHandle, yield_now};
use tokio::time::{Instant, sleep_until};

use super::http1::Http1;
use super::http2::SharedConnection;
use super::pool::{Permit, PoolLimits};
use super::{request, route};
use crate::error::TransportError;
use crate::transport::OpenConnections;

/// The time after which the runtime checks an unused connection again before a call uses it.
///
/// The server may have closed the connection while the program did not poll the runtime, for example between
/// two calls of `Runtime::block_on`. The socket reports this only after the runtime has polled its driver.
pub(super) const UNPOLLED: Duration = Duration::from_secs(1);

/// The connections to one host in one tokio runtime.
pub(super) struct Host {
    scheme: Scheme,
    /// The authority as the caller has written it. Two spellings of one host are two hosts here, because the
    /// `Host` header must be equal to the host that the caller has signed.
    authority: Authority,
    runtime: Id,
    /// The value of the `Host` header.
    pub(super) header: HeaderValue,
    limits: PoolLimits,
    /// One permit for each connection that may be in use, or `None` if the number of connections is not
    /// limited. All runtimes share the permits of a host.
    pub(super) in_use: Option<Arc<Semaphore>>,
    /// The number of HTTP/1.1 connections in use.
    pub(super) active: AtomicUsize,
    idle: Mutex<Idle>,
    /// Notified when the closing task must wait for the next connection to expire.
    kept: Arc<Notify>,
    /// The task that closes connections after the idle timeout. It runs in `runtime`.
    closing: OnceLock<AbortHandle>,
    pub(super) http2: SharedConnection,
}

#[derive(Default)]
struct Idle {
    /// The idle connections, each with the time at which it became idle. The connection with the longest idle
    /// time comes first.
    connections: Vec<(Instant, Box<Http1>)>,
    /// `true` if the closing task waits for the first connection to expire.
    is_watched: bool,
    /// `true` if the runtime was shut down.
    is_shut_down: bool,
}

impl Host {
    /// Creates a host without connections, and starts its closing task in `runtime`.
    pub(super) fn new(
        scheme: &Scheme,
        authority: &Authority,
        runtime: Handle,
        limits: PoolLimits,
        in_use: Option<Arc<Semaphore>>,
    ) -> Result<Arc<Self>, TransportError> {
        let host = Arc::new(Self {
            header: request::host_header(scheme, authority)?,
            scheme: scheme.clone(),
            authority: authority.clone(),
            runtime: runtime.id(),
            limits,
            in_use,
            active: AtomicUsize::default(),
            idle: Mutex::default(),
            kept: Arc::default(),
            closing: OnceLock::new(),
            http2: SharedConnection::new(limits.idle_timeout),
        });
        let task = ClosingTask(Arc::downgrade(&host));
        let closing = close_expired(task, Arc::clone(&host.kept), limits.idle_timeout);
        host.closing.get_or_init(|| runtime.spawn(closing).abort_handle());
        Ok(host)
    }

    /// Returns `true` if this value contains the connections to this host in this runtime.
    pub(super) fn is(&self, scheme: &Scheme, authority: &Authority, runtime: Id) -> bool {
        self.runtime == runtime && self.authority.as_str() == authority.as_str() && self.scheme == *scheme
    }

    /// Returns `true` if the server is the same. The runtime and the case of the host may differ.
    pub(super) fn is_same_server(&self, scheme: &Scheme, authority: &Authority) -> bool {
        self.authority == *authority && self.scheme == *scheme
    }

    /// Returns `true` if both hosts share the permits for connections.
    pub(super) fn shares_limit(&self, other: &Self) -> bool {
        matches!((&self.in_use, &other.in_use), (Some(one), Some(two)) if Arc::ptr_eq(one, two))
    }

    /// Waits until the call may use a connection.
    pub(super) async fn permit(&self) -> Permit {
        let in_use = Arc::clone(self.in_use.as_ref()?);
        Some(in_use.acquire_owned().await.expect("the semaphore is never closed"))
    }

    /// Returns the most recently used connection that can be reused, or `None` if there is no such
    /// connection.
    pub(super) async fn idle(&self) -> Option<Box<Http1>> {
        loop {
            let (since, mut connection) = self.lock().connections.pop()?;
            let unused = since.elapsed();
            if unused >= UNPOLLED {
                // The runtime polls its driver before it polls this task again.
                yield_now().await;
            }
            // Does not hold the lock here, because `is_reusable` reads from the socket. Dropping a connection
            // that is not reusable closes its socket.
            if unused < self.limits.idle_timeout && connection.is_reusable() {
                return Some(connection);
            }
        }
    }

    /// Returns the number of unused connections.
    pub(super) fn idle_connections(&self) -> usize {
        self.lock().connections.len()
    }

    /// Returns the numbers of open connections for each HTTP version that this host has used.
    pub(super) fn open_connections(&self) -> impl Iterator<Item = OpenConnections> {
        let mut unused = self.lock();
        // Nothing drives an idle connection, so only this check detects that the server has closed it. The
        // lock is held, because otherwise a call could find no idle connection, and would open another one.
        let idle = unused.connections.iter_mut().map(|(_, idle)| usize::from(idle.is_reusable())).sum();
        let http1 = (self.active.load(Relaxed), idle);
        drop(unused);
        let http2 = self.http2.count();
        let http1 = Some(http1).filter(|count| *count != (0, 0) || http2.is_none());
        let of_version = |version, count: Option<(usize, usize)>| {
            let (active, idle) = count?;
            let (host, port) = (self.authority.host().to_owned(), route::port(&self.scheme, &self.authority));
            Some(OpenConnections { host, port, version, active, idle })
        };
        [of_version(Version::HTTP_11, http1), of_version(Version::HTTP_2, http2)].into_iter().flatten()
    }

    pub(super) fn has_connections(&self) -> bool {
        self.http2.count().is_some_and(|count| count != (0, 0)) || self.idle_connections() > 0
    }

    /// Removes the connection that has been unused for the longest time.
    pub(super) fn take_oldest(&self) -> Option<Box<Http1>> {
        let mut idle = self.lock();
        (!idle.connections.is_empty()).then(|| idle.connections.remove(0).1)
    }

    /// Keeps an unused connection for the next call.
    pub(super) fn keep(&self, connection: Box<Http1>) {
        let mut idle = self.lock();
        if idle.is_shut_down || idle.connections.len() >= self.limits.max_idle {
            return;
        }
        idle.connections.push((Instant::now(), connection));
        if !idle.is_watched {
            idle.is_watched = true;
            self.kept.notify_one();
        }
    }

    /// Closes the connections whose idle timeout has expired. Returns the time at which the next connection
    /// expires.
    fn close_expired(&self) -> Option<Instant> {
        let mut idle = self.lock();
        let timeout = self.limits.idle_timeout;
        let count = idle.connections.iter().take_while(|(since, _)| since.elapsed() >= timeout).count();
        let expired: Vec<_> = idle.connections.drain(..count).collect();
        idle.is_watched = !idle.connections.is_empty();
        let next = idle.connections.first().and_then(|(since, _)| since.checked_add(timeout));
        // The lock is released before the connections are closed.
        drop(idle);
        drop(expired);
        next
    }

    fn lock(&self) -> MutexGuard<'_, Idle> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Host {
    fn drop(&mut self) {
        if let Some(closing) = self.closing.get() {
            closing.abort();
        }
    }
}

/// The closing task of a host. The runtime drops its tasks when it shuts down. The unused connections are
/// then closed, because they can never be used again.
struct ClosingTask(Weak<Host>);

impl Drop for ClosingTask {
    fn drop(&mut self) {
        let Some(host) = self.0.upgrade() else { return };
        let mut idle = host.lock();
        idle.is_shut_down = true;
        let connections = std::mem::take(&mut idle.connections);
        // The lock is released before the connections are closed.
        drop(idle);
        drop(connections);
    }
}

async fn close_expired(task: ClosingTask, kept: Arc<Notify>, idle_timeout: Duration) {
    loop {
        kept.notified().await;
        // Waits before the first check. Otherwise, the task would often find no idle connection, because the
        // next call already uses the connection, and each call would notify the task.
        let mut next = Instant::now().checked_add(idle_timeout);
        while let Some(at) = next {
            sleep_until(at).await;
            next = task.0.upgrade().and_then(|host| host.close_expired());
        }
    }
}
