//! What is asked of a model, by whichever operation.

use bytes::Bytes;
use http::{Request, StatusCode};
use invoke_model_protocol::server;
use invoke_model_types::{
    InvokeModel, InvokeModelInput, InvokeModelWithResponseStream, InvokeModelWithResponseStreamInput,
    Operation, PerformanceConfigLatency, ServerOperation, ServiceTierType,
};

use crate::refuse::{CommonError, Refused};

/// How the answer is wanted, which is what the two operations differ in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Mode {
    /// By `InvokeModel`.
    Whole,
    /// By `InvokeModelWithResponseStream`.
    Streamed,
}

impl Mode {
    /// The mode and model id of a request for one of the operations.
    pub(crate) fn route(request: &Request<Bytes>) -> Result<(Self, String), CommonError> {
        let whole = model_id::<InvokeModel>(request).map(|id| (Self::Whole, id));
        let streamed = || model_id::<InvokeModelWithResponseStream>(request).map(|id| (Self::Streamed, id));
        whole.or_else(streamed).ok_or_else(|| {
            let (method, path) = (request.method(), request.uri().path());
            let (one, other) = (InvokeModel::ROUTE, InvokeModelWithResponseStream::ROUTE);
            let message =
                format!("{method} {path} is no operation of this endpoint, which has {one} and {other} only");
            CommonError::new(StatusCode::NOT_FOUND, "UnknownOperationException", message)
        })
    }

    /// The name of the operation, which is that of the permission it needs, too.
    pub(crate) fn operation(self) -> &'static str {
        match self {
            Self::Whole => InvokeModel::NAME,
            Self::Streamed => InvokeModelWithResponseStream::NAME,
        }
    }
}

fn model_id<O: Operation>(request: &Request<Bytes>) -> Option<String> {
    let labels = server::labels::<O>(request).ok()?;
    labels.into_iter().next().map(|(_, value)| value.into_owned())
}

/// The input of either operation, as far as it is looked at: they have the same members.
#[derive(Debug)]
pub(crate) struct Invocation {
    pub(crate) mode: Mode,
    pub(crate) model_id: String,
    pub(crate) body: Bytes,
    pub(crate) content_type: Option<String>,
    pub(crate) accept: Option<String>,
    pub(crate) guardrail_identifier: Option<String>,
    pub(crate) guardrail_version: Option<String>,
    pub(crate) performance_config_latency: Option<PerformanceConfigLatency>,
    pub(crate) service_tier: Option<ServiceTierType>,
}

impl Invocation {
    /// Reads the input of a request and checks it against the model's constraints.
    pub(crate) fn read(mode: Mode, request: &Request<Bytes>) -> Result<Self, Refused> {
        match mode {
            Mode::Whole => read::<InvokeModel>(request).map(Self::from),
            Mode::Streamed => read::<InvokeModelWithResponseStream>(request).map(Self::from),
        }
    }
}

fn read<O: ServerOperation>(request: &Request<Bytes>) -> Result<O::Input, Refused> {
    let input = O::parse_request(request).map_err(|error| Refused::validation(error.to_string()))?;
    let violations = O::violations(&input);
    if violations.is_empty() { Ok(input) } else { Err(Refused::validation(violations.to_string())) }
}

impl From<InvokeModelInput> for Invocation {
    fn from(input: InvokeModelInput) -> Self {
        Self {
            mode: Mode::Whole,
            model_id: input.model_id,
            body: input.body.unwrap_or_default(),
            content_type: input.content_type,
            accept: input.accept,
            guardrail_identifier: input.guardrail_identifier,
            guardrail_version: input.guardrail_version,
            performance_config_latency: input.performance_config_latency,
            service_tier: input.service_tier,
        }
    }
}

impl From<InvokeModelWithResponseStreamInput> for Invocation {
    fn from(input: InvokeModelWithResponseStreamInput) -> Self {
        Self {
            mode: Mode::Streamed,
            model_id: input.model_id,
            body: input.body.unwrap_or_default(),
            content_type: input.content_type,
            accept: input.accept,
            guardrail_identifier: input.guardrail_identifier,
            guardrail_version: input.guardrail_version,
            performance_config_latency: input.performance_config_latency,
            service_tier: input.service_tier,
        }
    }
}
