//! A call with its input and settings, and the functions that send it.

mod attempts;
mod bidirectional;
mod completeness;
mod explanation;
mod operation;
mod output;
mod prepared;
mod response;
mod retarget;
mod send;
pub(crate) mod span;

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use invoke_model_credentials::{CredentialsCache, ProvideCredentials};
use invoke_model_protocol::{Operation, SerializeError, SerializeErrorKind};
use serde::Serialize;
use tracing::Span;

pub use explanation::Explanation;
pub use output::{CallOutput, EventStreamOutput, StreamingBodyOutput};

pub(crate) use operation::OperationDescription;
pub(crate) use output::{BodyMode, Chunks, Delivery, Received, output_of};
pub(crate) use prepared::{MAX_HEADERS, RESERVED_HEADERS};
pub(crate) use response::{IncompleteErrorBody, read_limited};

use crate::authorization::Authorizer;
use crate::body::{Body, BodyContent, BodySource};
use crate::call_context::CallContext;
use crate::client::Client;
use crate::config::{Authentication, BearerToken};
use crate::intercept::{Intercept, Interception};
use crate::retry::RetryConfig;
use crate::tags::Tags;
use crate::timeout::TimeoutConfig;

/// A call of operation `O`. Set the members of its input, then [`send`](Self::send) it.
///
/// ```no_run
/// use std::time::Duration;
///
/// use invoke_model_client::{Client, RetryConfig};
///
/// # async fn run(client: Client) -> Result<(), Box<dyn std::error::Error>> {
/// let response = client
///     .invoke_model()
///     .model_id("us.amazon.nova-lite-v1:0")
///     .body(r#"{"messages":[{"role":"user","content":[{"text":"hi"}]}]}"#)
///     .timeout(Duration::from_secs(120))
///     .retry_config(RetryConfig::standard().max_attempts(2))
///     .send()
///     .await?;
/// # Ok(())
/// # }
/// ```
///
/// A clone is an independent call with separate attempts and idempotency tokens.
///
/// `Debug` does not show the members of the input.
pub struct Call<O: Operation>(
    /// The state is boxed to keep the call small: each setter moves the call, and the future of a `send`
    /// function contains the call.
    Box<State<O>>,
);

struct State<O: Operation> {
    input: O::Input,
    required: RequiredMembers,
    /// The error of a value that cannot be part of the input.
    invalid: Option<SerializeError>,
    /// The file or reader of the body. Its content replaces the bytes of the payload.
    file: Option<BodySource>,
    settings: Settings,
}

/// The settings of a call, which do not depend on the operation.
#[derive(Clone)]
struct Settings {
    client: Client,
    /// The authorizer of the client, or a separate authorizer for this call.
    authorizer: Arc<Authorizer>,
    headers: Vec<(String, String)>,
    /// The tags of this call. They are added to the tags of the client.
    tags: Tags,
    /// The interceptors of this call. They follow the interceptors of the client.
    interceptors: Vec<Arc<dyn Intercept>>,
    timeouts: TimeoutConfig,
    retries: RetryConfig,
}

impl Client {
    /// Creates a call of any operation from a complete input. The client also has a method for each
    /// operation, such as [`invoke_model`](Self::invoke_model). Such a method returns a call with a setter
    /// for each member of the input.
    pub fn call<O: Operation>(&self, input: O::Input) -> Call<O> {
        Call::filled(self, input)
    }
}

impl<O: Operation> Call<O> {
    /// Creates a call with a complete input.
    pub(crate) fn filled(client: &Client, input: O::Input) -> Self {
        Self::with_settings(Settings::of_client(client), input)
    }

    fn with_settings(settings: Settings, input: O::Input) -> Self {
        let (required, invalid, file) = Default::default();
        Self(Box::new(State { input, required, invalid, file, settings }))
    }

