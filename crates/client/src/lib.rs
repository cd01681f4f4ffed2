//! A client for Amazon Bedrock Runtime, with configuration, credentials, signatures, retries and quotas.
//!
//! ```no_run
//! use invoke_model_client::Client;
//!
//! # async fn run() -> Result<(), Box<dyn std::error::Error>> {
//! let client = Client::from_env()?; // AWS_REGION, AWS_ACCESS_KEY_ID, ..: see `ConfigBuilder::from_env`
//! let response = client
//!     .invoke_model()
//!     .model_id("amazon.titan-embed-text-v2:0")
//!     .body(r#"{"inputText":"hello"}"#)
//!     .send()
//!     .await?;
//! println!("{}", String::from_utf8_lossy(&response.body));
//! # Ok(())
//! # }
//! ```
//!
//! | type | purpose |
//! |---|---|
//! | [`Client`] | makes calls, and is cheap to clone |
//! | [`Config`], [`ConfigBuilder`] | settings such as region, credentials, endpoint and transport, with their [sources](SettingSources) |
//! | [`Call`] | one call, with setters for its input, and [`send`](Call::send), [`send_streaming`](Call::send_streaming), [`sign`](Call::sign) and [`explain`](Call::explain) |
//! | [`EventStreamOutput`], [`EventReceiver`] | a response that is an event stream |
//! | [`BidirectionalStreamOutput`], [`EventSender`] | a call that sends and receives events at the same time |
//! | [`Paginator`], [`WaitError`] | the pages of a list, and [`wait_until`](Call::wait_until) for jobs |
//! | [`JsonCall`] | one call of an operation by its name, with JSON as input and output |
//! | [`RawRequest`] | a signed request for an API that is not in the model, such as the OpenAI API: see [`Client::request`] |
//! | [`Body`] | the body of a request: bytes, a file or a reader |
//! | [`TimeoutConfig`], [`RetryConfig`] | settings for timeouts and retries |
//! | [`QuotaLimiter`] | limits concurrent requests, requests per minute and tokens per minute for all clients that share it |
//! | [`QuotaStore`], [`MemoryQuotaStore`], [`FallbackQuotaStore`] | where a limiter counts its requests |
//! | [`AdaptiveRateLimiter`] | limits the rate of requests after the service has throttled a request |
//! | [`Intercept`] | hooks that add headers to requests, refuse requests, and observe attempts |
//! | [`Failover`] | sends a call to the next of several regions or models, if the first one cannot process it |
//! | [`Metadata`], [`Usage`], [`Attempt`] | token counts, latency, and the failed attempts of a call |
//! | [`Error`], [`ErrorKind`] | the reason why a call failed, and advice |
//! | [`families`] | text, stop reason and token counts in the bodies of each model family |
//! | [`types`] | inputs, outputs, enums and errors of the operations |
//!
//! # Conversations
//!
//! [`Client::converse`] has the same schema for all models. Setters of lists append an element, and each
//! setter has a counterpart `set_..` that sets or unsets the complete value.
//!
//! ```no_run
//! use invoke_model_client::Client;
//! use invoke_model_client::types::{
//!     ContentBlock, ConversationRole, ConverseOutputShape, InferenceConfiguration, Message, SystemContentBlock,
//! };
//!
//! # async fn run(client: Client) -> Result<(), Box<dyn std::error::Error>> {
//! let question = ContentBlock::Text("What is a monad?".to_owned());
//! let call = client
//!     .converse()
//!     .model_id("us.amazon.nova-lite-v1:0")
//!     .system(SystemContentBlock::Text("Answer in one sentence.".to_owned()))
//!     .messages(Message::builder().role(ConversationRole::USER).content(question).build()?)
//!     .inference_config(InferenceConfiguration::builder().max_tokens(200).temperature(0.2).build());
//! let (output, metadata) = call.send_with_metadata().await?;
//! if let ConverseOutputShape::Message(message) = output.output {
//!     for block in &message.content {
//!         if let ContentBlock::Text(text) = block {
//!             println!("{text}");
//!         }
//!     }
//! }
//! println!("{:?}, {:?} output tokens", metadata.stop_reason, metadata.usage.output_tokens);
//! # Ok(())
//! # }
//! ```
//!
//! [`Client::converse_stream`] takes the same input, and returns the response in parts:
//!
//! ```no_run
//! use invoke_model_client::Client;
//! use invoke_model_client::types::{ContentBlockDelta, ConverseStreamEvent, Message};
//!
//! # async fn run(client: Client, messages: Vec<Message>) -> Result<(), Box<dyn std::error::Error>> {
//! let call = client.converse_stream().model_id("us.amazon.nova-lite-v1:0").set_messages(Some(messages));
//! let mut events = call.send().await?.events;
//! while let Some(event) = events.recv().await? {
//!     if let ConverseStreamEvent::ContentBlockDelta(part) = event {
//!         if let ContentBlockDelta::Text(text) = part.delta {
//!             print!("{text}");
//!         }
//!     }
//! }
//! println!("{:?}", events.metadata().usage); // the service reports the token counts in the last event
//! # Ok(())
//! # }
//! ```
//!
//! A model can request the result of a tool. The program runs the tool. The next call sends both the model's
//! request and the result of the tool:
//!
//! ```no_run
//! use invoke_model_client::Client;
//! use invoke_model_client::types::{
//!     ContentBlock, ConversationRole, ConverseOutputShape, Message, Tool, ToolConfiguration, ToolInputSchema,
//!     ToolResultBlock, ToolResultContentBlock, ToolSpecification,
//! };
//! use serde_json::{Value, json};
//!
//! # fn weather(input: &Value) -> Value { json!({"place": input["place"], "celsius": 21}) }
//! # async fn run(client: Client, mut messages: Vec<Message>) -> Result<(), Box<dyn std::error::Error>> {
//! let schema = json!({"type": "object", "properties": {"place": {"type": "string"}}, "required": ["place"]});
//! let tool = ToolSpecification::builder()
//!     .name("weather")
//!     .description("Returns the current weather of a place.")
//!     .input_schema(ToolInputSchema::Json(schema))
//!     .build()?;
//! let tools = ToolConfiguration::builder().tools(Tool::ToolSpec(tool)).build()?;
//! loop {
//!     let call = client.converse().model_id("us.amazon.nova-lite-v1:0").tool_config(tools.clone());
//!     let output = call.set_messages(Some(messages.clone())).send().await?.output;
//!     let ConverseOutputShape::Message(message) = output else { break };
//!     let mut results = Vec::new();
//!     for block in &message.content {
//!         if let ContentBlock::ToolUse(request) = block {
//!             // Validate `request.input` here, because the model has generated it.
//!             let content = ToolResultContentBlock::Json(weather(&request.input));
//!             let result = ToolResultBlock::builder().tool_use_id(&request.tool_use_id).content(content);
//!             results.push(ContentBlock::ToolResult(result.build()?));
//!         }
//!     }
//!     messages.push(message);
//!     if results.is_empty() {
//!         break;
//!     }
//!     messages.push(Message::new(ConversationRole::USER, results));
//! }
//! # Ok(())
//! # }
//! ```
//!
//! # How a call works
//!
//! 1. The client serializes the input and adds the endpoint. The endpoint was resolved when the [`Config`]
//!    was built.
//! 2. In each attempt, the client waits for the [`QuotaLimiter`] and the [`AdaptiveRateLimiter`] (if they are
//!    set), loads credentials, signs and sends the request, and parses the response. A call with a bearer
//!    token loads no credentials. The client caches the credentials of a provider, and refreshes them in the
//!    background before they expire: see [`CredentialsCacheConfig`].
//! 3. By default, the client retries a failed attempt only if the service cannot bill the request twice: see
//!    [`FailureClass`] and [`RetryConfig`].
//!
//! # Timeouts
//!
//! By default, the client waits for a response without a time limit, because a model may take long to
//! respond. A call times out only if the client cannot connect within 10 seconds, or if a read of the
//! response body receives no data for 15 minutes.
//!
//! ```no_run
//! use std::time::Duration;
//!
//! use invoke_model_client::{Client, ConfigBuilder, TimeoutConfig};
//!
//! # async fn run() -> Result<(), Box<dyn std::error::Error>> {
//! let timeouts = TimeoutConfig::default().first_byte(Duration::from_secs(60)).idle(Duration::from_secs(30));
//! let client = Client::new(ConfigBuilder::from_env().timeout_config(timeouts))?;
//!
//! // A call may take two minutes, including its retries.
//! let call = client.invoke_model().model_id("us.amazon.nova-lite-v1:0").body("{}");
//! let result = call.timeout(Duration::from_secs(120)).send().await;
//! if result.is_err_and(|error| error.is_timeout()) {
//!     eprintln!("the model is too slow");
//! }
//! # Ok(())
//! # }
//! ```
//!
//! # Retries
//!
//! By default, a call has up to three attempts. The client retries a failure only if the service cannot bill
//! the request twice, or if the operation is idempotent. [`RetryConfig`] lists these failures.
//!
//! ```no_run
//! use invoke_model_client::{Client, ConfigBuilder, RetryConfig};
//!
//! # async fn run() -> Result<(), Box<dyn std::error::Error>> {
//! // Make up to five attempts, also after failures that may have been billed.
//! let retries = RetryConfig::standard().max_attempts(5).retry_ambiguous(true);
//! let client = Client::new(ConfigBuilder::from_env().retry_config(retries))?;
//!
//! let call = client.invoke_model().model_id("us.amazon.nova-lite-v1:0").body("{}");
//! let (response, metadata) = call.retry_config(RetryConfig::disabled()).send_with_metadata().await?;
//! assert_eq!(metadata.attempts, 1);
//! # Ok(())
//! # }
//! ```
//!
//! # Quotas
//!
//! A [`QuotaLimiter`] delays requests on the client, so that the service does not throttle them.
//!
//! ```no_run
//! use invoke_model_client::{Client, ConfigBuilder, QuotaLimiter};
//!
//! # async fn run() -> Result<(), Box<dyn std::error::Error>> {
//! let limiter = QuotaLimiter::builder().max_concurrency(16).requests_per_minute(200).tokens_per_minute(400_000).build();
//! let client = Client::new(ConfigBuilder::from_env().quota_limiter(limiter.clone()))?;
//! println!("{:?}", limiter.usage());
//! # Ok(())
//! # }
//! ```
//!
//! # Errors
//!
//! Every operation has its own error type `E`. An `Error<E>` converts into [`Error`] without a type
//! parameter.
//!
//! ```no_run
//! use invoke_model_client::types::InvokeModelError;
//! use invoke_model_client::{Client, Error};
//!
//! # async fn run(client: Client) -> Result<(), Error> {
//! let call = client.invoke_model().model_id("us.amazon.nova-lite-v1:0").body("{}");
//! match call.send().await {
//!     Ok(response) => println!("{}", String::from_utf8_lossy(&response.body)),
//!     Err(error) if error.is_throttled() => println!("retry later: {error}"),
//!     Err(error) => match error.as_service_error() {
//!         Some(InvokeModelError::ValidationException(_)) => println!("fix the request: {error}"),
//!         _ => return Err(error.into()),
//!     },
//! }
//! # Ok(())
//! # }
//! ```
//!
//! # Event streams
//!
//! An operation with an event stream returns [`EventStreamOutput`] as soon as the head of the response
//! arrives. A truncated stream is an error.
//!
//! ```no_run
//! use invoke_model_client::{Client, types::ResponseStream};
//!
//! # async fn run(client: Client) -> Result<(), Box<dyn std::error::Error>> {
//! let mut response = client
//!     .invoke_model_with_response_stream()
//!     .model_id("anthropic.claude-3-haiku-20240307-v1:0")
//!     .body(r#"{"anthropic_version":"bedrock-2023-05-31","max_tokens":64,"messages":[{"role":"user","content":"hi"}]}"#)
//!     .send()
//!     .await?;
//! while let Some(event) = response.events.recv().await? {
//!     if let ResponseStream::Chunk(part) = event {
//!         println!("{}", String::from_utf8_lossy(part.bytes.as_deref().unwrap_or_default()));
//!     }
//! }
//! assert!(response.events.is_complete());
//! # Ok(())
//! # }
//! ```
//!
//! # JSON bodies, calls by name and raw requests
//!
//! The bodies of `InvokeModel` have a different schema for each model family. `body_json` serializes a value
//! into the body of a request, `json` parses the body of a response, and [`families`] reads the text, the
//! stop reason and the token counts of all text models:
//!
//! ```no_run
//! use invoke_model_client::Client;
//! use invoke_model_client::families::ModelResponse;
//! use serde_json::{Value, json};
//!
//! # async fn run(client: Client) -> Result<(), Box<dyn std::error::Error>> {
//! let body = json!({"prompt": "hi", "max_gen_len": 100});
//! let output = client.invoke_model().model_id("meta.llama3-8b-instruct-v1:0").body_json(&body).send().await?;
//! println!("{}", ModelResponse::parse(&output.body)?.text());
//! println!("{}", output.json::<Value>()?["generation"]);
//! # Ok(())
//! # }
//! ```
//!
//! [`Client::operation`] calls an operation by its name, with JSON as input and output. [`Client::request`]
//! signs and sends a request for an API that is not in the model. Both take the same steps as all calls:
//!
//! ```no_run
//! use invoke_model_client::{Client, Error, Method};
//! use serde_json::json;
//!
//! # async fn run(client: Client) -> Result<(), Error> {
//! let messages = json!([{"role": "user", "content": [{"text": "hi"}]}]);
//! let input = json!({"modelId": "us.amazon.nova-lite-v1:0", "messages": messages});
//! let output = client.operation("Converse")?.json(input).send().await?;
//! println!("{}", output["output"]["message"]["content"][0]["text"]);
//!
//! let messages = json!([{"role": "user", "content": "hi"}]);
//! let body = json!({"model": "openai.gpt-oss-20b-1:0", "messages": messages});
//! let response = client.request(Method::POST, "/openai/v1/chat/completions").json(&body).send().await?;
//! println!("{}", String::from_utf8_lossy(response.body()));
//! # Ok(())
//! # }
//! ```
//!
//! # Lists and asynchronous invocations
//!
//! [`Call::into_paginator`] reads a list that has several pages. [`Call::wait_until`] repeats a call until its
//! result has a given state:
//!
//! ```no_run
//! use std::time::Duration;
//!
//! use invoke_model_client::Client;
//! use invoke_model_client::types::GetAsyncInvoke;
//!
//! # async fn run(client: Client) -> Result<(), Box<dyn std::error::Error>> {
//! let mut invocations = client.list_async_invokes().into_paginator().items();
//! while let Some(invocation) = invocations.try_next().await? {
//!     let call = client.get_async_invoke().invocation_arn(invocation.invocation_arn);
//!     let output = call.wait_until(&GetAsyncInvoke::COMPLETED, Duration::from_secs(3600)).await?;
//!     println!("{:?}", output.end_time);
//! }
//! # Ok(())
//! # }
//! ```
//!
//! # Bidirectional streams
//!
//! An operation whose input and output are event streams returns [`BidirectionalStreamOutput`] as soon as the
//! head of the request was sent. Such a call needs HTTP/2: enable the feature `http2`, and select a transport
//! that uses HTTP/2. [`BidirectionalStreamOutput`] contains an example.
//!
//! # Tests
//!
//! The crate `invoke-model-local` runs a local endpoint that verifies signatures and injects faults. With
//! this endpoint, tests do not need an AWS account or a mock of the client:
//!
//! ```
//! use invoke_model_client::{Client, Config, Credentials};
//! use invoke_model_local::LocalEndpoint;
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let local = LocalEndpoint::start().await?;
//! let config = Config::builder()
//!     .region(local.region())
//!     .endpoint_url(local.url())
//!     .credentials_provider(Credentials::new(local.access_key_id(), local.secret_access_key(), None));
//! let client = Client::new(config)?;
//! let call = client.invoke_model().model_id("amazon.titan-embed-text-v2:0").body(r#"{"inputText":"hello"}"#);
//! assert!(call.send().await?.body.starts_with(b"{\"embedding\":["));
//! # Ok(())
//! # }
//! ```
//!
//! # Features
//!
//! All features are disabled by default.
//!
//! | feature | what it adds |
//! |---|---|
//! | `credentials-chain` | the default credentials chain with profiles, roles, SSO, web identity, containers and instance metadata |
//! | `redis` | `RedisQuotaStore`: quotas that processes and machines share, in Redis or Valkey |
//! | `aws-credential-types` | credentials and providers of the AWS crates, as `AwsProvider` |
//! | `aws-config` | `Client::new(&SdkConfig)`. Also enables `aws-credential-types` |
//! | `tower` | [`Client`] as a `tower::Service`, and `TowerTransport`, which sends requests with a `tower::Service` |
//! | `http2` | HTTP/2 in addition to HTTP/1.1, if [`HyperTransportBuilder`] enables it. Bidirectional streams need HTTP/2 |
//! | `opentelemetry` | metrics through the API of OpenTelemetry, as `ConfigBuilder::meter_provider` |

