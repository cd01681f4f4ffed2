//! The trait that generated code implements for each operation.

use std::collections::BTreeMap;

use bytes::Bytes;
use http::HeaderValue;

use crate::error::{ErrorMetadata, OperationError, ParseError, ResponseError, SerializeError};
use crate::metrics::{RequestFacts, ResponseMetrics};
use crate::route::Route;
use crate::sequence::Pagination;

/// A serialized request. Its URI contains only the path and query. The caller adds the scheme and authority
/// of the endpoint.
pub type Request = http::Request<Bytes>;

/// A response with its complete body.
pub type Response = http::Response<Bytes>;

/// The client code of an operation. It consists of pure functions on HTTP messages.
///
/// A client with its own HTTP stack performs these steps:
///
/// 1. Call [`fill_idempotency_tokens`](Self::fill_idempotency_tokens) once for each call of the operation.
/// 2. Call [`serialize`](Self::serialize).
/// 3. Add the endpoint, including the [`host_prefix`](Self::host_prefix), to the URI, and sign the request.
/// 4. Send the request, and call [`parse_response`](Self::parse_response) with the response.
pub trait Operation: 'static {
    /// Name of the operation in the model.
    const NAME: &'static str;
    /// HTTP method and path template.
    const ROUTE: Route;
    /// Input structure of the operation.
    type Input: Send + 'static;
    /// Output structure of the operation.
    type Output: Send + 'static;
    /// Errors of the operation.
    type Error: OperationError;
    /// [`Buffered`](delivery::Buffered) if the output is parsed from the complete response body,
    /// [`Streaming`](delivery::Streaming) if the response body is an event stream, or
    /// [`Bidirectional`](delivery::Bidirectional) if both bodies are event streams.
    type Delivery;
    /// Authentication that the operation requires.
    const AUTHENTICATION: Authentication = Authentication::Required;
    /// `true` if the signature does not cover the payload. A client can then send the payload without hashing
    /// it first.
    ///
    /// <https://smithy.io/2.0/aws/aws-auth.html#aws-auth-unsignedpayload-trait>
    const UNSIGNED_PAYLOAD: bool = false;
    /// `true` if a repeated request has the same effect as a single request. A client can then repeat a request
    /// even if the service may have executed it. The operation only reads, is marked as idempotent, or has an
    /// idempotency token. For an operation with a token, this constant applies to requests with the same token:
    /// see [`fill_idempotency_tokens`](Self::fill_idempotency_tokens).
    ///
    /// <https://smithy.io/2.0/spec/behavior-traits.html#idempotent-trait>
    const IS_IDEMPOTENT: bool = false;
    /// `true` if the request body is an event stream. The operation then implements
    /// [`InputEventStream`](crate::InputEventStream), and [`serialize`](Self::serialize) returns a request
    /// with an empty body.
    const HAS_INPUT_EVENTS: bool = false;
    /// Name of the blob member that is the payload of the input, if the input has such a member.
    const INPUT_PAYLOAD: Option<&'static str> = None;
    /// Names of the members that contain the items and the tokens of pages, if the operation returns a list in
    /// pages. The operation then implements [`PaginatedOperation`](crate::PaginatedOperation).
    const PAGINATION: Option<Pagination> = None;
    /// Name of the member that contains the model id, if the input has such a member.
    const MODEL_ID_MEMBER: Option<&'static str> = None;
    /// Name of the label that contains the model id, if the path has such a label.
    const MODEL_ID_LABEL: Option<&'static str> = None;
    /// `true` if the schema of the input's payload depends on the AI model. The payload then contains the
    /// limit of output tokens.
    const HAS_MODEL_PAYLOAD: bool = false;
    /// Name of the operation in the semantic conventions of OpenTelemetry for generative AI, such as `chat`, or
    /// `None` if the operation has no such name.
    ///
    /// <https://github.com/open-telemetry/semantic-conventions-genai/blob/main/docs/gen-ai/gen-ai-spans.md>
    const GEN_AI_OPERATION: Option<&'static str> = None;
    /// `true` if a call runs an AI model, and the response reports the number of tokens that the call used.
    const USES_TOKENS: bool = false;

    /// Fills unset idempotency tokens with UUIDs from `generator`.
    ///
    /// Call this function once for each call of the operation, before [`serialize`](Self::serialize). All
    /// attempts of a call must send the same token.
    ///
    /// <https://smithy.io/2.0/spec/behavior-traits.html#idempotencytoken-trait>
    fn fill_idempotency_tokens(_input: &mut Self::Input, _generator: &mut dyn FnMut() -> String) {}

    /// Sets the member [`INPUT_PAYLOAD`](Self::INPUT_PAYLOAD). Does nothing if the input has no such member.
    fn set_input_payload(_input: &mut Self::Input, _payload: Bytes) {}

    /// Sets the member [`MODEL_ID_MEMBER`](Self::MODEL_ID_MEMBER). Does nothing if the input has no such member.
    fn set_model_id(_input: &mut Self::Input, _model_id: String) {}

    /// Adds tags to the member that contains the metadata of the request. A tag replaces an entry of the member with the
    /// same key. Does nothing if the input has no such member.
    ///
    /// # Errors
    /// Returns an error if the member contains a text that is not a JSON object of strings.
    fn add_request_metadata(
        _input: &mut Self::Input,
        _tags: &BTreeMap<String, String>,
    ) -> Result<(), SerializeError> {
        Ok(())
    }

    /// Returns facts about the input, such as the model id.
    fn request_facts(_input: &Self::Input) -> RequestFacts<'_> {
        RequestFacts::default()
    }

    /// Returns the name of the span of a call, if the method and path of the operation depend on the input.
    /// Returns `None` for all other operations: their spans have the name of the operation.
    fn span_name(_input: &Self::Input) -> Option<String> {
        None
    }

    /// Reads the metric in a header of a response. `name` is in lower case. Ignores headers that contain no
    /// metric.
    fn header_metric(_name: &str, _value: &HeaderValue, _metrics: &mut ResponseMetrics) {}

    /// Reads the metrics in an output. Keeps metrics that the output does not contain.
    fn output_metrics(_output: &Self::Output, _metrics: &mut ResponseMetrics) {}

    /// Returns the prefix for the host of the endpoint, including a trailing dot. Most operations have no
    /// prefix and return `None`.
    ///
    /// <https://smithy.io/2.0/spec/endpoint-traits.html#endpoint-trait>
    ///
    /// # Errors
    /// Returns an error if the value of a member cannot be a label of a host name.
    fn host_prefix(_input: &Self::Input) -> Result<Option<String>, SerializeError> {
        Ok(None)
    }

    /// Serializes the input into an HTTP request.
    ///
    /// # Errors
    /// Returns an error if a member cannot be serialized at its HTTP binding. Examples are an empty label and
    /// a header value with control characters.
    fn serialize(input: Self::Input) -> Result<Request, SerializeError>;

    /// Parses a response into the output or the error of the operation, depending on the status.
    ///
    /// For an operation with an event stream, the output contains all members except the events.
    ///
    /// # Errors
    /// Returns [`ResponseError::Service`] if the status is not a success status, and [`ResponseError::Parse`]
    /// if a successful response does not match the model.
    fn parse_response(response: &Response) -> Result<Self::Output, ResponseError<Self::Error>> {
        match Self::is_success(response.status()) {
            true => Self::parse(response).map_err(ResponseError::Parse),
            false => Err(ResponseError::Service(Self::service_error(response))),
        }
    }

    /// Parses a response whose status is not a success status.
    ///
    /// This function never fails. If the body does not match a modeled error, the result contains only code,
    /// message, status and request id ([`ErrorMetadata`]).
    fn service_error(response: &Response) -> Self::Error {
        let metadata = ErrorMetadata::from_response(response);
        // Some proxies add a byte order mark, which is not part of JSON. A parser may ignore it:
        // https://www.rfc-editor.org/rfc/rfc8259#section-8.1
        let parsed = match response.body().strip_prefix(b"\xef\xbb\xbf") {
            None => Self::parse_error(metadata.clone(), response),
            Some(rest) => {
                let body = response.body().slice_ref(rest);
                Self::parse_error(metadata.clone(), &response.clone().map(|_| body))
            }
        };
        parsed.unwrap_or_else(|_| metadata.into())
    }

    /// Parses the output from a response with a success status. This function does not check the status. To
    /// check the status and parse the response, call [`parse_response`](Self::parse_response).
    ///
    /// # Errors
    /// Returns an error if a member does not match the model. The error contains the path to this member.
    fn parse(response: &Response) -> Result<Self::Output, ParseError>;

    /// Parses an error. Selects the modeled error by the code in the response, or by the status if the
    /// response has no code. For errors that are not in the model, returns only the metadata.
    ///
    /// # Errors
    /// Returns an error if the body does not match the modeled error. In this case,
    /// [`service_error`](Self::service_error) returns only the metadata.
    fn parse_error(metadata: ErrorMetadata, _response: &Response) -> Result<Self::Error, ParseError> {
        Ok(metadata.into())
    }

    /// Returns `true` if `status` is a success status. Any 2xx status is a success status.
    fn is_success(status: http::StatusCode) -> bool {
        status.is_success()
    }
}

