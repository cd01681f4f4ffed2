//! Calls by the name of the operation, with JSON as input and output.
//!
//! The protocol is implemented only for the generated types. Therefore a call by name converts the JSON input
//! into the generated input type, and makes the same call as the method of the operation. Then it converts
//! the output into JSON. The conversions use the `serde` implementations of the generated types.

mod bidirectional;
mod error;
mod events;
mod failover;
mod operation;

use std::fmt;
use std::time::Duration;

use invoke_model_credentials::ProvideCredentials;
use invoke_model_protocol::json::Value;
use invoke_model_protocol::json::strict::{InputError, check_depth, value_from_text};

pub use bidirectional::{JsonBidirectionalStreamOutput, JsonEventSender, JsonResponseFuture};
pub use error::JsonCallError;
pub use events::{JsonEventReceiver, JsonEventStreamOutput};

use crate::call::{Call, Explanation};
use crate::client::Client;
use crate::error::{Error, ErrorKind};
use crate::generated::by_name;
use crate::intercept::Intercept;
use crate::metadata::Metadata;
use crate::raw::RawRequest;
use crate::retry::RetryConfig;
use crate::timeout::TimeoutConfig;
use crate::visitor::visit_operation;
use operation::{NamedOperation, NamedOperationVisitor, Send};

/// A call of an operation that is selected by its name. The input and the output are JSON.
///
/// ```no_run
/// use invoke_model_client::{Client, Error};
/// use serde_json::json;
///
/// # async fn run(client: Client) -> Result<(), Error> {
/// let output = client
///     .operation("Converse")?
///     .json(json!({
///         "modelId": "us.amazon.nova-lite-v1:0",
///         "messages": [{"role": "user", "content": [{"text": "hi"}]}],
///     }))
///     .send()
///     .await?;
/// println!("{}", output["output"]["message"]["content"][0]["text"]);
/// # Ok(())
/// # }
/// ```
///
/// # Input
///
/// The input is an object with the members of the model, as in boto3: `modelId` and not `model_id`. Members
/// that the model binds to the path, the query or a header are also members of this object. Blobs are base64
/// text. Timestamps are RFC 3339 text such as `2026-01-31T12:00:00Z`.
///
/// If the input has a member that is not in the model, lacks a required member, or has a value of the wrong
/// type, the call fails before it is sent. The error contains the path to the member:
///
/// ```text
/// Converse: request not sent: `messages[0].content[1].txt` is not a member of ContentBlock; known members: text, ..
/// ```
///
/// A document is a member that contains free-form JSON. Only documents can contain `null`. Everywhere else,
/// `null` is an error, because it may have been `NaN` or an infinity before the conversion into a [`Value`].
/// The texts `"NaN"`, `"Infinity"` and `"-Infinity"` are errors for a number. In contrast, a typed call sends
/// a float that is `NaN` as the text `"NaN"`, as [restJson1] defines it.
///
/// Arrays and objects can be nested at most 256 levels deep. In JSON text, a key that occurs twice in an
/// object is an error, and an integer of more than 64 bits is an error. Otherwise, the conversion would lose
/// one of the two values, or digits of the integer.
///
/// # Output
///
/// The output has the same names and formats as the input. If the service did not send an optional member,
/// the member is missing in the output. If the service did not send a required member, the member has the
/// zero value of its type. A value from an output can be used in an input, for example a message in the
/// history of a conversation.
///
/// # Settings and errors
///
/// The call takes the same steps as a [`Call`]: credentials, attempts, timeouts, quotas and spans. If the input
/// does not match the model, there is no span, because no call was made. The error is always [`Error`] without
/// a type parameter. [`ServiceError::downcast_ref`](crate::ServiceError::downcast_ref) returns the error of the
/// operation.
///
/// `Debug` does not show the input.
///
/// [restJson1]: https://smithy.io/2.0/aws/protocols/aws-restjson1-protocol.html#floating-point-value-serialization
#[must_use = "a call does nothing until it is sent"]
pub struct JsonCall {
    operation: NamedOperation,
    /// The settings of the call. The input of this inner call is not used.
    settings: Call<RawRequest>,
    input: Result<Value, InputError>,
}

