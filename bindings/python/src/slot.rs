//! A stream that at most one reader uses at a time.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use pyo3::exceptions::{PyRuntimeError, PyValueError};
use pyo3::prelude::*;

/// The state of a stream between two reads.
enum State<T> {
    /// No one reads the stream.
    Idle(T),
    /// A reader has taken the stream.
    Taken,
    /// The stream was read to its end.
    Ended,
    /// The stream was closed, or a reader was cancelled.
    Closed,
}

/// A stream that at most one reader uses at a time. A reader takes the stream, and returns it after the read. If the
/// reader is cancelled, the stream is dropped with its future, and the connection is closed.
pub(crate) struct Slot<T> {
    state: Arc<Mutex<State<T>>>,
    /// The process in which the stream was opened.
    pid: u32,
}

/// A stream that a reader has taken. Dropping it without [`put_back`](Self::put_back) closes the stream.
pub(crate) struct TakenStream<T> {
    state: Arc<Mutex<State<T>>>,
    stream: Option<T>,
}

impl<T> Slot<T> {
    pub(crate) fn new(stream: T) -> Self {
        Self { state: Arc::new(Mutex::new(State::Idle(stream))), pid: std::process::id() }
    }

    /// Takes the stream. Returns `None` after its end.
    pub(crate) fn take(&self) -> PyResult<Option<TakenStream<T>>> {
        if self.pid != std::process::id() {
            return Err(PyRuntimeError::new_err(
                "the stream belongs to the parent process: make a new call in the child process",
            ));
        }
        let mut state = lock(&self.state);
        match std::mem::replace(&mut *state, State::Taken) {
            State::Idle(stream) => {
                let state = self.state.clone();
                Ok(Some(TakenStream { state, stream: Some(stream) }))
            }
            other => {
                let result = match &other {
                    State::Ended => Ok(None),
                    State::Closed => Err(closed()),
                    _ => Err(PyRuntimeError::new_err("another thread or task is reading the stream")),
                };
                *state = other;
                result
            }
        }
    }

    /// Takes the stream for good. A further reader gets an error.
    pub(crate) fn take_once(&self) -> PyResult<T> {
        let stream = self.take()?.and_then(|mut taken| taken.stream.take());
        stream.ok_or_else(|| PyRuntimeError::new_err("the stream has ended"))
    }

    /// Closes the stream. Returns the stream, whose connection the caller must close.
    pub(crate) fn close(&self) -> Option<T> {
        match std::mem::replace(&mut *lock(&self.state), State::Closed) {
            State::Idle(stream) if self.pid == std::process::id() => Some(stream),
            // The runtime of the stream exists only in the parent process.
            State::Idle(stream) => {
                std::mem::forget(stream);
                None
            }
            _ => None,
        }
    }
}

impl<T> Drop for Slot<T> {
    fn drop(&mut self) {
        // In a forked process, `close` does not drop the stream.
        self.close();
    }
}

impl<T> TakenStream<T> {
    /// Returns the stream.
    pub(crate) fn get(&mut self) -> &mut T {
        // `put_back` and `end` consume `self`, so the stream is always set here.
        #[expect(clippy::unwrap_used, reason = "the stream is set until `self` is consumed")]
        self.stream.as_mut().unwrap()
    }

    /// Returns an exception if the stream was closed while it was taken.
    pub(crate) fn check_open(&self) -> PyResult<()> {
        match *lock(&self.state) {
            State::Closed => Err(closed()),
            _ => Ok(()),
        }
    }

    /// Returns the stream after a read.
    pub(crate) fn put_back(mut self) {
        let stream = self.stream.take();
        let mut state = lock(&self.state);
        if let (State::Taken, Some(stream)) = (&*state, stream) {
            *state = State::Idle(stream);
        }
    }

    /// Drops the stream, because it was read to its end.
    pub(crate) fn end(mut self) {
        self.stream = None;
        let mut state = lock(&self.state);
        if matches!(*state, State::Taken) {
            *state = State::Ended;
        }
    }
}

impl<T> Drop for TakenStream<T> {
    fn drop(&mut self) {
        if self.stream.take().is_some() {
            *lock(&self.state) = State::Closed;
        }
    }
}

/// Returns the exception of a stream that was closed.
pub(crate) fn closed() -> PyErr {
    PyValueError::new_err("I/O operation on closed file")
}

/// Locks a mutex. A panic of another thread leaves no value in an invalid state.
pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