    /// Creates a call with an empty input. `required` lists the names of the required members. The setter of
    /// a required member calls [`given`](Self::given) to mark the member as set.
    pub(crate) fn unfilled(client: &Client, required: &'static [&'static str]) -> Self
    where
        O::Input: Default,
    {
        let mut call = Self::filled(client, O::Input::default());
        call.0.required = RequiredMembers { names: required, set: 0 };
        call
    }

    /// Moves the settings of this call to a call of another operation. Drops the input of this call.
    pub(crate) fn with_input<P: Operation>(self, input: P::Input) -> Call<P> {
        Call::with_settings(self.0.settings, input)
    }

    pub(crate) fn client(&self) -> &Client {
        &self.0.settings.client
    }

    pub(crate) fn input_mut(&mut self) -> &mut O::Input {
        &mut self.0.input
    }

    /// Marks a required member as set. `index` is the index of its name in the list that was passed to
    /// [`unfilled`](Self::unfilled).
    pub(crate) fn given(&mut self, index: usize) {
        self.0.required.set |= 1 << index;
    }

    /// Serializes a value as JSON, and returns the payload. If the value cannot be serialized, the call fails
    /// when it is sent.
    pub(crate) fn attach_json<T: Serialize + ?Sized>(
        &mut self,
        member: &'static str,
        value: &T,
    ) -> Option<Bytes> {
        self.0.file = None;
        let json = serde_json::to_vec(value);
        self.0.invalid = json
            .as_ref()
            .err()
            .map(|error| SerializeError::new(member, SerializeErrorKind::Json(error.to_string())));
        json.ok().map(Bytes::from)
    }

    /// Returns the bytes of a payload. For a file, stores its source and returns empty bytes, because the
    /// client reads the file when the call is sent.
    pub(crate) fn attach(&mut self, body: Body) -> Bytes {
        let (bytes, file) = match body.0 {
            BodyContent::Bytes(bytes) => (bytes, None),
            BodyContent::Source(source) => (Bytes::new(), Some(source)),
        };
        self.0.file = file;
        self.0.invalid = None;
        bytes
    }

    /// Sets the payload of the input. Code that is generic over operations uses this method instead of the setter of a
    /// member, such as `body` of `InvokeModel`.
    ///
    /// Has no effect if the input of the operation has no payload.
    #[must_use]
    pub fn input_payload(mut self, payload: impl Into<Body>) -> Self {
        if O::INPUT_PAYLOAD.is_some() {
            let bytes = self.attach(payload.into());
            O::set_input_payload(&mut self.0.input, bytes);
        }
        self
    }

    /// Sets the timeout of this call. The timeout covers all attempts, from the start of the call to the last
    /// byte of the response.
    ///
    /// This is a shorthand for [`TimeoutConfig::operation`], and does not change the other timeouts.
    #[must_use]
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.0.settings.timeouts = self.0.settings.timeouts.operation(timeout);
        self
    }

    /// Sets the timeouts of this call. Default: the timeouts in the [`Config`](crate::Config).
    #[must_use]
    pub fn timeout_config(mut self, timeouts: TimeoutConfig) -> Self {
        self.0.settings.timeouts = timeouts;
        self
    }

    /// Sets the retry settings of this call. Default: the retry settings in the [`Config`](crate::Config).
    #[must_use]
    #[doc(alias("retry", "max_attempts"))]
    pub fn retry_config(mut self, retries: RetryConfig) -> Self {
        self.0.settings.retries = retries;
        self
    }

    /// Adds a header that is not in the model. The header is signed. It replaces a header of the same name,
    /// even if a member of the input has set that header.
    ///
    /// If the name or the value is invalid, or if the client sets this header itself (`host`,
    /// `authorization`, `content-length`, ..), the call fails with a [`HeaderError`](crate::HeaderError).
    #[must_use]
    pub fn header(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.0.settings.headers.push((name.into(), value.into()));
        self
    }

    /// Adds a tag to this call. It replaces a tag of the client with the same key: see
    /// [`ConfigBuilder::tag`](crate::ConfigBuilder::tag).
    #[must_use]
    #[doc(alias("requestMetadata", "tenant", "label"))]
    pub fn tag(mut self, key: impl Into<String>, value: impl Into<String>) -> Self {
        self.0.settings.tags.insert(key.into(), value.into());
        self
    }

    /// Adds an interceptor for this call: see [`Intercept`]. It follows the interceptors of the client, which are
    /// set with [`ConfigBuilder::interceptor`](crate::ConfigBuilder::interceptor).
    #[must_use]
    #[doc(alias("hook", "middleware"))]
    pub fn interceptor(mut self, interceptor: impl Intercept) -> Self {
        self.0.settings.interceptors.push(Arc::new(interceptor));
        self
    }

    /// Signs this call with the credentials of `provider`, instead of the credentials or the bearer token of
    /// the client.
    ///
    /// There is no fallback: the call fails if the provider returns no credentials. The client calls the
    /// provider once per call, and a second time only if the service rejects the credentials as expired. The
    /// load timeout of the client's [`CredentialsCacheConfig`](crate::CredentialsCacheConfig) applies. The
    /// client does not cache these credentials. For a provider that is used for many calls, create a
    /// [`CredentialsCache`](crate::CredentialsCache) and pass a clone of it to each call.
    #[must_use]
    pub fn credentials_provider(self, provider: impl ProvideCredentials) -> Self {
        let config = self.0.settings.client.config();
        let time_source = config.time_source.clone();
        let cache = CredentialsCache::with_config(provider, config.credentials_cache, time_source);
        self.authentication(Authentication::SigV4(Some(cache)))
    }

    /// Sends this call with a bearer token, instead of the credentials or the bearer token of the client. The
    /// client loads no credentials for this call.
    ///
    /// The call fails with a [`SignError`](crate::SignError) if the token is not valid in a header, for
    /// example if it is empty. If the endpoint is an `http` URL of another machine, the call fails with
    /// [`CredentialsError::WithoutTls`](crate::CredentialsError::WithoutTls).
    #[must_use]
    #[doc(alias = "api_key")]
    pub fn bearer_token(self, token: impl Into<String>) -> Self {
        self.authentication(Authentication::Bearer(BearerToken::new(token)))
    }

    fn authentication(mut self, authentication: Authentication) -> Self {
        self.0.settings.authorizer =
            Arc::new(Authorizer::for_call(self.0.settings.client.config(), authentication));
        self
    }
}

