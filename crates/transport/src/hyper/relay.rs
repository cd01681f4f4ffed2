//! The waker of a connection that is driven by the call that uses it.

use std::{
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicU8, Ordering},
    },
    task::{Context, Poll, Wake, Waker},
};

/// A poll is under way.
const POLLING: u8 = 1;

/// Somebody woke since the poll began.
const WOKEN: u8 = 2;

/// How often one poll looks again at what has woken it, before others get their turn.
const ROUNDS: usize = 4;

/// Stands between a connection and the task of its call. The two halves of a connection, hyper's and the call's, wake
/// each other whenever one has something for the other. As one poll looks at both, that is no news: without this, each
/// answer would wake its task once more for nothing.
pub(super) struct Relay {
    shared: Arc<Shared>,
    waker: Waker,
}

struct Shared {
    state: AtomicU8,
    task: Mutex<Waker>,
}

impl Relay {
    pub(super) fn new() -> Self {
        let shared = Arc::new(Shared { state: AtomicU8::new(0), task: Mutex::new(Waker::noop().clone()) });
        Self { waker: Waker::from(Arc::clone(&shared)), shared }
    }

    /// Polls with a waker that wakes the task only after the poll. What wakes during it makes it poll again.
    pub(super) fn poll<T>(
        &self,
        cx: &Context<'_>,
        mut poll: impl FnMut(&mut Context<'_>) -> Poll<T>,
    ) -> Poll<T> {
        let state = &self.shared.state;
        for _ in 0..ROUNDS {
            self.seen();
            let polled = poll(&mut Context::from_waker(&self.waker));
            if polled.is_ready() {
                state.store(0, Ordering::Release);
                return polled;
            }
            // Before the poll ends: who wakes from then on finds the task.
            self.shared.is_for(cx.waker());
            if state.compare_exchange(POLLING, 0, Ordering::AcqRel, Ordering::Acquire).is_ok() {
                return Poll::Pending;
            }
        }
        state.store(0, Ordering::Release);
        cx.waker().wake_by_ref();
        Poll::Pending
    }

    /// Says within a poll that whoever has woken so far is looked at from here on.
    pub(super) fn seen(&self) {
        self.shared.state.swap(POLLING, Ordering::AcqRel);
    }
}

impl Shared {
    fn is_for(&self, waker: &Waker) {
        self.task.lock().unwrap_or_else(PoisonError::into_inner).clone_from(waker);
    }
}

impl Wake for Shared {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        if self.state.fetch_or(WOKEN, Ordering::AcqRel) & POLLING == 0 {
            // Not under the lock: a task may poll in its waker.
            let task = self.task.lock().unwrap_or_else(PoisonError::into_inner).clone();
            task.wake();
        }
    }
}

#[cfg(test)]
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

    /// Polls once, and gives the result, how often the inside was polled, and how often the task was woken.
    fn check(relay: &Relay, mut poll: impl FnMut(usize, &Waker) -> Poll<()>) -> (Poll<()>, usize, usize) {
        let (task, mut polls) = (Arc::<Task>::default(), 0);
        let polled = relay.poll(&Context::from_waker(&Waker::from(task.clone())), |cx| {
            polls += 1;
            poll(polls, cx.waker())
        });
        (polled, polls, task.0.load(Ordering::Relaxed))
    }

    #[test]
    fn a_wake_within_a_poll_polls_again_and_wakes_nobody() {
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
    fn what_was_seen_does_not_poll_again() {
        let relay = Relay::new();
        let seen = |_, waker: &Waker| {
            waker.wake_by_ref();
            relay.seen();
            Poll::Pending
        };
        assert_eq!(check(&relay, seen), (Poll::Pending, 1, 0));
    }

    #[test]
    fn a_wake_after_a_poll_wakes_the_task_that_polled_last() {
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
    fn who_wakes_without_end_lets_others_have_their_turn() {
        let relay = Relay::new();
        let endless = |_, waker: &Waker| {
            waker.wake_by_ref();
            Poll::Pending
        };
        assert_eq!(check(&relay, endless), (Poll::Pending, ROUNDS, 1));
    }
}
