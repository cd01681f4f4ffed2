//! The state of a call in progress. The client builds the error or the metadata of the call from this state.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use http::{StatusCode, Uri};
use invoke_model_families::Usage;
use invoke_model_protocol::metrics::ResponseMetrics;
use tokio::time::Instant;
use tracing::Span;

use crate::Client;
use crate::call::{OperationDescription, span};
use crate::error::{Error, ErrorContext, ErrorKind, ServiceErrorDetails, StreamProgress, class};
use crate::intercept::Interception;
use crate::metadata::{Attempt, FailureClass, Metadata, ResponseHead};
use crate::metrics::CallMetrics;

/// The state of a call in progress. The client converts it into an [`ErrorContext`] only if the call fails,
/// because the conversion allocates memory.
#[derive(Clone)]
pub struct CallContext {
    client: Client,
    pub(crate) operation: &'static OperationDescription,
    /// The path and query of the serialized request, without the base path of the endpoint.
    pub(crate) target: Option<Uri>,
    /// The model id of the request, if the path does not contain it.
    pub(crate) model_id: Option<String>,
    /// The span of the call.
    pub(crate) span: Span,
    pub(crate) call_metrics: CallMetrics,
    /// The number of requests sent.
    pub(crate) attempts: u32,
    failed_attempts: Vec<Attempt>,
    /// `true` if the last item of `failed_attempts` is the current attempt.
    current_failed: bool,
    /// The backoff before the current attempt.
    backoff: Duration,
    /// The head of the response to the last attempt.
    pub(crate) response: Option<ResponseHead>,
    /// The interceptors, if the call has any.
    pub(crate) interception: Option<Box<Interception>>,
}

impl CallContext {
    pub(crate) fn new(
        client: Client,
        operation: &'static OperationDescription,
        span: Span,
        interception: Option<Box<Interception>>,
    ) -> Self {
        Self {
            client,
            operation,
            target: None,
            model_id: None,
            span,
            call_metrics: Default::default(),
            attempts: 0,
            failed_attempts: Vec::new(),
            current_failed: false,
            backoff: Duration::ZERO,
            response: None,
            interception,
        }
    }

    /// Starts an attempt.
    pub(crate) fn start_attempt(&mut self) {
        self.response = None;
        if let Some(interception) = &mut self.interception {
            interception.start_attempt(self.attempts + 1);
        }
    }

    /// Returns a copy that records the duration of the call. From then on, this value does not record it.
    pub(crate) fn hand_over(&mut self) -> Self {
        Self { call_metrics: self.call_metrics.hand_over(), ..self.clone() }
    }

    /// Returns the path of the request, without the base path of the endpoint.
    pub(crate) fn path(&self) -> &str {
        self.target.as_ref().map_or("", Uri::path)
    }

    /// Records the head of a response.
    pub(crate) fn record_response<B>(&mut self, response: &http::Response<B>) -> &ResponseHead {
        let mut head = ResponseHead::new(response, self.operation.header_metric);
        if self.client.config().keep_response_headers {
            head.headers = Some(Arc::new(response.headers().clone()));
        }
        self.response.insert(head)
    }

    /// Returns the maximum size of a complete body, if the configuration sets it.
    pub(crate) fn max_body_size(&self) -> Option<u64> {
        self.client.config().max_response_body_size
    }

    /// Returns `true` if a complete body must be read with a limit. An encoded body always has a limit.
    pub(crate) fn limits_body(&self) -> bool {
        self.max_body_size().is_some() || self.response.as_ref().is_some_and(|response| response.is_encoded)
    }

    /// Reports a successful attempt to the callback and to the interceptors.
    pub(crate) fn record_success(&mut self, started: Instant) {
        self.call_metrics.attempt_succeeded();
        if self.client.config().on_attempt.is_none() && self.interception.is_none() {
            return;
        }
        let attempt = self.attempt(None, None, started.elapsed());
        if let Some(callback) = &self.client.config().on_attempt {
            callback.call(&attempt);
        }
        if let Some(interception) = &mut self.interception {
            interception.after_attempt(&attempt);
        }
    }

    /// Records a failed attempt, and reports it to the callback and to the interceptors.
    ///
    /// A failure before the request is sent is not recorded, and not reported to the callback. Examples are
    /// missing credentials and an exceeded quota. Only the error of the call and the interceptors report such
    /// a failure.
    pub(crate) fn record_failure(&mut self, kind: &ErrorKind, duration: Duration) {
        if self.failed_attempts.last().map_or(0, |last| last.number) == self.attempts {
            if self.interception.is_some() {
                let mut attempt = self.attempt(Some(class(kind)), None, duration);
                attempt.number += 1;
                self.interception.iter_mut().for_each(|interception| interception.after_attempt(&attempt));
            }
            return;
        }
        let code = match kind {
            ErrorKind::Service { error, .. } => error.code().map(str::to_owned),
            _ => None,
        };
        let attempt = self.attempt(Some(class(kind)), code, duration);
        self.call_metrics.attempt_failed(class(kind), &span::error_type(kind));
        if kind.is_throttled() {
            self.call_metrics.throttled();
        }
        if let Some(callback) = &self.client.config().on_attempt {
            callback.call(&attempt);
        }
        if let Some(interception) = &mut self.interception {
            interception.after_attempt(&attempt);
        }
        self.failed_attempts.push(attempt);
        self.current_failed = true;
    }

