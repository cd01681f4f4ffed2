//! A row of the matrix.

use std::time::Duration;

use invoke_model_client::{FailureClass, RetryConfig, TimeoutConfig};
use invoke_model_local::FaultRule;

/// A fault of the endpoint, a setting of the client, and the expected result.
pub(crate) struct Row {
    pub(crate) operation: Operation,
    /// Description of the fault on the page.
    pub(crate) fault: &'static str,
    pub(crate) rules: Vec<FaultRule>,
    pub(crate) situation: Situation,
    pub(crate) setting: Setting,
    pub(crate) expected: Observed,
}

/// Operation that the row calls.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Operation {
    InvokeModel,
    InvokeModelWithResponseStream,
    /// An operation that the model marks as idempotent.
    CountTokens,
}

/// The situation in which the call starts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Situation {
    /// The client has no other calls, and the endpoint has no TLS.
    Normal,
    /// Another call uses the only connection of the client for [`OCCUPIED`]. The rules affect this call too.
    /// The numbers of the row do not contain this call.
    NoFreeConnection,
    /// The client uses TLS, and its connect timeout is two minutes.
    Tls,
}

/// The time for which another call uses the only connection.
pub(crate) const OCCUPIED: Duration = Duration::from_secs(62);

/// Settings of the client.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Setting {
    Default,
    /// `RetryConfig::disabled()`.
    NoRetries,
    /// `RetryConfig::retry_ambiguous`.
    RetryAmbiguous,
    /// A first-byte timeout of one minute.
    FirstByte,
    /// An idle timeout of one minute.
    Idle,
    /// An operation timeout of one minute.
    Operation,
    /// An operation timeout of one minute, and `RetryConfig::retry_ambiguous`.
    OperationRetryAmbiguous,
}

impl Setting {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Default => "default",
            Self::NoRetries => "no retries",
            Self::RetryAmbiguous => "`retry_ambiguous`",
            Self::FirstByte => "`first_byte` 60 s",
            Self::Idle => "`idle` 60 s",
            Self::Operation => "`operation` 60 s",
            Self::OperationRetryAmbiguous => "`operation` 60 s, `retry_ambiguous`",
        }
    }

    /// Returns `true` if the client retries ambiguous failures. A request may be billed twice after such a
    /// retry.
    pub(crate) fn retries_ambiguous(self) -> bool {
        matches!(self, Self::RetryAmbiguous | Self::OperationRetryAmbiguous)
    }

    pub(crate) fn retry_config(self) -> RetryConfig {
        let retries = if self == Self::NoRetries { RetryConfig::disabled() } else { RetryConfig::standard() };
        retries.retry_ambiguous(self.retries_ambiguous())
    }

    pub(crate) fn timeout_config(self) -> TimeoutConfig {
        let (timeouts, minute) = (TimeoutConfig::default(), Duration::from_secs(60));
        match self {
            Self::FirstByte => timeouts.first_byte(minute),
            Self::Idle => timeouts.idle(minute),
            Self::Operation | Self::OperationRetryAmbiguous => timeouts.operation(minute),
            Self::Default | Self::NoRetries | Self::RetryAmbiguous => timeouts,
        }
    }
}

/// Result that the client returned, and numbers that the endpoint counted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Observed {
    /// `success`, the error code of the service, or the kind of the failure.
    pub(crate) outcome: String,
    pub(crate) class: Option<FailureClass>,
    /// Number of attempts that the client reports.
    pub(crate) attempts: u32,
    /// Number of connections that the endpoint accepted.
    pub(crate) connections: u64,
    /// Number of requests that the endpoint read completely.
    pub(crate) requests: u64,
    /// Number of requests that the endpoint executed. A service would bill these requests.
    pub(crate) executed: u64,
}