mod adaptive;
mod authorization;
mod bidirectional;
mod body;
mod call;
mod call_context;
mod client;
mod config;
mod env;
mod error;
mod events;
mod failover;
mod generated;
mod intercept;
mod json;
mod metadata;
mod metrics;
mod paginator;
mod quota;
mod random;
mod raw;
mod retry;
mod tags;
mod timeout;
mod visitor;
mod waiter;

pub use adaptive::AdaptiveRateLimiter;
pub use bidirectional::{BidirectionalStreamOutput, EventSender, ResponseFuture};
pub use body::{Body, BodyError};
pub use call::{Call, CallOutput, EventStreamOutput, Explanation, StreamingBodyOutput};
pub use client::Client;
pub use config::{AuthScheme, Config, ConfigBuilder, ConfigError, SettingSource, SettingSources};
pub use error::{
    Error, ErrorKind, HeaderError, ServiceError, StreamProgress, TruncatedError, TruncationCause,
};
pub use events::EventReceiver;
pub use failover::{
    CircuitBreakerConfig, CircuitState, Failover, FailoverBuilder, FailoverError, FailoverOutput,
    FailoverTarget, OtherTarget, OtherTargetReason, TargetStatus,
};
pub use intercept::{
    Hook, Intercept, InterceptorContext, InterceptorError, InterceptorErrorKind, InterceptorFuture,
};
pub use json::{
    JsonBidirectionalStreamOutput, JsonCall, JsonCallError, JsonEventReceiver, JsonEventSender,
    JsonEventStreamOutput, JsonResponseFuture,
};
pub use metadata::{Attempt, FailureClass, Metadata};
pub use paginator::{PaginationError, Paginator, PaginatorItems};
pub use quota::{
    Budget, BudgetPeriod, BudgetUnit, FallbackQuotaStore, MemoryQuotaStore, PriceTable, PriceTableError,
    QuotaDecision, QuotaError, QuotaKey, QuotaLimit, QuotaLimiter, QuotaLimiterBuilder, QuotaLimits,
    QuotaOutcome, QuotaPermit, QuotaRequest, QuotaReservation, QuotaStore, QuotaStoreError, QuotaUsage,
};
#[cfg(feature = "redis")]
pub use quota::{RedisQuotaStore, RedisQuotaStoreBuilder};
pub use raw::{RawRequest, RawRequestInput, ServerSentEvent, ServerSentEventOutput, ServerSentEventReceiver};
pub use retry::RetryConfig;
pub use timeout::TimeoutConfig;
pub use visitor::{OperationVisitor, visit_operation};
pub use waiter::{WaitError, WaiterError};

