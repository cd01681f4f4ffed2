//! The timeouts of a body.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use tokio::time::{Instant, Sleep, sleep_until};

use super::TimeoutKind;
use super::timer::End;
use crate::TransportError;

/// Ends a body that falls silent, or that takes longer than its call may.
#[derive(Debug)]
pub(crate) struct Watch {
    idle: Option<Duration>,
    end: Option<End>,
    /// Set as long as somebody waits for bytes, to the earlier deadline and its error.
    waiting: Option<(TimeoutKind, Duration)>,
    /// Made when somebody waits for the first time.
    timer: Option<Pin<Box<Sleep>>>,
}

impl Watch {
    /// `None` if there is nothing to watch.
    pub(super) fn new(idle: Option<Duration>, end: Option<End>) -> Option<Self> {
        (idle.is_some() || end.is_some()).then_some(Self { idle, end, waiting: None, timer: None })
    }

    /// There are no bytes yet: ready when a deadline has passed.
    pub(crate) fn poll_silent(&mut self, cx: &mut Context<'_>) -> Poll<TransportError> {
        let (which, after) = match self.waiting {
            Some(waiting) => waiting,
            None => match self.wait() {
                Some(waiting) => waiting,
                None => return Poll::Pending,
            },
        };
        match self.timer.as_mut().map(|timer| timer.as_mut().poll(cx)) {
            Some(Poll::Ready(())) => Poll::Ready(which.expired(after)),
            _ => Poll::Pending,
        }
    }

    /// Something came. An answer without a pause does not outlast its call either.
    pub(crate) fn came(&mut self) -> Result<(), TransportError> {
        self.waiting = None;
        match self.end {
            Some(end) if Instant::now() >= end.at => Err(TimeoutKind::Operation.expired(end.after)),
            _ => Ok(()),
        }
    }

    /// Begins to wait: from now on the silence counts, not from the last bytes on, which the reader may have had
    /// before it for long.
    fn wait(&mut self) -> Option<(TimeoutKind, Duration)> {
        let idle =
            self.idle.and_then(|after| Some((Instant::now().checked_add(after)?, TimeoutKind::Idle, after)));
        let total = self.end.map(|end| (end.at, TimeoutKind::Operation, end.after));
        let (at, which, after) = match (idle, total) {
            (Some(idle), Some(total)) => {
                if total.0 < idle.0 {
                    total
                } else {
                    idle
                }
            }
            (idle, total) => idle.or(total)?,
        };
        match &mut self.timer {
            Some(timer) => timer.as_mut().reset(at),
            None => self.timer = Some(Box::pin(sleep_until(at))),
        }
        self.waiting = Some((which, after));
        self.waiting
    }
}
