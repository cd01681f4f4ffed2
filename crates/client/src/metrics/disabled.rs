//! The metrics of a program without the feature `opentelemetry`: no function does anything.

use invoke_model_families::Usage;

use crate::config::Config;
use crate::metadata::FailureClass;
use crate::tags::Tags;

#[derive(Clone)]
pub(crate) struct ClientMetrics;

impl ClientMetrics {
    pub(crate) fn new(_config: &Config) -> Self {
        Self
    }
}

pub(crate) struct QuotaWait;

impl QuotaWait {
    pub(crate) fn start() -> Self {
        Self
    }
}

#[derive(Clone, Default)]
pub(crate) struct CallMetrics;

impl CallMetrics {
    pub(crate) fn start(_metrics: &ClientMetrics, _operation: &'static str) -> Self {
        Self
    }

    pub(crate) fn set_request(&mut self, _model_id: Option<&str>, _tags: &Tags) {}

    pub(crate) fn hand_over(&mut self) -> Self {
        Self
    }

    pub(crate) fn attempt_succeeded(&self) {}

    pub(crate) fn attempt_failed(&self, _class: FailureClass, _error_type: &str) {}

    pub(crate) fn throttled(&self) {}

    pub(crate) fn retry(&self, _class: FailureClass) {}

    pub(crate) fn quota_wait(&self, _wait: &QuotaWait) {}

    pub(crate) fn tokens(&self, _usage: Usage) {}

    pub(crate) fn event(&mut self) {}

    pub(crate) fn succeed(&mut self) {}

    pub(crate) fn fail(&mut self, _error_type: &str) {}
}
