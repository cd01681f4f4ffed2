//! The context in which a handler processes a call.

use std::cell::Cell;
use std::time::{Duration, SystemTime};

use invoke_model_types::endpoint::partition;

use crate::conversation::PartReceiver;
use crate::families::{self, Model};
use crate::fault::ModelReply;
use crate::guardrail::{GuardedCall, Scope};
use crate::service_error::ServiceError;
use crate::state::EndpointState;

/// The context of a call.
pub(crate) struct CallContext<'a> {
    pub(crate) state: &'a EndpointState,
    /// The IAM action of the operation.
    pub(crate) action: &'static str,
    /// The region of the caller.
    pub(crate) region: &'a str,
    /// The time at which the request was received.
    pub(crate) now: SystemTime,
    /// The delay before the endpoint sends the response. The delay is zero by default. A fault can set a
    /// delay.
    pub(crate) delay: Duration,
    /// The output of the model, if a rule or an upstream gave it.
    pub(crate) output: Cell<Option<ModelOutput>>,
    /// `true` if the handler only checks the request, before an upstream gets it. The response is discarded, so
    /// the check must not change the prompt cache.
    pub(crate) is_check: bool,
}

/// The output of a model. It comes from a rule or an upstream, and not from the simulation.
pub(crate) enum ModelOutput {
    /// A complete reply.
    Reply(ModelReply),
    /// The parts of a reply that an upstream generates while the response is sent.
    Parts(PartReceiver),
}

impl<'a> CallContext<'a> {
    /// Finds the model for a model id or ARN, and checks that the caller may invoke it.
    ///
    /// # Errors
    /// Returns an error if the region of an ARN is not the region of the caller, if the model does not exist,
    /// or if the access policy denies the call.
    pub(crate) fn model(&self, model_id: &str) -> Result<Model, ServiceError> {
        check_region(model_id, self.region)?;
        let model = families::resolve(model_id)?.ok_or_else(ServiceError::unknown_model)?;
        self.state.policy.check(self.action, model_id, model.id, self.region)?;
        Ok(model)
    }

    /// Finds the guardrail that a call of a model names. `scope` is the scope of the trace, if the request asks
    /// for a trace.
    ///
    /// # Errors
    /// Returns an error if the guardrail does not exist.
    pub(crate) fn guarded_call(
        &self,
        identifier: &str,
        version: &str,
        scope: Option<Scope>,
    ) -> Result<GuardedCall<'a>, ServiceError> {
        let found = self.state.guardrails.find(identifier, version, self.region);
        let guardrail = found.map_err(|unknown| unknown.invalid())?;
        Ok(GuardedCall::new(guardrail, scope, self.region))
    }

    /// Takes the output of the model, if a rule or an upstream gave it.
    pub(crate) fn take_output(&self) -> Option<ModelOutput> {
        self.output.take()
    }

    /// Returns the latency of a response that is not a stream, in milliseconds.
    pub(crate) fn latency_ms(&self) -> i64 {
        i64::try_from(self.delay.as_millis()).unwrap_or(i64::MAX)
    }
}

/// Checks that an ARN is an ARN of `region` and of the partition of this region. Accepts an id, and an ARN
/// without a region. The error has the message that the service returns for an ARN of another region.
pub(super) fn check_region(model_id: &str, region: &str) -> Result<(), ServiceError> {
    let Some(arn) = model_id.strip_prefix("arn:") else { return Ok(()) };
    let mut parts = arn.split(':');
    let (arn_partition, arn_region) = (parts.next(), parts.nth(1));
    let is_partition = arn_partition.is_none_or(|name| name == partition(region).name);
    let is_region = arn_region.is_none_or(|name| name.is_empty() || name == region);
    match is_partition && is_region {
        true => Ok(()),
        false => Err(ServiceError::validation("The provided model identifier is invalid.")),
    }
}