/// Authentication that an operation requires. <https://smithy.io/2.0/spec/authentication-traits.html>
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Authentication {
    /// Requests must be signed or contain a bearer token.
    Required,
    /// A client that has credentials authenticates its requests. The service also accepts unauthenticated
    /// requests.
    Optional,
    /// Requests must not be authenticated.
    None,
}

/// The types for [`Operation::Delivery`]. A client uses these types to select, at compile time, how it
/// returns an output.
pub mod delivery {
    /// The output is parsed from the complete response body.
    #[derive(Clone, Copy, Debug)]
    pub enum Buffered {}

    /// The response body is an event stream. The operation implements
    /// [`OutputEventStream`](crate::OutputEventStream).
    #[derive(Clone, Copy, Debug)]
    pub enum Streaming {}

    /// Both the request body and the response body are event streams, and both are sent at the same time. The
    /// operation implements [`InputEventStream`](crate::InputEventStream) and
    /// [`OutputEventStream`](crate::OutputEventStream).
    #[derive(Clone, Copy, Debug)]
    pub enum Bidirectional {}
}

/// An operation whose input payload is a single blob. A client can send the blob from a file.
///
/// <https://smithy.io/2.0/spec/http-bindings.html#httppayload-trait>
pub trait PayloadInput: Operation {
    /// `true` if the request must have a `Content-Length` header. The client must then know the length of the
    /// payload before it sends the request.
    ///
    /// <https://smithy.io/2.0/spec/streaming.html#requireslength-trait>
    const REQUIRES_LENGTH: bool = false;
}

/// An operation whose output payload is a single blob. A client can read the blob chunk by chunk.
///
/// For a response with an empty body, [`parse`](Operation::parse) returns all members except the blob.
pub trait PayloadOutput: Operation {
    /// Name of the payload member in the model.
    const MEMBER: &'static str;
}
