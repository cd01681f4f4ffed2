//! Rows of the matrix.

use std::time::Duration;

use invoke_model_client::{FailureClass, RetryConfig, TimeoutConfig};
use invoke_model_local::FaultRule;

/// A fault, a setting, and the expected outcome.
pub(crate) struct Row {
    pub(crate) operation: Operation,
    /// Description of the fault, for the page.
    pub(crate) fault: &'static str,
    pub(crate) rules: Vec<FaultRule>,
    pub(crate) setting: Setting,
    pub(crate) expected: Observed,
}

/// Operation that is called.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Operation {
    /// InvokeModel.
    Unary,
    /// InvokeModelWithResponseStream.
    Stream,
}

/// Configuration of the client.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Setting {
    /// No setting.
    Default,
    /// `RetryConfig::disabled()`.
    Once,
    /// `RetryConfig::retry_ambiguous`.
    Ambiguous,
    /// A first-byte timeout of 60 seconds.
    FirstByte,
    /// An idle timeout of 60 seconds.
    Idle,
    /// An operation timeout of 60 seconds.
    Operation,
    /// An operation timeout of 60 seconds, and `RetryConfig::retry_ambiguous`.
    OperationAmbiguous,
}

impl Setting {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Default => "default",
            Self::Once => "no retries",
            Self::Ambiguous => "ambiguous retried",
            Self::FirstByte => "first byte 60 s",
            Self::Idle => "idle 60 s",
            Self::Operation => "operation 60 s",
            Self::OperationAmbiguous => "operation 60 s, ambiguous retried",
        }
    }

    /// Returns `true` if the client retries ambiguous failures, so that a call may be billed twice.
    pub(crate) fn retries_ambiguous(self) -> bool {
        matches!(self, Self::Ambiguous | Self::OperationAmbiguous)
    }

    pub(crate) fn retry_config(self) -> RetryConfig {
        let mut config = if self == Self::Once { RetryConfig::disabled() } else { RetryConfig::default() };
        config.retry_ambiguous = self.retries_ambiguous();
        config
    }

    pub(crate) fn timeout_config(self) -> TimeoutConfig {
        let (mut config, minute) = (TimeoutConfig::default(), Some(Duration::from_secs(60)));
        match self {
            Self::FirstByte => config.first_byte = minute,
            Self::Idle => config.idle = minute,
            Self::Operation | Self::OperationAmbiguous => config.operation = minute,
            Self::Default | Self::Once | Self::Ambiguous => {}
        }
        config
    }
}

/// Outcome at the client, and counts of the endpoint.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Observed {
    /// `success`, the error code of the service, or the kind of the failure.
    pub(crate) outcome: String,
    pub(crate) class: Option<FailureClass>,
    /// Attempts that the client reports.
    pub(crate) attempts: u32,
    /// Connections that the endpoint accepted.
    pub(crate) connections: u64,
    /// Requests that the endpoint received completely.
    pub(crate) requests: u64,
    /// Requests that the endpoint executed, and that a service would bill.
    pub(crate) worked_on: u64,
}
