//! The input of `InvokeModel` and `InvokeModelWithResponseStream` as one type.

use bytes::Bytes;
use http::{Request, StatusCode};
use invoke_model_protocol::server;
use invoke_model_types::{
    InvokeModel, InvokeModelInput, InvokeModelWithResponseStream, InvokeModelWithResponseStreamInput,
    Operation, PerformanceConfigLatency, ServerOperation, ServiceTierType,
};

use crate::error_response::{CommonError, ErrorResponse};

/// The kind of response. The two operations differ only in this kind.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ResponseMode {
    /// One JSON document: `InvokeModel`.
    Buffered,
    /// An event stream: `InvokeModelWithResponseStream`.
    Streaming,
}

impl ResponseMode {
    /// Returns the mode and the model id of a request. Returns an error if the method and the path do not
    /// match an operation.
    pub(crate) fn route(request: &Request<Bytes>) -> Result<(Self, String), CommonError> {
        let buffered = model_id::<InvokeModel>(request).map(|id| (Self::Buffered, id));
        let streaming = || model_id::<InvokeModelWithResponseStream>(request).map(|id| (Self::Streaming, id));
        buffered.or_else(streaming).ok_or_else(|| {
            let (method, path) = (request.method(), request.uri().path());
            let (buffered, streaming) = (InvokeModel::ROUTE, InvokeModelWithResponseStream::ROUTE);
            let message = format!(
                "{method} {path} is not supported: the local endpoint serves {buffered} and {streaming} only"
            );
            CommonError::new(StatusCode::NOT_FOUND, "UnknownOperationException", message)
        })
    }

    /// Returns the name of the operation. The IAM action has the same name.
    pub(crate) fn operation(self) -> &'static str {
        match self {
            Self::Buffered => InvokeModel::NAME,
            Self::Streaming => InvokeModelWithResponseStream::NAME,
        }
    }
}

fn model_id<O: Operation>(request: &Request<Bytes>) -> Option<String> {
    let labels = server::labels::<O>(request).ok()?;
    labels.into_iter().next().map(|(_, value)| value.into_owned())
}

/// The members that the endpoint reads from the input of either operation.
#[derive(Debug)]
pub(crate) struct Invocation {
    pub(crate) mode: ResponseMode,
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
    /// Parses the input of a request and checks the constraints of the Smithy model.
    pub(crate) fn read(mode: ResponseMode, request: &Request<Bytes>) -> Result<Self, ErrorResponse> {
        match mode {
            ResponseMode::Buffered => read::<InvokeModel>(request).map(Self::from),
            ResponseMode::Streaming => read::<InvokeModelWithResponseStream>(request).map(Self::from),
        }
    }
}

fn read<O: ServerOperation>(request: &Request<Bytes>) -> Result<O::Input, ErrorResponse> {
    let input = O::parse_request(request).map_err(|error| ErrorResponse::validation(error.to_string()))?;
    let violations = O::violations(&input);
    if violations.is_empty() { Ok(input) } else { Err(ErrorResponse::validation(violations.to_string())) }
}

impl From<InvokeModelInput> for Invocation {
    fn from(input: InvokeModelInput) -> Self {
        Self {
            mode: ResponseMode::Buffered,
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
            mode: ResponseMode::Streaming,
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
