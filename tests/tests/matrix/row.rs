//! A row of the matrix.

use std::time::Duration;

use invoke_model_client::{FailureClass, RetryConfig, TimeoutConfig};
use invoke_model_local::FaultRule;

/// A fault, a setting, and what comes of them.
pub(crate) struct Row {
    pub(crate) operation: Operation,
    /// In words, for the page.
    pub(crate) fault: &'static str,
    pub(crate) rules: Vec<FaultRule>,
    pub(crate) setting: Setting,
    pub(crate) expected: Observed,
}

/// Which operation is called.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Operation {
    /// InvokeModel.
    Whole,
    /// InvokeModelWithResponseStream.
    Stream,
}

/// What the caller has set.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Setting {
    /// Nothing.
    Default,
    /// `RetryConfig::disabled()`.
    Once,
    /// `RetryConfig::retry_ambiguous`.
    Ambiguous,
    /// A first-byte deadline of a minute.
    FirstByte,
    /// An idle deadline of a minute.
    Idle,
    /// A total deadline of a minute.
    Total,
    /// The same, and `RetryConfig::retry_ambiguous`.
    TotalAmbiguous,
}

impl Setting {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Default => "default",
            Self::Once => "no retries",
            Self::Ambiguous => "ambiguous retried",
            Self::FirstByte => "first byte 60 s",
            Self::Idle => "idle 60 s",
            Self::Total => "total 60 s",
            Self::TotalAmbiguous => "total 60 s, ambiguous retried",
        }
    }

    /// Whether the caller has said that twice may be billed.
    pub(crate) fn risks_twice(self) -> bool {
        matches!(self, Self::Ambiguous | Self::TotalAmbiguous)
    }

    pub(crate) fn retry_config(self) -> RetryConfig {
        let mut retries = if self == Self::Once { RetryConfig::disabled() } else { RetryConfig::default() };
        retries.retry_ambiguous = self.risks_twice();
        retries
    }

    pub(crate) fn timeout_config(self) -> TimeoutConfig {
        let (mut deadlines, minute) = (TimeoutConfig::default(), Some(Duration::from_secs(60)));
        match self {
            Self::FirstByte => deadlines.first_byte = minute,
            Self::Idle => deadlines.idle = minute,
            Self::Total | Self::TotalAmbiguous => deadlines.operation = minute,
            Self::Default | Self::Once | Self::Ambiguous => {}
        }
        deadlines
    }
}

/// What came of it, at the client and at the endpoint.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Observed {
    /// `answered`, the code of the service's error, or the kind of the failure.
    pub(crate) outcome: String,
    pub(crate) class: Option<FailureClass>,
    /// How often the client says that it was sent.
    pub(crate) attempts: u32,
    /// Connections that the endpoint accepted.
    pub(crate) connections: u64,
    /// Requests that the endpoint read whole.
    pub(crate) requests: u64,
    /// Requests that were worked on, and would be billed.
    pub(crate) worked_on: u64,
}
