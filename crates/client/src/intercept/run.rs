//! Runs the interceptors of a call.

use std::error::Error;
use std::future::poll_fn;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::pin;
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;

use http::header::{HOST, HeaderValue};
use http::uri::Scheme;
use http::{HeaderName, Method, Response, Uri, Version, request};
use tokio::time::{Instant, timeout};

use super::Intercept;
use super::context::InterceptorContext;
use super::error::{Hook, InterceptorError, InterceptorErrorKind};
use crate::call::{MAX_HEADERS, RESERVED_HEADERS};
use crate::config::Config;
use crate::error::ErrorKind;
use crate::metadata::Attempt;
use crate::tags::Tags;
use crate::timeout::OperationTimer;

/// The interceptors of a call, and their context. A call has this value only if it has an interceptor.
#[derive(Clone)]
pub(crate) struct Interception {
    /// The interceptors of the client, and then the interceptors of the call.
    interceptors: Vec<Arc<dyn Intercept>>,
    /// The time that a hook may take before the request is sent.
    limit: Option<Duration>,
    context: InterceptorContext,
}

/// The result of a hook.
type HookResult = Result<(), Box<dyn Error + Send + Sync>>;

impl Interception {
    /// Creates the value for a call. Returns `None` if neither the client nor the call has an interceptor.
    pub(crate) fn new(
        operation: &'static str,
        config: &Config,
        of_call: Vec<Arc<dyn Intercept>>,
        limit: Option<Duration>,
    ) -> Option<Box<Self>> {
        if config.interceptors.is_empty() && of_call.is_empty() {
            return None;
        }
        let interceptors = config.interceptors.iter().cloned().chain(of_call).collect();
        let region = config.region().map(str::to_owned);
        let context = InterceptorContext { operation, region, attempt: 1, ..InterceptorContext::default() };
        Some(Box::new(Self { interceptors, limit, context }))
    }

    /// Sets the model id and the tags in the context.
    pub(crate) fn set_request(&mut self, model_id: Option<&str>, tags: &Arc<Tags>) {
        self.context.tags = tags.clone();
        self.context.model_id = model_id.map(str::to_owned);
    }

    /// Starts an attempt. The first attempt has the number 1.
    pub(crate) fn start_attempt(&mut self, number: u32) {
        self.context.attempt = number;
    }

    /// Runs the hooks `before_sign`, and checks what they have changed.
    pub(crate) async fn before_sign(
        &mut self,
        request: &mut request::Parts,
        timer: &OperationTimer,
    ) -> Result<(), ErrorKind> {
        // The transport derives the header from the URI. It is added here, because an interceptor expects the
        // header, and so that its removal is noticed.
        if let Some(host) = host(&request.uri) {
            request.headers.insert(HOST, host);
        }
        let original = Original::new(request);
        for interceptor in &self.interceptors {
            let (request, context) = (&mut *request, &mut self.context);
            // The hook is called in the future, because the call itself may panic.
            let hook = async { interceptor.before_sign(request, context).await };
            run(&**interceptor, Hook::BeforeSign, hook, self.limit, timer).await?;
            if let Some(kind) = original.change(request) {
                return Err(error(&**interceptor, Hook::BeforeSign, kind).into());
            }
        }
        request.headers.remove(HOST);
        Ok(())
    }

    /// Runs the hooks `before_send`.
    pub(crate) async fn before_send(
        &mut self,
        request: &request::Parts,
        timer: &OperationTimer,
    ) -> Result<(), ErrorKind> {
        for interceptor in &self.interceptors {
            let hook = async { interceptor.before_send(request, &mut self.context).await };
            run(&**interceptor, Hook::BeforeSend, hook, self.limit, timer).await?;
        }
        Ok(())
    }

    /// Runs the hooks `after_response`.
    pub(crate) fn after_response<B>(
        &mut self,
        response: Response<B>,
    ) -> Result<Response<B>, InterceptorError> {
        let (head, body) = response.into_parts();
        for interceptor in self.interceptors.iter().rev() {
            let hook = || interceptor.after_response(&head, &mut self.context);
            let outcome = catch_unwind(AssertUnwindSafe(hook));
            check(&**interceptor, Hook::AfterResponse, outcome)?;
        }
        Ok(Response::from_parts(head, body))
    }

