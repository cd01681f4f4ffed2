//! Tests of [`Relay`]: a wake-up from another thread must never be lost.
//!
//! If a wake-up is lost, `block_on` waits forever. loom reports this as a deadlock.

use std::future::poll_fn;
use std::task::{Context, Poll, Waker};

use loom::future::block_on;
use loom::model;
use loom::model::Builder;
use loom::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use loom::sync::{Arc, Mutex};
use loom::thread;

use crate::relay::Relay;

/// A socket that other threads write to. Like the driver of a runtime, it wakes the last waker that has polled
/// it.
#[derive(Default)]
struct Socket {
    written: AtomicUsize,
    waker: Mutex<Option<Waker>>,
}

/// Writes a byte in another thread.
fn write(socket: &Arc<Socket>) -> thread::JoinHandle<()> {
    let socket = socket.clone();
    thread::spawn(move || {
        socket.written.fetch_add(1, Ordering::Release);
        let waker = socket.waker.lock().unwrap().take();
        if let Some(waker) = waker {
            waker.wake();
        }
    })
}

impl Socket {
    /// Returns ready if `expected` bytes were written.
    fn poll_read(&self, expected: usize, cx: &mut Context<'_>) -> Poll<()> {
        *self.waker.lock().unwrap() = Some(cx.waker().clone());
        match self.written.load(Ordering::Acquire) >= expected {
            true => Poll::Ready(()),
            false => Poll::Pending,
        }
    }
}

/// Runs the interleavings in which the scheduler preempts a thread at most twice. Without this bound, a test with
/// three threads runs for minutes.
fn bounded_model(test: impl Fn() + Send + Sync + 'static) {
    let mut builder = Builder::new();
    builder.preemption_bound = Some(2);
    builder.check(test);
}

#[test]
fn a_wake_up_of_another_thread_is_not_lost() {
    model(|| {
        let (relay, socket) = (Relay::new(), Arc::new(Socket::default()));
        let thread = write(&socket);
        block_on(poll_fn(|cx| relay.poll(cx, |cx| socket.poll_read(1, cx))));
        thread.join().unwrap();
    });
}

#[test]
fn two_wake_ups_of_two_threads_are_not_lost() {
    bounded_model(|| {
        let (relay, socket) = (Relay::new(), Arc::new(Socket::default()));
        let threads = [write(&socket), write(&socket)];
        block_on(poll_fn(|cx| relay.poll(cx, |cx| socket.poll_read(2, cx))));
        for thread in threads {
            thread.join().unwrap();
        }
    });
}

/// Polls like `Http1::poll`: the response, the connection, and the response again. The connection passes the
/// response on, and wakes the task.
fn poll_response(
    relay: &Relay,
    socket: &Socket,
    response: &mut Option<()>,
    cx: &mut Context<'_>,
) -> Poll<()> {
    if response.take().is_some() {
        return Poll::Ready(());
    }
    relay.clear_woken();
    if socket.poll_read(1, cx).is_ready() {
        *response = Some(());
        cx.waker().wake_by_ref();
    }
    response.take().map_or(Poll::Pending, Poll::Ready)
}

#[test]
fn a_wake_up_before_the_connection_is_polled_may_be_discarded() {
    model(|| {
        let (relay, socket) = (Relay::new(), Arc::new(Socket::default()));
        let (thread, mut response) = (write(&socket), None);
        block_on(poll_fn(|cx| relay.poll(cx, |cx| poll_response(&relay, &socket, &mut response, cx))));
        thread.join().unwrap();
    });
}

/// The head of a response is often polled by one task, and its body by another task.
#[test]
fn a_wake_up_reaches_the_task_that_polled_last() {
    model(|| {
        let (relay, socket) = (Relay::new(), Arc::new(Socket::default()));
        let thread = write(&socket);
        let first = Context::from_waker(Waker::noop());
        if relay.poll(&first, |cx| socket.poll_read(1, cx)).is_pending() {
            block_on(poll_fn(|cx| relay.poll(cx, |cx| socket.poll_read(1, cx))));
        }
        thread.join().unwrap();
    });
}

/// A call polls its connection first for the head of the response, and then for the body.
#[test]
fn a_task_can_poll_for_two_results() {
    bounded_model(|| {
        let (relay, socket) = (Relay::new(), Arc::new(Socket::default()));
        let threads = [write(&socket), write(&socket)];
        block_on(async {
            for expected in 1..=2 {
                poll_fn(|cx| relay.poll(cx, |cx| socket.poll_read(expected, cx))).await;
            }
        });
        for thread in threads {
            thread.join().unwrap();
        }
    });
}

/// A poll that returns ready discards the wake-ups that have arrived during the poll. Only these wake-ups order
/// the accesses to `written`.
#[test]
fn a_poll_sees_what_happened_before_a_discarded_wake_up() {
    model(|| {
        let (relay, written) = (Relay::new(), Arc::new(AtomicBool::new(false)));
        block_on(async {
            let thread = poll_fn(|cx| relay.poll(cx, |cx| Poll::Ready(write_and_wake(&written, cx)))).await;
            poll_fn(|cx| relay.poll(cx, |_| poll_flag(&written))).await;
            thread.join().unwrap();
        });
    });
}

/// Sets a flag in another thread, and wakes the task.
fn write_and_wake(written: &Arc<AtomicBool>, cx: &Context<'_>) -> thread::JoinHandle<()> {
    let (written, waker) = (written.clone(), cx.waker().clone());
    thread::spawn(move || {
        written.store(true, Ordering::Relaxed);
        waker.wake();
    })
}

fn poll_flag(written: &AtomicBool) -> Poll<()> {
    match written.load(Ordering::Relaxed) {
        true => Poll::Ready(()),
        false => Poll::Pending,
    }
}