impl Client {
    /// Creates a call of the operation with this name, such as `Converse`. The input and the output of the call
    /// are JSON: see [`JsonCall`].
    ///
    /// A program that calls this function contains the code of all operations.
    ///
    /// # Errors
    /// If `name` is not the name of an operation, returns an error that lists the names of all operations.
    /// For this error, [`Error::operation`] returns the text `Client::operation`.
    // With `#[inline]`, only crates that call this function compile it and the code of all operations.
    #[inline]
    pub fn operation(&self, name: &str) -> Result<JsonCall, Error> {
        match visit_operation(name, NamedOperationVisitor) {
            Some(operation) => Ok(JsonCall::new(self, operation)),
            None => Err(JsonCall::unknown(self, name)),
        }
    }

    /// Returns the names of all operations, for [`operation`](Self::operation).
    pub fn operation_names() -> &'static [&'static str] {
        by_name::NAMES
    }
}

impl JsonCall {
    fn new(client: &Client, operation: NamedOperation) -> Self {
        let settings = Call::filled(client, Default::default());
        Self { operation, settings, input: Ok(Value::Object(Default::default())) }
    }

    fn unknown(client: &Client, name: &str) -> Error {
        let error = JsonCallError::UnknownOperation { name: name.to_owned(), known: by_name::NAMES };
        Error::not_sent("Client::operation", ErrorKind::Json(error), client.config())
    }

