//! The HTTP/2 connection that all calls to a host share.

use std::sync::atomic::AtomicBool;
use std::sync::atomic::Ordering::Relaxed;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::Duration;

use http::{Request, Response};
use hyper::body::Incoming;
use hyper::client::conn::TrySendError;
use tokio::runtime::Handle;
use tokio::sync;
use tokio::task::{AbortHandle, yield_now};
use tokio::time::{Instant, sleep_until, timeout};

use super::connection::Http2;
use crate::body::RequestBody;
use crate::hyper::host::UNPOLLED;

/// The HTTP/2 connection to a host. There is at most one connection per host.
pub(in crate::hyper) struct SharedConnection {
    slot: Arc<Mutex<Slot>>,
    idle_timeout: Duration,
    turn: sync::Mutex<()>,
    is_http1: AtomicBool,
}

#[derive(Default)]
struct Slot {
    /// Each call that uses the connection also has a reference to it.
    connection: Option<Arc<Http2>>,
    /// Connections that were replaced although calls use them, for example after `GOAWAY`.
    replaced: Vec<Weak<Http2>>,
    unused_since: Option<Instant>,
    /// The task that closes the connection after the idle timeout.
    closing: Option<AbortHandle>,
}

impl SharedConnection {
    pub(in crate::hyper) fn new(idle_timeout: Duration) -> Self {
        let (slot, turn, is_http1) = (Arc::default(), sync::Mutex::default(), AtomicBool::default());
        Self { slot, idle_timeout, turn, is_http1 }
    }

    /// Lets the runtime poll its driver, and then the task of the connection, if the connection has been unused
    /// for [`UNPOLLED`]. Otherwise, the connection may look open although the server has closed it.
    pub(in crate::hyper) async fn poll_unused(&self) {
        let unused_since = lock(&self.slot).unused_since;
        if unused_since.is_some_and(|since| since.elapsed() >= UNPOLLED) {
            yield_now().await;
            yield_now().await;
        }
    }

    /// Returns the connection, or `None` if there is no usable connection.
    pub(in crate::hyper) fn current(&self) -> Option<Http2Lease> {
        let slot = lock(&self.slot);
        let connection =
            slot.connection.as_ref().filter(|connection| connection.is_open()).map(Arc::clone)?;
        drop(slot);
        Some(self.lease(connection))
    }

    /// Returns the numbers of connections that calls use, and of open connections that no call uses. Returns
    /// `None` if no connection has been opened. A connection also ends when its runtime is shut down.
    pub(in crate::hyper) fn count(&self) -> Option<(usize, usize)> {
        let slot = lock(&self.slot);
        let replaced = slot.replaced.iter().filter(|connection| connection.strong_count() > 0).count();
        match &slot.connection {
            Some(connection) if Arc::strong_count(connection) > 1 => Some((replaced + 1, 0)),
            Some(connection) if connection.is_open() => Some((replaced, 1)),
            None if slot.unused_since.is_none() => None,
            _ => Some((replaced, 0)),
        }
    }

    /// Shares `connection` with other calls. If another call has already shared its connection, closes
    /// `connection` and uses the shared connection.
    pub(in crate::hyper) fn share(&self, connection: Http2) -> Http2Lease {
        let mut slot = lock(&self.slot);
        let connection = match slot.connection.take() {
            Some(current) if current.is_open() => current,
            current => {
                slot.replaced.retain(|replaced| replaced.strong_count() > 0);
                slot.replaced.extend(current.as_ref().map(Arc::downgrade));
                Arc::new(connection)
            }
        };
        slot.connection = Some(Arc::clone(&connection));
        drop(slot);
        self.lease(connection)
    }

    /// Waits until no other call is opening a connection that may be shared.
    ///
    /// The wait ends after `limit`, because otherwise the calls to an unresponsive host would time out one
    /// after another. If the host has negotiated HTTP/1.1, this function returns immediately.
    pub(in crate::hyper) async fn turn(&self, limit: Duration) -> Option<sync::MutexGuard<'_, ()>> {
        if self.is_http1.load(Relaxed) {
            return None;
        }
        let turn = timeout(limit, self.turn.lock()).await.ok();
        turn.filter(|_| !self.is_http1.load(Relaxed))
    }

    /// Records the protocol that the last handshake has negotiated.
    pub(in crate::hyper) fn set_negotiated(&self, is_http2: bool) {
        self.is_http1.store(!is_http2, Relaxed);
    }

    fn lease(&self, connection: Arc<Http2>) -> Http2Lease {
        Http2Lease { connection, slot: Arc::clone(&self.slot), idle_timeout: self.idle_timeout }
    }
}

impl Drop for SharedConnection {
    fn drop(&mut self) {
        let mut slot = lock(&self.slot);
        slot.connection = None;
        if let Some(closing) = slot.closing.take() {
            closing.abort();
        }
    }
}

/// A handle that gives one call access to the connection. The call keeps the handle until the response is
/// read or dropped.
pub(in crate::hyper) struct Http2Lease {
    connection: Arc<Http2>,
    slot: Arc<Mutex<Slot>>,
    idle_timeout: Duration,
}

impl Http2Lease {
    pub(in crate::hyper) async fn send(
        &self,
        request: Request<RequestBody>,
    ) -> Result<Response<Incoming>, TrySendError<Request<RequestBody>>> {
        self.connection.send(request).await
    }
}

impl Drop for Http2Lease {
    fn drop(&mut self) {
        let mut slot = lock(&self.slot);
        if !slot.connection.as_ref().is_some_and(|current| Arc::ptr_eq(current, &self.connection)) {
            return;
        }
        slot.unused_since = Some(Instant::now());
        if slot.closing.as_ref().is_none_or(AbortHandle::is_finished) {
            let Ok(runtime) = Handle::try_current() else { return };
            let closing = close_unused(Arc::clone(&self.slot), self.idle_timeout);
            slot.closing = Some(runtime.spawn(closing).abort_handle());
        }
    }
}

/// Closes the connection after it has been unused for the idle timeout.
async fn close_unused(slot: Arc<Mutex<Slot>>, idle_timeout: Duration) {
    loop {
        let at = lock(&slot).unused_since.and_then(|since| since.checked_add(idle_timeout));
        let Some(at) = at else { return };
        sleep_until(at).await;
        let mut slot = lock(&slot);
        // Check `unused_since` first. A lease that is being dropped has already set it, and does not start
        // this task again, because this task is running. But the lease may still hold its reference. If the
        // task checked the reference count first, the task would end, and nothing would close the connection.
        if slot.unused_since.is_some_and(|since| since.elapsed() < idle_timeout) {
            continue;
        }
        if slot.connection.as_ref().is_some_and(|connection| Arc::strong_count(connection) == 1) {
            slot.connection = None;
        }
        // The remaining leases start this task again when they are dropped.
        slot.closing = None;
        return;
    }
}

fn lock(slot: &Mutex<Slot>) -> MutexGuard<'_, Slot> {
    slot.lock().unwrap_or_else(PoisonError::into_inner)
}
