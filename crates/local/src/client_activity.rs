//! The activity of the client of a connection. The server closes the connections of clients that send nothing.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use tokio::sync::Notify;

/// The times after which the server closes a connection.
#[derive(Clone, Copy, Debug)]
pub(crate) struct IdleTimeouts {
    /// The time limit for the head of a request, and for each piece of its body. A new connection has the
    /// same time limit for its first request.
    pub(crate) request: Duration,
    /// The time limit between two requests.
    pub(crate) idle: Duration,
    /// The time after which a connection may be closed in favor of another client, if too many connections
    /// are open.
    pub(crate) eviction: Duration,
}

impl Default for IdleTimeouts {
    fn default() -> Self {
        Self {
            request: Duration::from_secs(60),
            idle: Duration::from_secs(600),
            eviction: Duration::from_secs(1),
        }
    }
}

/// The activity of the client of one connection.
#[derive(Debug)]
pub(crate) struct ClientActivity {
    timeouts: IdleTimeouts,
    state: Mutex<State>,
    /// Notified when a response ends and when the connection is evicted.
    changed: Notify,
}

#[derive(Debug)]
struct State {
    /// The number of responses in progress. While it is not 0, the client waits for the endpoint.
    responses: usize,
    /// The time at which the endpoint began to wait for the client. This is real time and not the time of
    /// Tokio, because a test that advances the time of Tokio must not close connections.
    since: Instant,
    timeout: Duration,
    is_evicted: bool,
}

/// A response in progress. It ends when this guard is dropped.
#[derive(Debug)]
pub(crate) struct ActivityGuard(Arc<ClientActivity>);

impl ClientActivity {
    /// Creates the activity of a new connection.
    pub(crate) fn new(timeouts: IdleTimeouts) -> Arc<Self> {
        let state = State { responses: 0, since: now(), timeout: timeouts.request, is_evicted: false };
        Arc::new(Self { timeouts, state: Mutex::new(state), changed: Notify::new() })
    }

    /// Records that the first byte of a request or a piece of its body has arrived.
    pub(crate) fn receive(&self) {
        let state = &mut *self.lock();
        (state.since, state.timeout) = (now(), self.timeouts.request);
    }

    /// Starts a response.
    pub(crate) fn start_response(self: &Arc<Self>) -> ActivityGuard {
        self.lock().responses += 1;
        ActivityGuard(Arc::clone(self))
    }

    /// Returns the time at which the endpoint began to wait for the client. Returns `None` while a response is
    /// in progress, and after [`evict`](Self::evict).
    pub(crate) fn waiting_since(&self) -> Option<Instant> {
        let state = self.lock();
        (state.responses == 0 && !state.is_evicted).then_some(state.since)
    }

    /// Ends the connection, because another client needs its place.
    pub(crate) fn evict(&self) {
        self.lock().is_evicted = true;
        self.changed.notify_one();
    }

    /// Waits until a time limit has passed, or until the connection was evicted.
    pub(crate) async fn expired(&self) {
        loop {
            let rest = {
                let state = self.lock();
                if state.is_evicted {
                    return;
                }
                (state.responses == 0).then(|| state.timeout.saturating_sub(state.since.elapsed()))
            };
            match rest {
                Some(Duration::ZERO) => return,
                // If the time passes, it is time for the next check.
                Some(rest) => _ = tokio::time::timeout(rest, self.changed.notified()).await,
                None => self.changed.notified().await,
            }
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for ActivityGuard {
    fn drop(&mut self) {
        {
            let state = &mut *self.0.lock();
            state.responses -= 1;
            (state.since, state.timeout) = (now(), self.0.timeouts.idle);
        }
        self.0.changed.notify_one();
    }
}

#[expect(clippy::disallowed_methods, reason = "the time limits of connections are in real time")]
fn now() -> Instant {
    Instant::now()
}