pub use bytes::Bytes;
pub use http::Method;
#[cfg(feature = "aws-credential-types")]
pub use invoke_model_credentials::AwsProvider;
pub use invoke_model_credentials::{
    Credentials, CredentialsCache, CredentialsCacheConfig, CredentialsError, CredentialsFuture,
    CredentialsSource, ProvideCredentials,
};
pub use invoke_model_families::{self as families, TokenEstimate, Usage};
pub use invoke_model_protocol::json::strict::{InputError, InputErrorKind};
pub use invoke_model_signing::{SignError, SigningOutput};
#[cfg(feature = "http2")]
pub use invoke_model_transport::HttpVersionPolicy;
#[cfg(feature = "tower")]
pub use invoke_model_transport::TowerTransport;
pub use invoke_model_transport::{
    BoxFuture, ConnectionPool, HyperTransport, HyperTransportBuilder, OpenConnections, Proxies, ProxyError,
    RequestBody, RequestProgress, RequestStage, ResponseBody, TimeoutKind, Transport, TransportError,
    TransportErrorKind,
};
pub use invoke_model_types as types;

/// Compiles the examples in `docs/hooks.md`.
#[cfg(all(doctest, feature = "tower"))]
#[doc = include_str!("../../../docs/hooks.md")]
struct HooksPage;