    /// Records the start of the next attempt, and the backoff before it.
    pub(crate) fn start_retry(&mut self, backoff: Duration) {
        let failed = self.failed_attempts.last().filter(|_| self.current_failed);
        if let Some(class) = failed.and_then(|attempt| attempt.class) {
            self.call_metrics.retry(class);
        }
        (self.backoff, self.current_failed) = (backoff, false);
    }

    fn attempt(&self, class: Option<FailureClass>, code: Option<String>, duration: Duration) -> Attempt {
        let response = self.response.as_ref();
        Attempt {
            operation: self.operation.name,
            number: self.attempts,
            class,
            status: response.map(|response| response.status),
            code,
            request_id: self.request_id().map(str::to_owned),
            usage: self.usage(),
            backoff: self.backoff,
            duration,
        }
    }

    pub(crate) fn request_id(&self) -> Option<&str> {
        self.response.as_ref()?.request_id()
    }

    /// Returns the token counts that the response reports.
    pub(crate) fn usage(&self) -> Usage {
        self.response.as_ref().map(ResponseHead::usage).unwrap_or_default()
    }

    /// Returns the metrics of the response. The caller adds the metrics that it finds after the head of the
    /// response.
    pub(crate) fn metrics(&mut self) -> Option<&mut ResponseMetrics> {
        self.response.as_mut().map(|response| &mut response.metrics)
    }

    /// Records the token counts and the stop reason in the span of the call, and the token counts in the
    /// metrics.
    pub(crate) fn record_metrics(&self, usage: Usage) {
        let metrics = self.response.as_ref().map(|response| &response.metrics);
        let stop_reason = metrics.and_then(|metrics| metrics.stop_reason.as_deref());
        span::record_metrics(&self.span, usage, stop_reason);
        self.call_metrics.tokens(usage);
    }

    /// Records the error of the call in its span and in the metrics.
    pub(crate) fn record_error<E: ServiceErrorDetails>(&mut self, kind: &ErrorKind<E>) {
        span::record_error(&self.span, kind);
        self.call_metrics.fail(&span::error_type(kind));
    }

    /// Records the error of an event stream, and the token counts that arrived before it.
    pub(crate) fn record_stream_error<E: ServiceErrorDetails>(&mut self, kind: &ErrorKind<E>, usage: Usage) {
        if kind.is_throttled() {
            self.call_metrics.throttled();
        }
        self.record_metrics(usage);
        self.record_error(kind);
    }

    pub(crate) fn into_metadata(self) -> Metadata {
        let response = self.response.as_ref();
        Metadata {
            status: response.map_or(StatusCode::OK, |response| response.status),
            request_id: self.request_id().map(str::to_owned),
            usage: self.usage(),
            latency: response.and_then(|response| response.metrics.latency_ms).map(Duration::from_millis),
            stop_reason: response
                .and_then(|response| response.metrics.stop_reason.as_deref())
                .map(str::to_owned),
            attempts: self.attempts,
            headers: response.and_then(|response| response.headers.clone()),
            earlier_attempts: self.failed_attempts,
        }
    }

    /// Records the error of the call in its span and in the metrics, and returns it.
    pub(crate) fn fail(mut self, kind: ErrorKind) -> Error {
        self.record_error(&kind);
        self.into_error(kind)
    }

    /// Returns the error of a call that failed before its output was returned.
    pub(crate) fn into_error<E>(mut self, kind: ErrorKind<E>) -> Error<E> {
        if self.current_failed {
            self.failed_attempts.pop();
        }
        Error::new(kind, self.into_error_context(None))
    }

    /// Returns the error of a call whose event stream failed.
    pub(crate) fn stream_error<E>(&self, kind: ErrorKind<E>, received: StreamProgress) -> Error<E> {
        Error::new(kind, self.clone().into_error_context(Some(received)))
    }

    /// Returns the error of a bidirectional call if an event cannot be sent, or if the background task of the
    /// call has ended without a result.
    pub(crate) fn input_error<E>(&self, kind: ErrorKind<E>) -> Error<E> {
        Error::new(kind, self.clone().into_error_context(None))
    }

    fn into_error_context(self, received: Option<StreamProgress>) -> ErrorContext {
        let labels = self.operation.route.labels(self.path()).unwrap_or_default();
        let labels: Vec<_> = labels.into_iter().map(|(name, value)| (name, value.into_owned())).collect();
        let model_id = labels.iter().find(|(name, _)| Some(*name) == self.operation.model_id_label);
        let model_id = model_id.map(|(_, value)| value.clone()).or(self.model_id.clone());
        let config = self.client.config();
        ErrorContext {
            operation: self.operation.name,
            region: config.region().map(str::to_owned),
            endpoint: config.endpoint_url(),
            labels,
            model_id,
            attempts: self.attempts,
            status: self.response.as_ref().map(|response| response.status),
            request_id: self.request_id().map(str::to_owned),
            headers: self.response.as_ref().and_then(|response| response.headers.clone()),
            earlier_attempts: self.failed_attempts,
            received,
            targets: None,
        }
    }
}

impl fmt::Debug for CallContext {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CallContext").field("attempts", &self.attempts).finish_non_exhaustive()
    }
}
