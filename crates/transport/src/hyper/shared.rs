//! The HTTP/2 connection of a host, which its calls share.

use std::{
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, Ordering::Relaxed},
    },
    time::Duration,
};

use http::{Request, Response};
use hyper::{body::Incoming, client::conn::TrySendError};
use tokio::{
    runtime::Handle,
    sync,
    task::AbortHandle,
    time::{Instant, sleep_until, timeout},
};

use super::http2::Http2;
use crate::RequestBody;

/// The place of the one connection.
pub(super) struct Shared {
    place: Arc<Mutex<Place>>,
    idle_timeout: Duration,
    turn: sync::Mutex<()>,
    is_http1: AtomicBool,
}

#[derive(Default)]
struct Place {
    /// Each call that uses it holds it, too.
    connection: Option<Arc<Http2>>,
    unused_since: Option<Instant>,
    closing: Option<AbortHandle>,
}

impl Shared {
    pub(super) fn new(idle_timeout: Duration) -> Self {
        let (place, turn, is_http1) = (Arc::default(), sync::Mutex::default(), AtomicBool::default());
        Self { place, idle_timeout, turn, is_http1 }
    }

    /// The connection, if there is one that can be used.
    pub(super) fn current(&self) -> Option<Use> {
        let connection = lock(&self.place).connection.as_ref().filter(|it| it.is_open()).map(Arc::clone)?;
        Some(self.used(connection))
    }

    pub(super) fn has_connection(&self) -> bool {
        lock(&self.place).connection.is_some()
    }

    /// Shares `connection`, unless somebody else was faster: then theirs is used, and it is closed.
    pub(super) fn share(&self, connection: Http2) -> Use {
        let mut place = lock(&self.place);
        let current = place.connection.take().filter(|it| it.is_open());
        let connection = current.unwrap_or_else(|| Arc::new(connection));
        place.connection = Some(Arc::clone(&connection));
        drop(place);
        self.used(connection)
    }

    /// Waits for those who open a connection that may be shared. Not longer than `limit`: if the host does not answer,
    /// its calls must not fail one after the other. Not at all for a host that was found to speak HTTP/1.1.
    pub(super) async fn turn(&self, limit: Duration) -> Option<sync::MutexGuard<'_, ()>> {
        if self.is_http1.load(Relaxed) {
            return None;
        }
        let turn = timeout(limit, self.turn.lock()).await.ok();
        turn.filter(|_| !self.is_http1.load(Relaxed))
    }

    /// What the last handshake agreed on.
    pub(super) fn found(&self, http2: bool) {
        self.is_http1.store(!http2, Relaxed);
    }

    fn used(&self, connection: Arc<Http2>) -> Use {
        Use { connection, place: Arc::clone(&self.place), idle_timeout: self.idle_timeout }
    }
}

impl Drop for Shared {
    fn drop(&mut self) {
        let mut place = lock(&self.place);
        place.connection = None;
        if let Some(closing) = place.closing.take() {
            closing.abort();
        }
    }
}

/// One call's use of the connection, until its response was read or dropped.
pub(super) struct Use {
    connection: Arc<Http2>,
    place: Arc<Mutex<Place>>,
    idle_timeout: Duration,
}

impl Use {
    pub(super) async fn send(
        &self,
        request: Request<RequestBody>,
    ) -> Result<Response<Incoming>, TrySendError<Request<RequestBody>>> {
        self.connection.send(request).await
    }
}

impl Drop for Use {
    fn drop(&mut self) {
        let mut place = lock(&self.place);
        if !place.connection.as_ref().is_some_and(|current| Arc::ptr_eq(current, &self.connection)) {
            return;
        }
        place.unused_since = Some(Instant::now());
        if place.closing.as_ref().is_none_or(AbortHandle::is_finished) {
            let Ok(runtime) = Handle::try_current() else { return };
            let closing = close(Arc::clone(&self.place), self.idle_timeout);
            place.closing = Some(runtime.spawn(closing).abort_handle());
        }
    }
}

/// Closes the connection when nobody has used it for long enough.
async fn close(place: Arc<Mutex<Place>>, idle_timeout: Duration) {
    loop {
        let at = lock(&place).unused_since.and_then(|since| since.checked_add(idle_timeout));
        let Some(at) = at else { return };
        sleep_until(at).await;
        let mut place = lock(&place);
        // Looked at first: somebody who has set it may still hold the connection, but will not come back here.
        if place.unused_since.is_some_and(|since| since.elapsed() < idle_timeout) {
            continue;
        }
        if place.connection.as_ref().is_some_and(|it| Arc::strong_count(it) == 1) {
            place.connection = None;
        }
        // Whoever uses it starts this anew at the end.
        place.closing = None;
        return;
    }
}

fn lock(place: &Mutex<Place>) -> MutexGuard<'_, Place> {
    place.lock().unwrap_or_else(PoisonError::into_inner)
}
