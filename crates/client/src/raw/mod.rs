//! Requests with a method, a path and a body that the caller chooses, for APIs that are not in the model.

mod event_stream;
mod events;
#[cfg(feature = "tower")]
mod service;
mod target;

use bytes::Bytes;
use http::header::CONTENT_TYPE;
use http::{HeaderMap, HeaderValue, Method, Request, Response};
use invoke_model_families::ModelResponse;
use invoke_model_protocol::metrics::ResponseMetrics;
use invoke_model_protocol::{
    ErrorMetadata, Operation, ParseError, PathSegment, PayloadOutput, Route, SerializeError,
    SerializeErrorKind, TargetBuilder, delivery,
};
use invoke_model_types::{InvokeModel, InvokeModelError};
use serde::Serialize;

pub use event_stream::ServerSentEvent;
pub use events::{ServerSentEventOutput, ServerSentEventReceiver};

pub(crate) use events::check_server_sent_events;

use crate::body::Body;
use crate::call::Call;
use crate::client::Client;

/// The operation of a raw request: see [`Client::request`].
///
/// The output is the complete response. The errors are the errors of `InvokeModel`, because the service
/// returns these errors for all requests. An error of another API, such as `{"error": {"code": "..",
/// "message": ".."}}`, becomes [`InvokeModelError::Unmodeled`] with its code and its message.
#[derive(Clone, Copy, Debug)]
pub struct RawRequest;

/// The method, the path and the body of a raw request: see [`Client::request`].
#[derive(Clone)]
pub struct RawRequestInput {
    method: Method,
    target: String,
    headers: HeaderMap,
    body: Result<Bytes, SerializeError>,
}

impl Client {
    /// Creates a call that sends a signed request with a method, a path and a body, for APIs that are not in the
    /// model. Examples are the OpenAI API (`/openai/v1/chat/completions`) and the Messages API of Anthropic.
    ///
    /// ```no_run
    /// use http::Method;
    /// use invoke_model_client::{Client, Error};
    /// use serde_json::json;
    ///
    /// # async fn run(client: Client) -> Result<(), Error> {
    /// let response = client
    ///     .request(Method::POST, "/openai/v1/chat/completions")
    ///     .json(&json!({
    ///         "model": "openai.gpt-oss-20b-1:0",
    ///         "messages": [{"role": "user", "content": "hi"}],
    ///     }))
    ///     .send()
    ///     .await?;
    /// println!("{}", String::from_utf8_lossy(response.body()));
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// `target` is the path and the query. The client appends it unchanged to the base path of the endpoint,
    /// so the caller must percent-encode the values in it. [`query`](Call::query) adds a parameter and
    /// encodes it. If the target is empty, is a complete URL, or contains a fragment, a dot segment or a
    /// character that must be percent-encoded, the call fails when it is sent.
    ///
    /// The call takes the same steps as a call of an operation. The client retries it by the same rules as a
    /// call of `InvokeModel`, because the service may bill the request. The output is the response with its
    /// complete body. To read the body in chunks, use [`Call::send_streaming`]. To read server-sent events,
    /// use [`Call::send_events`].
    ///
    /// The [`Metadata`](crate::Metadata) contains the token counts of the headers. If the headers contain no
    /// token counts, it contains the counts of a body in a schema of [`families`](crate::families), such as
    /// the schemas of the OpenAI APIs and of the Messages API of Anthropic. The counts of the OpenAI APIs
    /// include tokens that were read from a prompt cache.
    pub fn request(&self, method: Method, target: impl Into<String>) -> Call<RawRequest> {
        Call::filled(self, RawRequestInput { method, target: target.into(), ..RawRequestInput::default() })
    }
}

impl Call<RawRequest> {
    /// Sets the body. By default, the content type of `POST`, `PUT` and `PATCH` requests is
    /// `application/json`. Use [`header`](Self::header) to set another content type.
    #[must_use]
    pub fn body(mut self, body: impl Into<Body>) -> Self {
        self.input_mut().body = Ok(self.attach(body.into()));
        self
    }

