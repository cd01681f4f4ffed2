//! Timeouts of a response body.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use tokio::runtime::{Handle, Id};
use tokio::time::{Sleep, sleep_until};

use crate::deadline::{Deadline, earlier, expired};
use crate::error::{TimeoutKind, TransportError};

/// A timer for the body of a response. It expires if no data arrives within the idle timeout, or if the body
/// is incomplete at the deadline.
#[derive(Debug)]
pub(crate) struct BodyTimer {
    idle: Option<Duration>,
    deadline: Option<Deadline>,
    /// The timeout that expires first, or `None` if no read is pending.
    pending: Option<(TimeoutKind, Deadline)>,
    /// The timer. The first pending read creates it. It may expire earlier than `pending`, because it is not
    /// reset for each read: a stream has a read for each event, and resetting a timer costs more than one
    /// early expiry.
    sleep: Option<RuntimeSleep>,
}

/// A timer, and the runtime that drives it.
#[derive(Debug)]
struct RuntimeSleep(Pin<Box<Sleep>>, Id);

impl BodyTimer {
    /// Returns a timer, or `None` if both the idle timeout and the deadline are unset.
    pub(crate) fn new(idle: Option<Duration>, deadline: Option<Deadline>) -> Option<Self> {
        (idle.is_some() || deadline.is_some()).then_some(Self { idle, deadline, pending: None, sleep: None })
    }

    /// Returns the error of the timeout if it has expired. Starts the timer if no read was pending before.
    pub(crate) fn poll_expired(&mut self, cx: &mut Context<'_>) -> Poll<TransportError> {
        let runtime = Handle::current();
        // The caller may continue to read in another runtime. The timer of the previous runtime must not be
        // used there: it never expires if that runtime is not polled, and panics after a shutdown.
        self.sleep.take_if(|RuntimeSleep(_, id)| *id != runtime.id());
        let Some((kind, expiry)) = self.pending.or_else(|| self.start_read()) else { return Poll::Pending };
        let RuntimeSleep(sleep, _) =
            self.sleep.get_or_insert_with(|| RuntimeSleep(Box::pin(sleep_until(expiry.at())), runtime.id()));
        ready!(sleep.as_mut().poll(cx));
        if sleep.deadline() < expiry.at() {
            sleep.as_mut().reset(expiry.at());
            ready!(sleep.as_mut().poll(cx));
        }
        Poll::Ready(expired(kind, expiry.timeout()))
    }

    /// Ends the pending read, because data has arrived.
    ///
    /// # Errors
    ///
    /// Returns an error if the deadline has passed. This check is necessary, because
    /// [`poll_expired`](Self::poll_expired) is never called if data arrives without a pause.
    pub(crate) fn data_received(&mut self) -> Result<(), TransportError> {
        self.pending = None;
        match self.deadline {
            Some(deadline) if deadline.has_passed() => Err(deadline.error()),
            _ => Ok(()),
        }
    }

    /// Starts the timer of a read. The idle timeout starts with the read and not with the previous data,
    /// because the caller may take a long time to process data.
    fn start_read(&mut self) -> Option<(TimeoutKind, Deadline)> {
        let idle = self.idle.and_then(Deadline::after);
        self.pending = earlier(idle.map(|idle| (TimeoutKind::Idle, idle)), self.deadline);
        self.pending
    }
}
