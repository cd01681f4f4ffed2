//! Connections that are kept.

use std::{
    sync::{Arc, Mutex, PoisonError, Weak},
    time::Duration,
};

use http::{
    header::HeaderValue,
    uri::{Authority, Scheme},
};
use tokio::{
    runtime::Handle,
    sync::{OwnedSemaphorePermit, Semaphore},
    task::AbortHandle,
    time::{Instant, sleep_until},
};

#[cfg(feature = "http2")]
use super::shared::Shared;
use super::{HyperTransportBuilder, http1::Http1, request};
use crate::TransportError;

/// The connections of a transport, by the host that they lead to.
pub(super) struct Pool {
    limits: Limits,
    /// Looked through in order: a client calls one host, or a few, and to hash a host costs more than to compare it.
    hosts: Mutex<Vec<Arc<Host>>>,
}

#[derive(Clone, Copy)]
struct Limits {
    idle_timeout: Duration,
    max_idle: usize,
    max_connections: usize,
}

impl Pool {
    pub(super) fn new(settings: &HyperTransportBuilder) -> Self {
        let limits = Limits {
            idle_timeout: settings.pool_idle_timeout,
            max_idle: settings.pool_max_idle_per_host,
            max_connections: settings.max_connections_per_host.max(1),
        };
        Self { limits, hosts: Mutex::default() }
    }

    pub(super) fn host(&self, scheme: &Scheme, authority: &Authority) -> Result<Arc<Host>, TransportError> {
        let mut hosts = self.hosts.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(host) = hosts.iter().find(|host| host.is(scheme, authority)) {
            return Ok(Arc::clone(host));
        }
        // Only a new one makes the list longer: then those that nobody calls any more go.
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

/// What a connection in use is allowed by, where there is a limit.
pub(super) type Permit = Option<OwnedSemaphorePermit>;

/// The connections to one host.
pub(super) struct Host {
    scheme: Scheme,
    authority: Authority,
    /// What requests say in `Host`.
    pub(super) field: HeaderValue,
    limits: Limits,
    /// One permit for each connection in use. A connection is opened only when none is idle, so that there are never
    /// more than this in all. `None` if there may be any number.
    in_use: Option<Arc<Semaphore>>,
    idle: Mutex<Idle>,
    #[cfg(feature = "http2")]
    pub(super) shared: Shared,
}

#[derive(Default)]
struct Idle {
    /// The longest idle first.
    connections: Vec<(Instant, Box<Http1>)>,
    /// Closes them when their time has come; there is one as long as there are connections.
    closing: Option<AbortHandle>,
}

impl Host {
    fn new(scheme: &Scheme, authority: &Authority, limits: Limits) -> Result<Self, TransportError> {
        Ok(Self {
            field: request::host(scheme, authority)?,
            scheme: scheme.clone(),
            authority: authority.clone(),
            limits,
            in_use: (limits.max_connections <= Semaphore::MAX_PERMITS)
                .then(|| Arc::new(Semaphore::new(limits.max_connections))),
            idle: Mutex::default(),
            #[cfg(feature = "http2")]
            shared: Shared::new(limits.idle_timeout),
        })
    }

    fn is(&self, scheme: &Scheme, authority: &Authority) -> bool {
        // Byte by byte first: the comparison without regard to case costs more, and seldom tells something else.
        let same = self.authority.as_str() == authority.as_str() || self.authority == *authority;
        same && self.scheme == *scheme
    }

    /// Waits until there may be one more connection in use.
    pub(super) async fn permit(&self) -> Permit {
        let in_use = Arc::clone(self.in_use.as_ref()?);
        Some(in_use.acquire_owned().await.expect("nobody closes the semaphore"))
    }

    /// The connection that was used last and can be used again.
    pub(super) fn idle(&self) -> Option<Box<Http1>> {
        loop {
            let (since, mut connection) = self.lock().connections.pop()?;
            // Looks at the socket, and closes it if it is of no use: not under the lock.
            if since.elapsed() < self.limits.idle_timeout && connection.is_free() {
                return Some(connection);
            }
        }
    }

    fn has_connections(&self) -> bool {
        #[cfg(feature = "http2")]
        if self.shared.has_connection() {
            return true;
        }
        !self.lock().connections.is_empty()
    }

    /// Keeps a free connection for the next call.
    fn keep(self: &Arc<Self>, connection: Box<Http1>) {
        let mut idle = self.lock();
        if idle.connections.len() >= self.limits.max_idle {
            return;
        }
        idle.connections.push((Instant::now(), connection));
        if idle.closing.as_ref().is_none_or(AbortHandle::is_finished) {
            // Outside of a runtime nothing can wait. The next call looks at the time as well.
            let Ok(runtime) = Handle::try_current() else { return };
            let Some(first) = Instant::now().checked_add(self.limits.idle_timeout) else { return };
            idle.closing = Some(runtime.spawn(close(Arc::downgrade(self), first)).abort_handle());
        }
    }

    /// Takes those whose time has come; gives when the next one's comes.
    fn expired(&self) -> (Vec<(Instant, Box<Http1>)>, Option<Instant>) {
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

    fn lock(&self) -> std::sync::MutexGuard<'_, Idle> {
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

async fn close(host: Weak<Host>, first: Instant) {
    let mut next = Some(first);
    while let Some(at) = next {
        sleep_until(at).await;
        let Some(host) = host.upgrade() else { return };
        let expired;
        (expired, next) = host.expired();
        drop(expired);
    }
}

/// A connection in use. Dropping it closes the connection, unless it was [given back](Self::give_back).
pub(super) struct Lease {
    pub(super) connection: Box<Http1>,
    host: Arc<Host>,
    /// After the connection: it is closed, or kept, before another one may be opened.
    permit: Permit,
}

impl Lease {
    pub(super) fn new(connection: Box<Http1>, host: Arc<Host>, permit: Permit) -> Self {
        Self { connection, host, permit }
    }

    /// Keeps the connection for the next call if its request and response are over; closes it otherwise.
    pub(super) fn give_back(self) {
        let Self { mut connection, host, permit } = self;
        if connection.is_done() {
            host.keep(connection);
        } else {
            drop(connection);
        }
        drop(permit);
    }
}
