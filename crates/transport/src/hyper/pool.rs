//! A pool of HTTP/1.1 connections.

use std::sync::atomic::Ordering::Relaxed;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use http::uri::{Authority, Scheme};
use tokio::runtime::Handle;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::builder::HyperTransportBuilder;
use super::classify;
use super::host::Host;
use super::http1::Http1;
use super::stream::Io;
use crate::error::TransportError;
use crate::transport::OpenConnections;

/// The connections of a transport, grouped by host and by tokio runtime.
///
/// A connection makes progress only while its runtime is polled. Therefore a call never uses the connection
/// of another runtime, because that runtime may be idle or shut down.
pub(super) struct Pool {
    limits: PoolLimits,
    /// The list is searched linearly. A client calls few hosts, and hashing a host costs more than comparing
    /// it.
    hosts: Mutex<Vec<Arc<Host>>>,
}

#[derive(Clone, Copy)]
pub(super) struct PoolLimits {
    pub(super) idle_timeout: Duration,
    pub(super) max_idle: usize,
    pub(super) max_connections: usize,
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

    /// Returns the connections to a host in the current runtime.
    ///
    /// # Panics
    ///
    /// Panics outside of a tokio runtime.
    pub(super) fn host(&self, scheme: &Scheme, authority: &Authority) -> Result<Arc<Host>, TransportError> {
        let runtime = Handle::current();
        let mut hosts = self.lock();
        if let Some(host) = hosts.iter().find(|host| host.is(scheme, authority, runtime.id())) {
            return Ok(Arc::clone(host));
        }
        // Unused hosts are removed here, because the list grows only here.
        hosts.retain(|host| Arc::strong_count(host) > 1 || host.has_connections());
        let other = hosts.iter().find(|other| other.is_same_server(scheme, authority));
        let in_use = match other {
            Some(other) => other.in_use.clone(),
            None => (self.limits.max_connections <= Semaphore::MAX_PERMITS)
                .then(|| Arc::new(Semaphore::new(self.limits.max_connections))),
        };
        let host = Host::new(scheme, authority, runtime, self.limits, in_use)?;
        hosts.push(Arc::clone(&host));
        Ok(host)
    }

    /// Makes room for a new connection to `host`. The caller has a permit for the new connection.
    ///
    /// The permits limit the connections of all runtimes together, but an unused connection has no permit.
    /// Within one runtime, a connection is opened only if no connection is unused. Unused connections of the
    /// other runtimes are closed here if the number of connections would exceed the limit.
    pub(super) fn make_room(&self, host: &Host) {
        let Some(in_use) = &host.in_use else { return };
        let hosts: Vec<_> = self.lock().iter().filter(|other| other.shares_limit(host)).cloned().collect();
        loop {
            let unused: usize = hosts.iter().map(|host| host.idle_connections()).sum();
            let used = self.limits.max_connections.saturating_sub(in_use.available_permits());
            if used + unused <= self.limits.max_connections {
                return;
            }
            let others = hosts.iter().filter(|other| !std::ptr::eq(&***other, host));
            if others.into_iter().find_map(|other| other.take_oldest()).is_none() {
                return;
            }
        }
    }

    pub(super) fn open_connections(&self) -> Vec<OpenConnections> {
        // The list is not locked while the connections are checked, because each call locks it.
        let hosts = self.lock().clone();
        hosts.iter().flat_map(|host| host.open_connections()).collect()
    }

    fn lock(&self) -> MutexGuard<'_, Vec<Arc<Host>>> {
        self.hosts.lock().unwrap_or_else(PoisonError::into_inner)
    }

    #[cfg(test)]
    pub(super) fn hosts(&self) -> usize {
        self.lock().len()
    }
}

/// The permit for a connection in use, or `None` if the number of connections is not limited.
pub(super) type Permit = Option<OwnedSemaphorePermit>;

/// A connection in use. Dropping the lease closes the connection. To keep the connection for the next call,
/// call [`release`](Self::release).
pub(super) struct Lease {
    pub(super) connection: Box<Http1>,
    host: ActiveHost,
    /// The permit is declared after the connection, because the connection must be closed before the permit
    /// is released.
    permit: Permit,
}

impl Lease {
    pub(super) fn new(connection: Box<Http1>, host: Arc<Host>, permit: Permit) -> Self {
        Self { connection, host: ActiveHost::new(host), permit }
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
            host.0.keep(connection);
        } else {
            drop(connection);
        }
        drop(permit);
    }
}

/// The host of a connection in use. The host counts these values.
struct ActiveHost(Arc<Host>);

impl ActiveHost {
    fn new(host: Arc<Host>) -> Self {
        host.active.fetch_add(1, Relaxed);
        Self(host)
    }
}

impl Drop for ActiveHost {
    fn drop(&mut self) {
        self.0.active.fetch_sub(1, Relaxed);
    }
}
