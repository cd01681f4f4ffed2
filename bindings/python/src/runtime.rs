//! The tokio runtimes of the package.
//!
//! Synchronous calls run on the thread of the caller, which drives a runtime that all callers share. asyncio calls
//! run on one background thread. A child process that was forked creates its own runtimes, because no thread of the
//! parent exists in the child, and both processes would share the sockets of the parent.

use std::future::Future;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use pyo3::exceptions::PyRuntimeError;
use pyo3::prelude::*;
use tokio::runtime::{Builder, Handle, Runtime};
use tokio::sync::Notify;
use tokio::task::yield_now;
use tokio::time::sleep;

use crate::errors;
use crate::slot::lock;

/// The result of a job: a function that creates the Python object or the exception.
pub(crate) type Outcome = Box<dyn FnOnce(Python<'_>) -> PyResult<Py<PyAny>> + Send>;

/// Boxes the function of an outcome. If the function panics, the outcome is an exception, so that the event loop completes
/// the other calls.
pub(crate) fn outcome(create: impl FnOnce(Python<'_>) -> PyResult<Py<PyAny>> + Send + 'static) -> Outcome {
    Box::new(move |py| {
        catch_unwind(AssertUnwindSafe(|| create(py))).unwrap_or_else(|panic| Err(errors::of_panic(&*panic)))
    })
}

/// Work that needs no Python object until its outcome.
pub(crate) type Job = Pin<Box<dyn Future<Output = Outcome> + Send>>;

/// The interval in which a waiting thread checks for signals, such as Ctrl-C.
const SIGNAL_CHECK: Duration = Duration::from_millis(50);

/// A value of one process. A forked child does not use the value of its parent, whose sockets and locks belong to the
/// threads of the parent.
#[derive(Debug)]
pub(crate) struct PerProcess<T>(Mutex<Option<(u32, T)>>);

impl<T: Clone> PerProcess<T> {
    pub(crate) const fn new() -> Self {
        Self(Mutex::new(None))
    }

    /// Creates the value of this process.
    pub(crate) fn of(value: T) -> Self {
        Self(Mutex::new(Some((std::process::id(), value))))
    }

    /// Returns the value if this process has already created it.
    fn existing(&self) -> Option<T> {
        lock(&self.0).as_ref().filter(|(of, _)| *of == std::process::id()).map(|(_, value)| value.clone())
    }

    /// Returns the value, and creates it if this process has none. `create` must not run Python code, because another
    /// thread may wait for the lock.
    pub(crate) fn get<E>(&self, create: impl FnOnce() -> Result<T, E>) -> Result<T, E> {
        let mut slot = lock(&self.0);
        let pid = std::process::id();
        if let Some((_, value)) = slot.as_ref().filter(|(of, _)| *of == pid) {
            return Ok(value.clone());
        }
        let value = create()?;
        // Another thread of the parent may have held a lock of the old value when the parent forked. Parent and child
        // also share the epoll instance of the parent's runtime. If the child dropped the runtime, it would remove
        // sockets of the parent from this instance.
        std::mem::forget(slot.replace((pid, value.clone())));
        Ok(value)
    }

    /// Removes the value. Returns it if this process has created it.
    pub(crate) fn take(&self) -> Option<T> {
        match lock(&self.0).take() {
            Some((of, value)) if of == std::process::id() => Some(value),
            other => {
                std::mem::forget(other);
                None
            }
        }
    }
}

/// The runtime of synchronous calls.
struct Callers {
    runtime: Runtime,
    /// Notified whenever the waiting threads must check for signals. If each wait had its own timer, the runtime would
    /// wake itself with two system calls whenever a wait sets its timer.
    signal_check: Arc<Notify>,
}

impl Callers {
    fn new() -> std::io::Result<Self> {
        let runtime = Builder::new_current_thread().enable_all().build()?;
        let signal_check = Arc::new(Notify::new());
        let notify = signal_check.clone();
        runtime.spawn(async move {
            loop {
                sleep(SIGNAL_CHECK).await;
                notify.notify_waiters();
            }
        });
        Ok(Self { runtime, signal_check })
    }
}

static CALLERS: PerProcess<Arc<Callers>> = PerProcess::new();
static ASYNCIO: PerProcess<Handle> = PerProcess::new();
static ENDPOINTS: PerProcess<Handle> = PerProcess::new();
static BULK: PerProcess<Handle> = PerProcess::new();

/// `true` if a connection may belong to a task, as those of HTTP/2 do.
static HAS_CONNECTION_TASKS: AtomicBool = AtomicBool::new(false);

/// States that the caller can open connections of HTTP/2, which tasks drive.
pub(crate) fn expect_http2() {
    HAS_CONNECTION_TASKS.store(true, Ordering::Relaxed);
}

fn callers() -> PyResult<Arc<Callers>> {
    CALLERS.get(|| Callers::new().map(Arc::new)).map_err(no_runtime)
}

fn no_runtime(error: std::io::Error) -> PyErr {
    PyRuntimeError::new_err(format!("cannot create the I/O runtime: {error}"))
}

/// Returns the runtime of asyncio calls.
pub(crate) fn asyncio() -> PyResult<Handle> {
    ASYNCIO.get(|| background("invoke-model-asyncio")).map_err(no_runtime)
}

/// Returns the runtime of local endpoints.
pub(crate) fn endpoints() -> PyResult<Handle> {
    ENDPOINTS.get(|| background("invoke-model-local")).map_err(no_runtime)
}

/// Returns the runtime of bulk runs. Their calls go on while the program does something else.
pub(crate) fn bulk() -> PyResult<Handle> {
    BULK.get(|| background("invoke-model-bulk")).map_err(no_runtime)
}

/// Starts a thread that drives a runtime until the process ends. The thread does not delay the exit of the interpreter,
/// because it calls Python only for the hook `after_response` of an interceptor, for a store of a quota limiter that is a
/// Python object, and for warnings, and not while the interpreter ends.
fn background(name: &str) -> std::io::Result<Handle> {
    let runtime = Builder::new_current_thread().enable_all().build()?;
    let handle = runtime.handle().clone();
    let drive = move || runtime.block_on(std::future::pending::<()>());
    std::thread::Builder::new().name(name.to_owned()).spawn(drive)?;
    Ok(handle)
}

/// Makes a call on this thread, and returns its object.
pub(crate) fn call(py: Python<'_>, job: Job) -> PyResult<Py<PyAny>> {
    wait_for_call(py, job)?(py)
}

/// Continues a call on this thread, for example reads from its response, and returns the object of the job.
pub(crate) fn run(py: Python<'_>, job: Job) -> PyResult<Py<PyAny>> {
    wait(py, job)?(py)
}

/// Runs a future that uses an idle connection. Otherwise like [`wait`].
pub(crate) fn wait_for_call<F: Future + Send + Unpin>(py: Python<'_>, future: F) -> PyResult<F::Output>
where
    F::Output: Send,
{
    wait_after(py, true, future)
}

/// Runs a future on this thread. Other Python threads run in the meantime. If a signal handler raises an exception,
/// drops the future and returns the exception.
pub(crate) fn wait<F: Future + Send + Unpin>(py: Python<'_>, future: F) -> PyResult<F::Output>
where
    F::Output: Send,
{
    wait_after(py, false, future)
}

/// Polls a future once, without the cost of [`wait`]. Returns `None` if the future is not ready. The caller keeps the
/// global interpreter lock, so the future must be short.
pub(crate) fn poll<F: Future + Unpin>(future: &mut F) -> PyResult<Option<F::Output>> {
    let callers = callers_of_wait()?;
    let _context = callers.runtime.enter();
    let mut context = Context::from_waker(Waker::noop());
    match catch_unwind(AssertUnwindSafe(|| Pin::new(future).poll(&mut context))) {
        Ok(Poll::Ready(output)) => Ok(Some(output)),
        Ok(Poll::Pending) => Ok(None),
        Err(panic) => Err(errors::of_panic(&*panic)),
    }
}

/// Returns the runtime of synchronous calls to a thread that does not drive a runtime already.
fn callers_of_wait() -> PyResult<Arc<Callers>> {
    match Handle::try_current() {
        Ok(_) => Err(PyRuntimeError::new_err(
            "after_response cannot make calls, because its call waits for it: use another hook",
        )),
        Err(_) => callers(),
    }
}

fn wait_after<F: Future + Send + Unpin>(
    py: Python<'_>,
    mut settles: bool,
    mut future: F,
) -> PyResult<F::Output>
where
    F::Output: Send,
{
    let callers = callers_of_wait()?;
    loop {
        let turn = || {
            callers.runtime.block_on(async {
                if std::mem::take(&mut settles) {
                    settle().await;
                }
                tokio::select! {
                    biased;
                    output = &mut future => Some(output),
                    () = callers.signal_check.notified() => None,
                }
            })
        };
        let result = py.detach(|| catch_unwind(AssertUnwindSafe(turn)));
        match result {
            Ok(Some(output)) => return Ok(output),
            // Signal handlers run outside of the runtime, because they may also make calls.
            Ok(None) => {
                if let Err(exception) = py.check_signals() {
                    py.detach(|| discard(&callers.runtime, future));
                    return Err(exception);
                }
            }
            Err(panic) => return Err(errors::of_panic(&*panic)),
        }
    }
}

/// Drops a value whose connection belongs to the runtime of synchronous calls, and closes the connection.
pub(crate) fn close<T: Send>(py: Python<'_>, value: T) -> PyResult<()> {
    let callers = callers()?;
    py.detach(|| discard(&callers.runtime, value));
    Ok(())
}

/// Drops a stream whose Python object was dropped, and closes its connection. Otherwise, the connection of a
/// synchronous call would stay open until the next call drives its runtime.
///
/// This function does not release the global interpreter lock, because it does not wait for sockets.
pub(crate) fn close_dropped<T>(value: T) {
    match CALLERS.existing() {
        Some(callers) => discard(&callers.runtime, value),
        None => drop(value),
    }
}

/// Drops a value, and lets the runtime close its connection. In the hook `after_response`, which runs in a runtime, the
/// next call closes the connection.
fn discard<T>(runtime: &Runtime, value: T) {
    if Handle::try_current().is_ok() {
        return drop(value);
    }
    runtime.block_on(async {
        drop(value);
        settle().await;
    });
}

/// Lets the runtime read the state of its sockets, and lets the tasks of connections react. Without this step, a
/// call could use a connection that the server has closed while no thread was driving the runtime.
async fn settle() {
    yield_now().await;
    // The runtime polls this future before the tasks that it has woken.
    if HAS_CONNECTION_TASKS.load(Ordering::Relaxed) {
        yield_now().await;
    }
}
