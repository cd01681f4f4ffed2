//! The metrics of one call.

use std::sync::Arc;

use invoke_model_families::Usage;
use opentelemetry::KeyValue;
use tokio::time::Instant;

use super::definitions;
use super::instruments::{CallAttributes, ClientMetrics};
use super::labels;
use crate::metadata::FailureClass;
use crate::tags::Tags;

/// The value of `error.type` if the caller drops a call or a stream before its end.
const CANCELLED: &str = "cancelled";

/// Records the metrics of one call. The default value records nothing.
///
/// A clone records attempts, but not the duration of the call. Only one value of a call has the timer that
/// records the duration: see [`hand_over`](Self::hand_over).
#[derive(Default)]
pub(crate) struct CallMetrics {
    call: Option<Call>,
    timer: Option<Timer>,
}

#[derive(Clone)]
struct Call {
    metrics: ClientMetrics,
    operation: &'static str,
    /// The attributes of the call, or `None` if its model and its tags are not known yet.
    attributes: Option<Arc<CallAttributes>>,
}

struct Timer {
    started: Instant,
    /// The time of the last event of the stream.
    last_event: Option<Instant>,
}

/// Measures the time that an attempt waits for the quota limiter.
pub(crate) struct QuotaWait(Instant);

impl QuotaWait {
    pub(crate) fn start() -> Self {
        Self(Instant::now())
    }
}

impl CallMetrics {
    /// Starts the timer of a call.
    pub(crate) fn start(metrics: &ClientMetrics, operation: &'static str) -> Self {
        Self {
            call: Some(Call { metrics: metrics.clone(), operation, attributes: None }),
            timer: Some(Timer { started: Instant::now(), last_event: None }),
        }
    }

    /// Sets the model id and the tags of the call.
    pub(crate) fn set_request(&mut self, model_id: Option<&str>, tags: &Tags) {
        if let Some(call) = &mut self.call {
            let instruments = call.metrics.instruments();
            call.attributes = Some(instruments.call_attributes(call.operation, model_id, tags));
        }
    }

    /// Moves the timer into the returned value.
    pub(crate) fn hand_over(&mut self) -> Self {
        Self { call: self.call.clone(), timer: self.timer.take() }
    }

    /// Records a successful attempt.
    pub(crate) fn attempt_succeeded(&self) {
        let Some(call) = &self.call else { return };
        call.metrics.instruments().attempts.add(1, &call.attributes().call);
    }

    /// Records a failed attempt.
    pub(crate) fn attempt_failed(&self, class: FailureClass, error_type: &str) {
        let Some(call) = &self.call else { return };
        let instruments = call.metrics.instruments();
        let more = [class_attribute(class), instruments.error_type(error_type)];
        instruments.attempts.add(1, &call.with(&more));
    }

    /// Records that the service throttled an attempt or a stream.
    pub(crate) fn throttled(&self) {
        let Some(call) = &self.call else { return };
        call.metrics.instruments().throttles.add(1, &call.attributes().call);
    }

    /// Records a retry of an attempt that failed with this class.
    pub(crate) fn retry(&self, class: FailureClass) {
        let Some(call) = &self.call else { return };
        call.metrics.instruments().retries.add(1, &call.with(&[class_attribute(class)]));
    }

    /// Records the time that an attempt waited for the quota limiter.
    pub(crate) fn quota_wait(&self, wait: &QuotaWait) {
        let Some(call) = &self.call else { return };
        let waited = wait.0.elapsed().as_secs_f64();
        call.metrics.instruments().quota_wait.record(waited, &call.attributes().call);
    }

    /// Records the token counts of the call.
    pub(crate) fn tokens(&self, usage: Usage) {
        let Some(call) = &self.call else { return };
        let (token_usage, attributes) = (&call.metrics.instruments().token_usage, call.attributes());
        if let Some(tokens) = usage.total_input_tokens() {
            token_usage.record(tokens, &attributes.input_tokens);
        }
        if let Some(tokens) = usage.output_tokens {
            token_usage.record(tokens, &attributes.output_tokens);
        }
    }

    /// Records an event of the stream.
    pub(crate) fn event(&mut self) {
        let (Some(call), Some(timer)) = (&self.call, &mut self.timer) else { return };
        let Some(attributes) = &call.attributes else { return };
        let (instruments, now) = (call.metrics.instruments(), Instant::now());
        let (histogram, since) = match timer.last_event.replace(now) {
            None => (&instruments.time_to_first_chunk, timer.started),
            Some(last) => (&instruments.time_per_output_chunk, last),
        };
        histogram.record((now - since).as_secs_f64(), &attributes.call);
    }

    /// Records the duration of a call that succeeded. Does nothing if this value does not have the timer.
    pub(crate) fn succeed(&mut self) {
        let (Some(call), Some(timer)) = (&self.call, self.timer.take()) else { return };
        let duration = timer.started.elapsed().as_secs_f64();
        call.metrics.instruments().operation_duration.record(duration, &call.attributes().call);
    }

    /// Records the duration of a call that failed. Does nothing if this value does not have the timer.
    pub(crate) fn fail(&mut self, error_type: &str) {
        let (Some(call), Some(timer)) = (&self.call, self.timer.take()) else { return };
        let (instruments, duration) = (call.metrics.instruments(), timer.started.elapsed().as_secs_f64());
        instruments.operation_duration.record(duration, &call.with(&[instruments.error_type(error_type)]));
    }
}

impl Call {
    fn attributes(&self) -> Arc<CallAttributes> {
        match &self.attributes {
            Some(attributes) => Arc::clone(attributes),
            None => self.metrics.instruments().call_attributes(self.operation, None, &Tags::new()),
        }
    }

    /// Returns the attributes of the call, and `more`.
    fn with(&self, more: &[KeyValue]) -> Vec<KeyValue> {
        [&self.attributes().call[..], more].concat()
    }
}

fn class_attribute(class: FailureClass) -> KeyValue {
    KeyValue::new(definitions::FAILURE_CLASS, labels::failure_class(class))
}

impl Clone for CallMetrics {
    fn clone(&self) -> Self {
        Self { call: self.call.clone(), timer: None }
    }
}

impl Drop for CallMetrics {
    fn drop(&mut self) {
        self.fail(CANCELLED);
    }
}