impl<O: Operation> Clone for Call<O>
where
    O::Input: Clone,
{
    fn clone(&self) -> Self {
        let State { input, required, invalid, file, settings } = &*self.0;
        Self(Box::new(State {
            input: input.clone(),
            required: *required,
            invalid: invalid.clone(),
            file: file.clone(),
            settings: settings.clone(),
        }))
    }
}

impl Settings {
    /// Returns the settings of a client.
    fn of_client(client: &Client) -> Self {
        let config = client.config();
        Self {
            authorizer: client.authorizer().clone(),
            headers: Vec::new(),
            tags: Tags::new(),
            interceptors: Vec::new(),
            timeouts: config.timeout_config(),
            retries: config.retry_config(),
            client: client.clone(),
        }
    }

    /// Creates the state of a call when it starts. Moves the interceptors of the call into the state.
    fn context(&mut self, operation: &'static OperationDescription, span: Span) -> CallContext {
        let interceptors = std::mem::take(&mut self.interceptors);
        let config = self.client.config();
        let interception = Interception::new(operation.name, config, interceptors, self.timeouts.interceptor);
        CallContext::new(self.client.clone(), operation, span, interception)
    }
}

impl<O: Operation> fmt::Debug for Call<O> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let headers: Vec<_> = self.0.settings.headers.iter().map(|(name, _)| name).collect();
        f.debug_struct("Call")
            .field("operation", &O::NAME)
            .field("file", &self.0.file)
            .field("headers", &headers)
            .finish_non_exhaustive()
    }
}

/// The required members of an input, and a record of the members that are set.
#[derive(Clone, Copy, Default)]
struct RequiredMembers {
    /// The names of the members in the model.
    names: &'static [&'static str],
    /// A bit for each name. The bit is 1 if the member is set. No input has more than 64 required members.
    set: u64,
}

impl RequiredMembers {
    /// Returns an error if a required member is not set. The error names the first such member.
    fn check(self) -> Result<(), SerializeError> {
        let missing = self.names.iter().enumerate().find(|(index, _)| self.set & (1 << index) == 0);
        missing.map_or(Ok(()), |(_, name)| Err(SerializeError::new(name, SerializeErrorKind::Missing)))
    }
}