    /// Runs the hooks `after_attempt`.
    pub(crate) fn after_attempt(&mut self, attempt: &Attempt) {
        for interceptor in self.interceptors.iter().rev() {
            let hook = || interceptor.after_attempt(attempt, &mut self.context);
            // The outcome of the attempt is known, and the caller has paid for a successful attempt. Therefore
            // a panic must not replace the outcome.
            if catch_unwind(AssertUnwindSafe(hook)).is_err() {
                tracing::error!(interceptor = interceptor.name(), "after_attempt panicked");
            }
        }
    }
}

/// Waits for a hook.
///
/// # Errors
/// Returns an error if the hook refuses the request, panics or takes too long.
async fn run(
    interceptor: &dyn Intercept,
    hook: Hook,
    future: impl Future<Output = HookResult>,
    limit: Option<Duration>,
    timer: &OperationTimer,
) -> Result<(), ErrorKind> {
    let mut future = pin!(future);
    let caught = poll_fn(|cx| match catch_unwind(AssertUnwindSafe(|| future.as_mut().poll(cx))) {
        Ok(polled) => polled.map(Ok),
        Err(panic) => Poll::Ready(Err(panic)),
    });
    let started = Instant::now();
    let outcome = match limit {
        Some(limit) => timer.bound(timeout(limit, caught)).await?.map_err(|_| limit),
        None => Ok(timer.bound(caught).await?),
    };
    match outcome {
        Ok(outcome) => check(interceptor, hook, outcome)?,
        Err(limit) => return Err(error(interceptor, hook, InterceptorErrorKind::TimedOut(limit)).into()),
    }
    // The hook may have blocked its thread, so that no timeout could interrupt it.
    timer.check().await?;
    match limit {
        Some(limit) if started.elapsed() > limit => {
            Err(error(interceptor, hook, InterceptorErrorKind::TimedOut(limit)).into())
        }
        _ => Ok(()),
    }
}

/// Converts the outcome of a hook. The outer error of the outcome is a panic.
fn check(
    interceptor: &dyn Intercept,
    hook: Hook,
    outcome: std::thread::Result<HookResult>,
) -> Result<(), InterceptorError> {
    let kind = match outcome {
        Ok(Ok(())) => return Ok(()),
        Ok(Err(reason)) => InterceptorErrorKind::Refused(reason.into()),
        Err(_) => InterceptorErrorKind::Panicked,
    };
    Err(error(interceptor, hook, kind))
}

fn error(interceptor: &dyn Intercept, hook: Hook, kind: InterceptorErrorKind) -> InterceptorError {
    InterceptorError { interceptor: interceptor.name().to_owned(), hook, kind }
}

/// The parts of a request that an interceptor must not change.
struct Original {
    method: Method,
    uri: Uri,
    version: Version,
    /// The first value of each header in [`RESERVED_HEADERS`].
    headers: Vec<Option<HeaderValue>>,
}

impl Original {
    fn new(request: &request::Parts) -> Self {
        let headers = RESERVED_HEADERS.iter().map(|name| request.headers.get(*name).cloned()).collect();
        let request::Parts { method, uri, version, .. } = request;
        Self { method: method.clone(), uri: uri.clone(), version: *version, headers }
    }

    /// Returns the error if a request differs from the original.
    fn change(&self, request: &request::Parts) -> Option<InterceptorErrorKind> {
        let parts = [
            ("method", self.method == request.method),
            ("URI", self.uri == request.uri),
            ("HTTP version", self.version == request.version),
        ];
        if let Some((part, _)) = parts.into_iter().find(|(_, is_equal)| !is_equal) {
            return Some(InterceptorErrorKind::Request(part));
        }
        if request.headers.len() > MAX_HEADERS {
            return Some(InterceptorErrorKind::TooManyHeaders(request.headers.len()));
        }
        let changed = RESERVED_HEADERS.iter().zip(&self.headers).find(|(name, original)| {
            let mut values = request.headers.get_all(**name).iter();
            values.next() != original.as_ref() || values.next().is_some()
        });
        changed.map(|(name, _)| InterceptorErrorKind::Header(HeaderName::from_static(name)))
    }
}

/// Returns the value of the `host` header. It does not contain the default port of the scheme.
fn host(uri: &Uri) -> Option<HeaderValue> {
    let authority = uri.authority()?;
    let default_port = if uri.scheme() == Some(&Scheme::HTTP) { 80 } else { 443 };
    let host = match authority.port_u16() {
        Some(port) if port == default_port => authority.host(),
        _ => authority.as_str(),
    };
    HeaderValue::from_str(host).ok()
}
