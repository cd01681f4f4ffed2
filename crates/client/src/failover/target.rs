//! Targets, and the facts about targets that did not answer a call.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use super::breaker::CircuitState;
use crate::client::Client;
use crate::error::Error;

/// A target of a [`Failover`](crate::Failover): a client and, optionally, a model.
///
/// The client determines the region, the endpoint, the credentials, the quota limiter, the timeouts and the
/// retries of calls to this target.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct FailoverTarget {
    /// The name. Outputs and errors contain it.
    pub name: String,
    /// The client.
    pub client: Client,
    /// The id or ARN of a model or of an inference profile. It replaces the model id of each call. Default:
    /// `None`, which keeps the model id of the call.
    ///
    /// Operations without a model id, such as `ApplyGuardrail`, ignore this setting, because one list can serve
    /// all operations. Raw requests ignore it too, because their model is part of the path or the body.
    pub model_id: Option<String>,
}

impl FailoverTarget {
    /// Creates a target that keeps the model id of each call.
    pub fn new(name: impl Into<String>, client: Client) -> Self {
        Self { name: name.into(), client, model_id: None }
    }

    /// Sets [`model_id`](Self::model_id).
    #[must_use]
    pub fn model_id(self, model_id: impl Into<String>) -> Self {
        Self { model_id: Some(model_id.into()), ..self }
    }

    /// Returns `true` if a call to `other` would be the same call.
    pub(super) fn is_same(&self, other: &Self) -> bool {
        let (config, other_config) = (self.client.config(), other.client.config());
        self.model_id == other.model_id
            && config.region() == other_config.region()
            && config.endpoint_url() == other_config.endpoint_url()
            && config.authentication.is_same(&other_config.authentication)
    }
}

/// A target of a [`Failover`](crate::Failover) that did not answer a call.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct OtherTarget {
    /// The name of the target.
    pub name: String,
    /// The reason.
    pub reason: OtherTargetReason,
}

/// The reason why a target did not answer a call.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum OtherTargetReason {
    /// The call failed on this target, and then moved to the next target.
    Failed(Arc<Error>),
    /// The call skipped the target, because its circuit breaker was not closed. The client sent no request.
    Skipped {
        /// The state of the breaker.
        state: CircuitState,
        /// The text of the last failure of the target.
        last_failure: Option<Arc<str>>,
    },
}

impl fmt::Display for OtherTarget {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "target `{}`", self.name)?;
        match &self.reason {
            OtherTargetReason::Failed(error) if f.alternate() => write!(f, ": {error:#}"),
            OtherTargetReason::Failed(error) => write!(f, ": {error}"),
            OtherTargetReason::Skipped { state, last_failure } => {
                match state {
                    CircuitState::Open { remaining } => {
                        let seconds = remaining.max(&Duration::from_secs(1)).as_secs();
                        write!(f, " skipped: its circuit breaker is open for another {seconds} s")?;
                    }
                    _ => f.write_str(" skipped: its circuit breaker is half-open, and a probe is running")?,
                }
                last_failure.as_ref().map_or(Ok(()), |text| write!(f, "; its last failure: {text}"))
            }
        }
    }
}

/// The current state of a target: see [`Failover::status`](crate::Failover::status).
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct TargetStatus {
    /// The name of the target.
    pub name: String,
    /// The state of the circuit breaker.
    pub state: CircuitState,
    /// The text of the last failure that the breaker has counted.
    pub last_failure: Option<Arc<str>>,
}

/// The targets of a call that failed.
#[derive(Clone, Debug)]
pub(crate) struct FailedTargets {
    /// The name of the target whose error the call returned.
    pub(crate) target: String,
    pub(crate) others: Vec<OtherTarget>,
}