    /// Adds a parameter to the query. The client percent-encodes all characters except letters, digits, `-`, `.`,
    /// `_` and `~`, as botocore does.
    #[must_use]
    pub fn query(mut self, name: impl AsRef<str>, value: impl AsRef<str>) -> Self {
        let target = &mut self.input_mut().target;
        let mut extended = TargetBuilder::from(std::mem::take(target));
        extended.query(name.as_ref(), value);
        *target = extended.into_string();
        self
    }

    /// Sets the body to a value as JSON. If the value cannot be serialized, the call fails when it is sent.
    #[must_use]
    pub fn json<T: Serialize + ?Sized>(mut self, value: &T) -> Self {
        let json = serde_json::to_vec(value);
        self.input_mut().body = match json {
            Ok(json) => Ok(self.attach(json.into())),
            Err(error) => Err(SerializeError::new("body", SerializeErrorKind::Json(error.to_string()))),
        };
        self
    }
}

impl Default for RawRequestInput {
    fn default() -> Self {
        let (headers, body) = (HeaderMap::new(), Ok(Bytes::new()));
        Self { method: Method::GET, target: "/".to_owned(), headers, body }
    }
}

/// Shows only the method and the path, because the body is sensitive.
impl std::fmt::Debug for RawRequestInput {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("RawRequestInput")
            .field("method", &self.method)
            .field("target", &self.target)
            .finish_non_exhaustive()
    }
}

impl Operation for RawRequest {
    const NAME: &'static str = "RawRequest";
    // An error shows the path of the request as the value of the label `path`.
    const ROUTE: Route = Route { method: Method::POST, path: &[PathSegment::Greedy("path")], query: &[] };
    type Input = RawRequestInput;
    type Output = Response<Bytes>;
    type Error = InvokeModelError;
    type Delivery = delivery::Buffered;
    const HAS_MODEL_PAYLOAD: bool = true;
    const USES_TOKENS: bool = true;

    fn span_name(input: &RawRequestInput) -> Option<String> {
        let path = input.target.split('?').next().unwrap_or_default();
        Some(format!("{} {path}", input.method))
    }

    fn serialize(input: RawRequestInput) -> Result<Request<Bytes>, SerializeError> {
        let uri = target::parse(&input.target)?;
        let mut request = Request::new(input.body?);
        *request.headers_mut() = input.headers;
        if matches!(input.method, Method::POST | Method::PUT | Method::PATCH) {
            let json = HeaderValue::from_static("application/json");
            request.headers_mut().entry(CONTENT_TYPE).or_insert(json);
        }
        *request.method_mut() = input.method;
        *request.uri_mut() = uri;
        Ok(request)
    }

    fn header_metric(name: &str, value: &HeaderValue, metrics: &mut ResponseMetrics) {
        InvokeModel::header_metric(name, value, metrics);
    }

    fn output_metrics(output: &Response<Bytes>, metrics: &mut ResponseMetrics) {
        if metrics.input_tokens.is_some() || metrics.output_tokens.is_some() {
            return;
        }
        let usage =
            ModelResponse::parse(output.body()).ok().and_then(|body| body.usage()).unwrap_or_default();
        metrics.input_tokens = usage.input_tokens;
        metrics.output_tokens = usage.output_tokens;
        metrics.cache_read_input_tokens = usage.cache_read_input_tokens;
        metrics.cache_write_input_tokens = usage.cache_write_input_tokens;
    }

    fn parse(response: &Response<Bytes>) -> Result<Response<Bytes>, ParseError> {
        Ok(response.clone())
    }

    fn parse_error(
        metadata: ErrorMetadata,
        response: &Response<Bytes>,
    ) -> Result<InvokeModelError, ParseError> {
        match metadata.with_nested_error(response) {
            Ok(nested) => Ok(nested.into()),
            Err(metadata) => InvokeModel::parse_error(metadata, response),
        }
    }
}

impl PayloadOutput for RawRequest {
    const MEMBER: &'static str = "body";
}