    /// Returns the name of the operation.
    pub fn name(&self) -> &'static str {
        self.operation.name
    }

    /// Returns `true` if the operation has an event stream. Then send the call with
    /// [`send_stream`](Self::send_stream), or, if the input also contains an event stream, with
    /// [`send_bidirectional`](Self::send_bidirectional). If this function returns `false`, send the call with
    /// [`send`](Self::send).
    pub fn has_event_stream(&self) -> bool {
        !matches!(self.operation.send, Send::Output(_))
    }

    /// Returns `true` if the input contains an event stream. Then send the call with
    /// [`send_bidirectional`](Self::send_bidirectional).
    pub fn has_input_event_stream(&self) -> bool {
        matches!(self.operation.send, Send::Bidirectional(_))
    }

    /// Sets the input. Default: an object without members.
    pub fn json(mut self, input: Value) -> Self {
        self.input = check_depth(input);
        self
    }

    /// Sets the input from JSON text in UTF-8. If the text is not JSON, the call fails when it is sent.
    pub fn json_text(mut self, input: impl AsRef<[u8]>) -> Self {
        self.input = value_from_text(input.as_ref());
        self
    }

    /// Sets the timeout of this call: see [`Call::timeout`].
    pub fn timeout(self, timeout: Duration) -> Self {
        self.with(|settings| settings.timeout(timeout))
    }

    /// Sets the timeouts of this call: see [`Call::timeout_config`].
    pub fn timeout_config(self, timeouts: TimeoutConfig) -> Self {
        self.with(|settings| settings.timeout_config(timeouts))
    }

    /// Sets the retry settings of this call: see [`Call::retry_config`].
    pub fn retry_config(self, retries: RetryConfig) -> Self {
        self.with(|settings| settings.retry_config(retries))
    }

    /// Adds a header that is not in the model: see [`Call::header`].
    pub fn header(self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.with(|settings| settings.header(name, value))
    }

    /// Adds a tag to this call: see [`Call::tag`].
    pub fn tag(self, key: impl Into<String>, value: impl Into<String>) -> Self {
        self.with(|settings| settings.tag(key, value))
    }

    /// Adds an interceptor for this call: see [`Call::interceptor`].
    #[doc(alias("hook", "middleware"))]
    pub fn interceptor(self, interceptor: impl Intercept) -> Self {
        self.with(|settings| settings.interceptor(interceptor))
    }

    /// Signs this call with the credentials of `provider`: see [`Call::credentials_provider`].
    pub fn credentials_provider(self, provider: impl ProvideCredentials) -> Self {
        self.with(|settings| settings.credentials_provider(provider))
    }

    /// Sends this call with a bearer token: see [`Call::bearer_token`].
    #[doc(alias = "api_key")]
    pub fn bearer_token(self, token: impl Into<String>) -> Self {
        self.with(|settings| settings.bearer_token(token))
    }

    fn with(self, change: impl FnOnce(Call<RawRequest>) -> Call<RawRequest>) -> Self {
        Self { settings: change(self.settings), ..self }
    }

    /// Sends the call and returns its output.
    ///
    /// # Errors
    /// Returns [`ErrorKind::Json`] if the input does not match the model, or if the operation has an event
    /// stream. Returns the errors of [`Call::send`] otherwise.
    pub async fn send(self) -> Result<Value, Error> {
        self.send_with_metadata().await.map(|(output, _)| output)
    }

    /// Sends the call like [`send`](Self::send), and returns its output and its metadata.
    ///
    /// # Errors
    /// Returns the same errors as [`send`](Self::send).
    pub async fn send_with_metadata(self) -> Result<(Value, Metadata), Error> {
        match self.operation.send {
            Send::Output(send) => send(self.settings, self.input).await,
            Send::Events(_) => Err(self.error(JsonCallError::HasEventStream)),
            Send::Bidirectional(_) => Err(self.error(JsonCallError::HasInputEvents)),
        }
    }

    /// Sends the call of an operation with an event stream. Returns as soon as the head of the response arrives.
    ///
    /// ```no_run
    /// use invoke_model_client::{Client, Error};
    /// use serde_json::json;
    ///
    /// # async fn run(client: Client) -> Result<(), Error> {
    /// let input = json!({
    ///     "modelId": "us.amazon.nova-lite-v1:0",
    ///     "messages": [{"role": "user", "content": [{"text": "hi"}]}],
    /// });
    /// let mut response = client.operation("ConverseStream")?.json(input).send_stream().await?;
    /// while let Some(event) = response.events.recv().await? {
    ///     if let Some(text) = event["contentBlockDelta"]["delta"]["text"].as_str() {
    ///         print!("{text}");
    ///     }
    /// }
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// Returns [`ErrorKind::Json`] if the input does not match the model, or if the operation has no event
    /// stream. Returns the errors of [`Call::send`] otherwise.
    pub async fn send_stream(self) -> Result<JsonEventStreamOutput, Error> {
        match self.operation.send {
            Send::Events(send) => send(self.settings, self.input).await,
            Send::Output(_) => Err(self.error(JsonCallError::HasNoEventStream)),
            Send::Bidirectional(_) => Err(self.error(JsonCallError::HasInputEvents)),
        }
    }

    /// Sends the call of an operation that receives and returns events. Returns as soon as the head of the
    /// request has been sent.
    ///
    /// ```no_run
    /// use invoke_model_client::{Client, Error};
    /// use serde_json::json;
    ///
    /// # async fn run(client: Client) -> Result<(), Error> {
    /// let call = client
    ///     .operation("InvokeModelWithBidirectionalStream")?
    ///     .json(json!({"modelId": "amazon.nova-2-sonic-v1:0"}));
    /// let mut stream = call.send_bidirectional().await?;
    /// // {"event":{"sessionStart":{}}}
    /// stream.sender.send(json!({"chunk": {"bytes": "eyJldmVudCI6eyJzZXNzaW9uU3RhcnQiOnt9fX0="}})).await?;
    /// stream.sender.close().await?;
    /// let mut response = stream.response.await?;
    /// while let Some(event) = response.events.recv().await? {
    ///     println!("{}", event["chunk"]["bytes"]);
    /// }
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// Returns [`ErrorKind::Json`] if the input does not match the model, or if the operation does not receive
    /// events. Returns the errors of [`Call::send`] otherwise.
    pub async fn send_bidirectional(self) -> Result<JsonBidirectionalStreamOutput, Error> {
        match self.operation.send {
            Send::Bidirectional(send) => send(self.settings, self.input).await,
            Send::Output(_) | Send::Events(_) => Err(self.error(JsonCallError::HasNoInputEvents)),
        }
    }

    /// Returns the signed request that the call would send: see [`Call::sign`].
    ///
    /// # Errors
    /// Returns the errors that can occur before a request is sent.
    pub async fn sign(self) -> Result<http::Request<bytes::Bytes>, Error> {
        Ok(self.explain().await?.request)
    }

    /// Returns the request that the call would send, and the sources of its settings: see [`Call::explain`].
    ///
    /// # Errors
    /// Returns the same errors as [`sign`](Self::sign).
    #[doc(alias = "dry_run")]
    pub async fn explain(self) -> Result<Explanation, Error> {
        (self.operation.explain)(self.settings, self.input).await
    }

    fn error(&self, error: JsonCallError) -> Error {
        Error::not_sent(self.operation.name, ErrorKind::Json(error), self.settings.client().config())
    }
}

impl fmt::Debug for JsonCall {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("JsonCall").field("operation", &self.operation.name).finish_non_exhaustive()
    }
}
