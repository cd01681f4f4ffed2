//! The queue through which the background thread passes the outcomes of asyncio calls to an event loop.
//!
//! The event loop watches the file descriptor of the queue. One event of this descriptor delivers all outcomes that
//! have arrived, and a call needs no thread of its own.

use std::collections::HashMap;
use std::future::poll_fn;
use std::os::fd::{AsRawFd, OwnedFd};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

use pyo3::prelude::*;
use rustix::event::{EventfdFlags, eventfd};
use tokio::task::AbortHandle;

use crate::errors;
use crate::runtime::{self, Job, Outcome};
use crate::slot::lock;

/// The queue of one event loop.
#[pyclass(frozen, module = "invoke_model._native")]
pub(crate) struct Queue {
    done: Arc<Done>,
    pending: Mutex<HashMap<u64, Pending>>,
    next_id: AtomicU64,
}

/// The outcomes that the event loop has not received yet.
struct Done {
    outcomes: Mutex<Vec<(u64, Outcome)>>,
    wake: OwnedFd,
}

/// A call that the event loop waits for.
struct Pending {
    future: Py<PyAny>,
    task: AbortHandle,
}

#[pymethods]
impl Queue {
    #[new]
    fn new() -> PyResult<Self> {
        let flags = EventfdFlags::CLOEXEC | EventfdFlags::NONBLOCK;
        let wake = eventfd(0, flags).map_err(std::io::Error::from)?;
        let done = Done { outcomes: Mutex::default(), wake };
        Ok(Self { done: Arc::new(done), pending: Mutex::default(), next_id: AtomicU64::new(0) })
    }

    /// Returns the file descriptor that the event loop watches.
    fn fileno(&self) -> i32 {
        self.done.wake.as_raw_fd()
    }

    /// Completes the futures of all outcomes that have arrived.
    fn drain(&self, py: Python<'_>) -> PyResult<()> {
        // Reading resets the descriptor. It fails if another call of `drain` has already read it.
        let _ = rustix::io::read(&self.done.wake, &mut [0; 8]);
        let outcomes = std::mem::take(&mut *lock(&self.done.outcomes));
        for (id, outcome) in outcomes {
            let Some(Pending { future, .. }) = lock(&self.pending).remove(&id) else { continue };
            let future = future.bind(py);
            if future.call_method0("done")?.is_truthy()? {
                continue;
            }
            match outcome(py) {
                Ok(value) => future.call_method1("set_result", (value,))?,
                Err(exception) => future.call_method1("set_exception", (exception,))?,
            };
        }
        Ok(())
    }

    /// Cancels a call. Does nothing if the call has ended.
    fn cancel(&self, id: u64) {
        let pending = lock(&self.pending).remove(&id);
        pending.into_iter().for_each(|pending| pending.task.abort());
    }

    /// Cancels all calls, because the event loop was closed.
    fn close(&self) {
        let pending = std::mem::take(&mut *lock(&self.pending));
        pending.into_values().for_each(|pending| pending.task.abort());
    }
}

impl Queue {
    /// Starts a job on the background thread. Its outcome completes the asyncio future.
    pub(crate) fn start(&self, future: Py<PyAny>, mut job: Job) -> PyResult<u64> {
        let id = self.next_id.fetch_add(1, Ordering::Relaxed);
        let done = self.done.clone();
        let runtime = runtime::asyncio()?;
        // The lock is held until the call is registered, so that `drain` does not miss a fast outcome.
        let mut pending = lock(&self.pending);
        let task = runtime.spawn(async move {
            let outcome = poll_fn(|cx| {
                catch_unwind(AssertUnwindSafe(|| job.as_mut().poll(cx))).unwrap_or_else(|panic| {
                    let error = errors::of_panic(&*panic);
                    std::task::Poll::Ready(Box::new(move |_| Err(error)))
                })
            });
            done.push(id, outcome.await);
        });
        pending.insert(id, Pending { future, task: task.abort_handle() });
        Ok(id)
    }
}

impl Done {
    fn push(&self, id: u64, outcome: Outcome) {
        let is_first = {
            let mut outcomes = lock(&self.outcomes);
            outcomes.push((id, outcome));
            outcomes.len() == 1
        };
        if is_first {
            // Writing fails only if the counter is full, and then the event loop is already awake.
            let _ = rustix::io::write(&self.wake, &1_u64.to_ne_bytes());
        }
    }
}
