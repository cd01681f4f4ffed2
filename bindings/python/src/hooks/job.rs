//! The job of a call with interceptors, which stops for each hook that the caller runs.

use std::future::ready;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::task::{Context, Poll};

use pyo3::prelude::*;

use super::HookQueue;
use super::pending::{Pending, Prepared};
use crate::queue::Queue;
use crate::runtime::{self, Job, Outcome, outcome};
use crate::slot::Slot;

/// The job of a call with interceptors. It stops for each hook that the caller runs.
pub(crate) struct HookedJob {
    /// `None` after a step.
    job: Option<Job>,
    hook_queue: Arc<HookQueue>,
}

/// The result of a step of a job.
pub(crate) enum Step {
    Done(Outcome),
    /// The caller runs the hook, and then continues the job.
    Hook(Box<Pending>, HookedJob),
}

impl HookedJob {
    pub(crate) fn new(job: Job, hook_queue: Arc<HookQueue>) -> Self {
        Self { job: Some(job), hook_queue }
    }

    /// Makes the call on this thread, and returns its object.
    pub(crate) fn call(mut self, py: Python<'_>) -> PyResult<Py<PyAny>> {
        loop {
            match runtime::wait_for_call(py, self)? {
                Step::Done(outcome) => return outcome(py),
                Step::Hook(pending, rest) => {
                    if let Err(exception) = pending.run(py) {
                        runtime::close(py, rest)?;
                        return Err(exception);
                    }
                    self = rest;
                }
            }
        }
    }

    /// Returns the job of a step for an event loop. Its outcome is that of the call, or a `HookCall`.
    pub(crate) fn step(self) -> Job {
        Box::pin(async move {
            match self.await {
                Step::Done(outcome) => outcome,
                Step::Hook(pending, rest) => {
                    outcome(move |py| Ok(Py::new(py, HookCall::new(py, pending, rest)?)?.into_any()))
                }
            }
        })
    }
}

impl Future for HookedJob {
    type Output = Step;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Step> {
        let this = &mut *self;
        let Some(job) = &mut this.job else { return Poll::Pending };
        let polled = job.as_mut().poll(cx);
        match (this.hook_queue.next(), polled) {
            (None, Poll::Pending) => Poll::Pending,
            (None, Poll::Ready(outcome)) => {
                this.hook_queue.has_returned.store(true, Ordering::Release);
                Poll::Ready(Step::Done(outcome))
            }
            (Some(pending), polled) => {
                let job = match polled {
                    Poll::Ready(outcome) => Some(Box::pin(ready(outcome)) as Job),
                    Poll::Pending => this.job.take(),
                };
                let rest = Self { job, hook_queue: this.hook_queue.clone() };
                Poll::Ready(Step::Hook(Box::new(pending), rest))
            }
        }
    }
}

/// A hook of an asyncio call, which the task of the caller runs.
#[pyclass(frozen, module = "invoke_model._native")]
pub(crate) struct HookCall {
    #[pyo3(get)]
    function: Py<PyAny>,
    #[pyo3(get)]
    argument: Py<PyAny>,
    #[pyo3(get)]
    context: Py<PyAny>,
    rest: Slot<(Box<Pending>, HookedJob)>,
}

impl HookCall {
    fn new(py: Python<'_>, pending: Box<Pending>, rest: HookedJob) -> PyResult<Self> {
        let Prepared { function, argument, context } = pending.prepare(py)?;
        let (function, argument, context) = (function.unbind(), argument.unbind(), context.unbind());
        Ok(Self { function, argument, context, rest: Slot::new((pending, rest)) })
    }
}

#[pymethods]
impl HookCall {
    /// Continues the call after the hook, which has raised `exception`. Returns the id of the call in the queue.
    fn start_next(
        &self,
        py: Python<'_>,
        exception: Option<Bound<'_, PyAny>>,
        queue: &Queue,
        future: Py<PyAny>,
    ) -> PyResult<u64> {
        let result = exception.map_or(Ok(()), |exception| Err(PyErr::from_value(exception)));
        let (pending, rest) = self.rest.take_once()?;
        pending.finish(py, self.argument.bind(py), result)?;
        queue.start(future, rest.step())
    }
}

impl Drop for HookCall {
    fn drop(&mut self) {
        self.rest.close().into_iter().for_each(runtime::close_dropped);
    }
}
