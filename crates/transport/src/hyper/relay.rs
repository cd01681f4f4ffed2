//! Suppresses redundant wake-ups between a connection and the task that drives it.
//!
//! A call polls two futures in one task: the connection of hyper and the response. hyper connects the two
//! futures with a channel, and each future wakes the task whenever it passes a value to the other future.
//! These wake-ups are redundant, because the current `poll` polls both futures anyway. Forwarding them would
//! cost one unnecessary poll per response (about 2,000 instructions).
//!
//! [`Relay`] records the wake-ups that arrive during a poll, and polls again immediately. It forwards only
//! the wake-ups that arrive after the poll has returned `Pending`.
//!
//! `tests/loom` includes this file, and tests it with the types of loom.

#[cfg(not(loom))]
use std::sync::Mutex;
#[cfg(not(loom))]
use std::sync::atomic::{AtomicU8, Ordering};
use std::sync::{Arc, PoisonError};
use std::task::{Context, Poll, Wake, Waker};

#[cfg(loom)]
use loom::sync::Mutex;
#[cfg(loom)]
use loom::sync::atomic::{AtomicU8, Ordering};

/// A poll is in progress.
const POLLING: u8 = 1;

/// A wake-up arrived during the current poll.
const WOKEN: u8 = 2;

/// The maximum number of polls within one call of [`Relay::poll`]. After these polls, [`Relay::poll`] wakes
/// its task and returns. A future that wakes itself endlessly therefore does not starve other tasks.
const ROUNDS: usize = 4;

/// A waker for a connection. The state determines which wake-ups of this waker are forwarded to the task.
pub(super) struct Relay {
    state: Arc<WakeState>,
    waker: Waker,
}

/// State shared between a [`Relay`] and the clones of its waker.
struct WakeState {
    flags: AtomicU8,
    task: Mutex<Waker>,
}

impl Relay {
    pub(super) fn new() -> Self {
        let state = Arc::new(WakeState { flags: AtomicU8::new(0), task: Mutex::new(Waker::noop().clone()) });
        Self { waker: Waker::from(Arc::clone(&state)), state }
    }

    /// Polls with a waker that wakes the task only after this poll has ended. If a wake-up arrives during the
    /// poll, polls again immediately.
    pub(super) fn poll<T>(
        &self,
        cx: &Context<'_>,
        mut poll: impl FnMut(&mut Context<'_>) -> Poll<T>,
    ) -> Poll<T> {
        let flags = &self.state.flags;
        for _ in 0..ROUNDS {
            self.clear_woken();
            let polled = poll(&mut Context::from_waker(&self.waker));
            if polled.is_ready() {
                self.state.end_poll();
                return polled;
            }
            // The waker of the task is stored before the poll ends, because later wake-ups need it.
            self.state.set_task(cx.waker());
            if flags.compare_exchange(POLLING, 0, Ordering::AcqRel, Ordering::Acquire).is_ok() {
                return Poll::Pending;
            }
        }
        self.state.end_poll();
        cx.waker().wake_by_ref();
        Poll::Pending
    }

    /// Discards the wake-ups that have arrived during the current poll, because the connection and the
    /// response are polled next anyway.
    pub(super) fn clear_woken(&self) {
        self.state.flags.swap(POLLING, Ordering::AcqRel);
    }
}

impl WakeState {
    /// Ends a poll, and discards the wake-ups that have arrived during the poll. The next poll must see what
    /// happened before these wake-ups. Therefore this function reads the flags, and does not only store a
    /// value.
    fn end_poll(&self) {
        self.flags.swap(0, Ordering::AcqRel);
    }

    fn set_task(&self, waker: &Waker) {
        self.task.lock().unwrap_or_else(PoisonError::into_inner).clone_from(waker);
    }
}

impl Wake for WakeState {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        if self.flags.fetch_or(WOKEN, Ordering::AcqRel) & POLLING == 0 {
            // The lock is released before `wake` is called, because `wake` may poll the task immediately.
            let task = self.task.lock().unwrap_or_else(PoisonError::into_inner).clone();
            task.wake();
        }
    }
}

#[cfg(all(test, not(loom)))]
mod tests {
    use std::sync::atomic::AtomicUsize;

    use super::*;

    #[derive(Default)]
    struct Task(AtomicUsize);

    impl Wake for Task {
        fn wake(self: Arc<Self>) {
            self.0.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// Polls once. Returns the result, the number of inner polls, and the number of wake-ups of the task.
    fn check(relay: &Relay, mut poll: impl FnMut(usize, &Waker) -> Poll<()>) -> (Poll<()>, usize, usize) {
        let (task, mut polls) = (Arc::<Task>::default(), 0);
        let polled = relay.poll(&Context::from_waker(&Waker::from(task.clone())), |cx| {
            polls += 1;
            poll(polls, cx.waker())
        });
        (polled, polls, task.0.load(Ordering::Relaxed))
    }

    #[test]
    fn a_wake_up_during_a_poll_causes_another_poll_and_is_not_forwarded() {
        let relay = Relay::new();
        let once = |polls, waker: &Waker| {
            if polls == 1 {
                waker.wake_by_ref();
            }
            Poll::Pending
        };
        assert_eq!(check(&relay, once), (Poll::Pending, 2, 0));
        let ready = |_, waker: &Waker| {
            waker.wake_by_ref();
            Poll::Ready(())
        };
        assert_eq!(check(&relay, ready), (Poll::Ready(()), 1, 0));
        assert_eq!(check(&relay, |_, _| Poll::Pending), (Poll::Pending, 1, 0));
    }

    #[test]
    fn a_discarded_wake_up_does_not_repeat_the_poll() {
        let relay = Relay::new();
        let discard = |_, waker: &Waker| {
            waker.wake_by_ref();
            relay.clear_woken();
            Poll::Pending
        };
        assert_eq!(check(&relay, discard), (Poll::Pending, 1, 0));
    }

    #[test]
    fn a_wake_up_after_a_poll_wakes_the_task_that_polled_last() {
        let relay = Relay::new();
        let tasks = [Arc::<Task>::default(), Arc::default()];
        let mut kept = None;
        for task in &tasks {
            let polled = relay.poll(&Context::from_waker(&Waker::from(task.clone())), |cx| {
                kept.get_or_insert_with(|| cx.waker().clone());
                Poll::<()>::Pending
            });
            assert!(polled.is_pending());
        }
        kept.unwrap().wake();
        assert_eq!(tasks.map(|task| task.0.load(Ordering::Relaxed)), [0, 1]);
    }

    #[test]
    fn endless_wake_ups_yield_to_other_tasks() {
        let relay = Relay::new();
        let endless = |_, waker: &Waker| {
            waker.wake_by_ref();
            Poll::Pending
        };
        assert_eq!(check(&relay, endless), (Poll::Pending, ROUNDS, 1));
    }
}
