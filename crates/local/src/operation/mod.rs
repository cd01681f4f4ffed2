//! The operations of the endpoint: one file with one [`OperationHandler`] for each operation.
//!
//! A handler converts the typed input of its operation into the typed output, or into an output and the
//! events that follow it. The module `handler` does everything else for all operations. It routes and
//! authenticates the request, applies faults and quotas, and logs the call. [`OperationEntry`] parses the
//! request and checks the constraints of the Smithy model.
//!
//! To add an operation, implement [`OperationHandler`] in a new file, and add the handler to [`OPERATIONS`].

mod apply_guardrail;
mod cached_body;
mod call_context;
mod converse;
mod converse_stream;
mod count_tokens;
mod get_async_invoke;
mod guarded_body;
mod invocation;
mod invoke_guardrail_checks;
mod invoke_model;
mod invoke_model_with_bidirectional_stream;
mod invoke_model_with_response_stream;
mod list_async_invokes;
mod reply;
mod start_async_invoke;
mod validation;

use bytes::Bytes;
use http::request::Parts;
use http::{Method, Request, StatusCode};
use invoke_model_protocol::{Operation, Route, ServerOperation};
use invoke_model_types::InvokeModelWithBidirectionalStream;

use crate::base_path::BasePath;
use crate::families::{self, ModelModality};
use crate::service_error::ServiceError;

pub(crate) use call_context::{CallContext, ModelOutput};
#[cfg(test)]
pub(crate) use invoke_model_with_response_stream::events;
pub(crate) use reply::{GuardedInput, Reply, SerializedReply, TokenUsage};

/// All operations of the endpoint.
pub(crate) static OPERATIONS: [OperationEntry; 11] = [
    OperationEntry::of::<invoke_model::InvokeModelHandler>(),
    OperationEntry::of::<invoke_model_with_response_stream::InvokeModelWithResponseStreamHandler>(),
    OperationEntry::of::<converse::ConverseHandler>(),
    OperationEntry::of::<converse_stream::ConverseStreamHandler>(),
    OperationEntry::of::<count_tokens::CountTokensHandler>(),
    OperationEntry::of::<apply_guardrail::ApplyGuardrailHandler>(),
    OperationEntry::of::<invoke_guardrail_checks::InvokeGuardrailChecksHandler>(),
    OperationEntry::of::<start_async_invoke::StartAsyncInvokeHandler>(),
    OperationEntry::of::<get_async_invoke::GetAsyncInvokeHandler>(),
    OperationEntry::of::<list_async_invokes::ListAsyncInvokesHandler>(),
    OperationEntry::of::<invoke_model_with_bidirectional_stream::InvokeModelWithBidirectionalStreamHandler>(),
];

/// The implementation of one operation.
///
/// A handler is a pure function of the input, the state of the endpoint and the time. It calls
/// [`CallContext::model`] to find the model of the call and to check the access policy.
pub(crate) trait OperationHandler: 'static {
    /// The operation.
    type Operation: ServerOperation;

    /// The IAM action that the access policy denies or allows. The default is the name of the operation. Some
    /// operations share the action of another operation.
    const ACTION: &'static str = <Self::Operation as Operation>::NAME;

    /// `true` if the service bills successful calls.
    const IS_BILLED: bool = true;

    /// `true` if the response is a stream of events.
    const IS_STREAMING: bool = false;

    /// `true` if a text model generates the response. A rule or an upstream can replace this response.
    const GENERATES_TEXT: bool = false;

    /// Returns the response to an input that satisfies the constraints of the Smithy model.
    ///
    /// # Errors
    /// Returns the error that the endpoint responds with.
    fn handle(
        call: &CallContext<'_>,
        input: <Self::Operation as Operation>::Input,
    ) -> Result<Reply<Self::Operation>, ServiceError>;
}

