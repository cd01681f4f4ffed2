//! Interceptors that are Python objects.
//!
//! The hooks `before_sign`, `before_send` and `after_attempt` run outside of the tokio runtimes. If the job of a call needs
//! such a hook, the job stops, and the thread or the asyncio task of the caller runs the hook and continues the job.
//! Therefore these hooks may wait, or make calls, and other calls continue in the meantime.
//!
//! `after_response` decides about a response that has arrived. It runs on the thread that polls the job.

mod job;
mod pending;

use std::collections::VecDeque;
use std::error::Error as StdError;
use std::fmt;
use std::future::ready;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};

use http::{request, response};
use invoke_model_client::{Attempt, Intercept, InterceptorContext, InterceptorFuture};
use pyo3::prelude::*;
use tokio::sync::oneshot;

pub(crate) use job::{HookCall, HookedJob};

use pending::{Argument, Changes, MODULE, Pending, Prepared, PythonContext, context, run};

use crate::reply;
use crate::slot::lock;

/// An interceptor: its name, and its bound methods. The function `methods` of `invoke_model._hooks` has checked them.
#[derive(Debug, FromPyObject)]
#[pyo3(from_item_all)]
pub(crate) struct Interceptor {
    name: String,
    before_sign: Option<Py<PyAny>>,
    before_send: Option<Py<PyAny>>,
    after_response: Option<Py<PyAny>>,
    after_attempt: Option<Py<PyAny>>,
}

/// Reads interceptors from the list that the function `methods` returns.
pub(crate) fn interceptors(methods: Vec<Interceptor>) -> Vec<Arc<Interceptor>> {
    methods.into_iter().map(Arc::new).collect()
}

/// The exception of a hook.
#[derive(Debug)]
pub(crate) struct HookError {
    pub(crate) exception: PyErr,
    text: String,
}

impl HookError {
    fn new(py: Python<'_>, exception: PyErr) -> Self {
        let text = exception.value(py).to_string();
        let name = exception.get_type(py).name().map_or_else(|_| String::new(), |name| name.to_string());
        let text = if text.is_empty() { name } else { format!("{name}: {text}") };
        Self { exception, text }
    }
}

impl fmt::Display for HookError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl StdError for HookError {}

/// The hooks of one call that wait for its caller.
#[derive(Default)]
pub(crate) struct HookQueue {
    pending: Mutex<VecDeque<Pending>>,
    /// `true` after the call has returned. The caller runs no further hooks then, for example after the head of the
    /// response of a bidirectional call.
    has_returned: AtomicBool,
}

impl HookQueue {
    fn next(&self) -> Option<Pending> {
        lock(&self.pending).pop_front()
    }
}

/// An interceptor of one call.
pub(crate) struct CallInterceptor {
    pub(crate) interceptor: Arc<Interceptor>,
    pub(crate) hook_queue: Arc<HookQueue>,
}

impl CallInterceptor {
    fn pending(&self, argument: Argument, context: &mut InterceptorContext) -> Pending {
        context.extensions_mut().get_or_insert_default::<PythonContext>();
        Pending { interceptor: self.interceptor.clone(), argument, context: context.clone(), reply: None }
    }

    /// Waits until the caller has run a hook.
    async fn ask(
        &self,
        argument: Argument,
        context: &mut InterceptorContext,
    ) -> Result<Changes, Box<dyn StdError + Send + Sync>> {
        let (sender, receiver) = oneshot::channel();
        let pending = Pending { reply: Some(sender), ..self.pending(argument, context) };
        lock(&self.hook_queue.pending).push_back(pending);
        Ok(receiver.await??)
    }
}

impl Intercept for CallInterceptor {
    fn name(&self) -> &str {
        &self.interceptor.name
    }

    fn before_sign<'a>(
        &'a self,
        request: &'a mut request::Parts,
        context: &'a mut InterceptorContext,
    ) -> InterceptorFuture<'a> {
        if self.interceptor.before_sign.is_none() {
            return Box::pin(ready(Ok(())));
        }
        Box::pin(async move {
            for (name, value) in self.ask(Argument::Unsigned(request.clone()), context).await? {
                match value {
                    Some(value) => request.headers.insert(name, value),
                    None => request.headers.remove(name),
                };
            }
            Ok(())
        })
    }

    fn before_send<'a>(
        &'a self,
        request: &'a request::Parts,
        context: &'a mut InterceptorContext,
    ) -> InterceptorFuture<'a> {
        if self.interceptor.before_send.is_none() {
            return Box::pin(ready(Ok(())));
        }
        Box::pin(async move { self.ask(Argument::Signed(request.clone()), context).await.map(drop) })
    }

    fn after_response(
        &self,
        response: &response::Parts,
        interceptor_context: &mut InterceptorContext,
    ) -> Result<(), Box<dyn StdError + Send + Sync>> {
        let Some(function) = &self.interceptor.after_response else { return Ok(()) };
        interceptor_context.extensions_mut().get_or_insert_default::<PythonContext>();
        let run = |py: Python<'_>| {
            let headers = reply::headers(py, &response.headers)?;
            let argument =
                py.import(MODULE)?.call_method1("response", (response.status.as_u16(), headers))?;
            let context = context(py, interceptor_context)?;
            run(py, &Prepared { function: function.bind(py).clone(), argument, context })
        };
        // `None` if the interpreter ends.
        let result = Python::try_attach(|py| run(py).map_err(|exception| HookError::new(py, exception)));
        Ok(result.unwrap_or(Ok(()))?)
    }

    fn after_attempt(&self, attempt: &Attempt, context: &mut InterceptorContext) {
        if self.interceptor.after_attempt.is_none() {
            return;
        }
        let pending = self.pending(Argument::Attempt(Box::new(attempt.clone())), context);
        if self.hook_queue.has_returned.load(Ordering::Acquire) {
            // An exception that cannot be raised does not change the outcome either.
            Python::try_attach(|py| drop(pending.run(py)));
        } else {
            lock(&self.hook_queue.pending).push_back(pending);
        }
    }
}