/// An operation of the endpoint, without the type of its handler.
#[derive(Debug)]
pub(crate) struct OperationEntry {
    pub(crate) name: &'static str,
    pub(crate) action: &'static str,
    pub(crate) is_billed: bool,
    pub(crate) is_streaming: bool,
    generates_text: bool,
    route: Route,
    model_id_label: Option<&'static str>,
    respond: fn(&CallContext<'_>, &Request<Bytes>) -> Result<SerializedReply, ServiceError>,
}

impl OperationEntry {
    const fn of<H: OperationHandler>() -> Self {
        Self {
            name: H::Operation::NAME,
            action: H::ACTION,
            is_billed: H::IS_BILLED,
            is_streaming: H::IS_STREAMING,
            generates_text: H::GENERATES_TEXT,
            route: H::Operation::ROUTE,
            model_id_label: H::Operation::MODEL_ID_LABEL,
            respond: respond::<H>,
        }
    }

    /// Parses a request and returns the response.
    ///
    /// # Errors
    /// Returns the error that the endpoint responds with.
    pub(crate) fn respond(
        &self,
        call: &CallContext<'_>,
        request: &Request<Bytes>,
    ) -> Result<SerializedReply, ServiceError> {
        (self.respond)(call, request)
    }

    /// Returns `true` if a text model generates the response.
    pub(crate) fn generates_text(&self, model_id: &str) -> bool {
        let model = families::resolve(model_id).ok().flatten();
        self.generates_text && model.is_some_and(|model| model.output_modality() == ModelModality::Text)
    }

    /// Returns the model id in the path of a request. Returns an empty string if the path of this operation
    /// has no model id, and `None` if the method and the path do not match this operation.
    fn model_id(&self, method: &Method, path: &str) -> Option<String> {
        let is_method = *method == self.route.method;
        let labels = is_method.then(|| self.route.labels(path)).flatten()?;
        let model_id = labels.into_iter().find(|(name, _)| Some(*name) == self.model_id_label);
        Some(model_id.map(|(_, value)| value.into_owned()).unwrap_or_default())
    }
}

/// Returns the operation and the model id of a request.
///
/// # Errors
/// Returns an error if the method and the path do not match an operation of the endpoint.
pub(crate) fn route(
    request: &Request<Bytes>,
    base_path: &BasePath,
) -> Result<(&'static OperationEntry, String), ServiceError> {
    let (method, path) = (request.method(), request.uri().path());
    let found = base_path.strip(path).and_then(|path| {
        OPERATIONS.iter().find_map(|operation| Some((operation, operation.model_id(method, path)?)))
    });
    found.ok_or_else(|| {
        let prefixed =
            |route: &Route| route.to_string().replacen(' ', &format!(" {}", base_path.as_str()), 1);
        let routes: Vec<_> = OPERATIONS
            .iter()
            .map(|operation| format!("{} ({})", operation.name, prefixed(&operation.route)))
            .collect();
        let message =
            format!("{method} {path} is not supported: the local endpoint has only {}", routes.join(", "));
        ServiceError::new(StatusCode::NOT_FOUND, "UnknownOperationException", message)
    })
}

/// Returns `true` if the response to a request begins before the request is complete.
pub(crate) fn is_bidirectional(parts: &Parts, base_path: &BasePath) -> bool {
    let route = InvokeModelWithBidirectionalStream::ROUTE;
    let path = base_path.strip(parts.uri.path());
    parts.method == route.method && path.is_some_and(|path| route.labels(path).is_some())
}

/// Returns the names of all operations of the endpoint.
pub(crate) fn names() -> Vec<&'static str> {
    OPERATIONS.iter().map(|operation| operation.name).collect()
}

fn respond<H: OperationHandler>(
    call: &CallContext<'_>,
    request: &Request<Bytes>,
) -> Result<SerializedReply, ServiceError> {
    let input =
        H::Operation::parse_request(request).map_err(|error| ServiceError::validation(error.to_string()))?;
    // A missing member has the zero value of its type, which can violate other constraints.
    let missing = H::Operation::missing_members(request);
    let violations = if missing.is_empty() { H::Operation::violations(&input) } else { missing };
    if !violations.is_empty() {
        return Err(ServiceError::validation(violations.to_string()));
    }
    H::handle(call, input)?.serialize().map_err(|error| ServiceError::internal(error.to_string()))
}
