//! A client for Amazon Bedrock Runtime: configuration, credentials, endpoint, signature, retries, quotas and
//! calls.
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
//! | [`Client`] | makes calls; cheap to clone |
//! | [`Config`], [`ConfigBuilder`] | region, credentials, endpoint, transport, and the [source](SettingSources) of each |
//! | [`Call`] | one call: setters, then [`send`](Call::send), [`send_streaming`](Call::send_streaming), [`sign`](Call::sign) or [`explain`](Call::explain) |
//! | [`EventStreamOutput`], [`EventReceiver`] | a response that is an event stream |
//! | [`Body`] | the body of a request: bytes, or a file |
//! | [`TimeoutConfig`], [`RetryConfig`] | timeouts, and which failures are retried |
//! | [`QuotaLimiter`] | limits concurrent requests, requests and tokens per minute; clones share it |
//! | [`AdaptiveRateLimiter`] | limits the rate after the service has throttled |
//! | [`Metadata`], [`Usage`], [`Attempt`] | token counts, latency, and the failed attempts of a call |
//! | [`Error`], [`ErrorKind`] | why a call failed, and what to do |
//! | [`types`] | inputs, outputs, enums and errors of the operations |
//!
//! # How a call works
//!
//! 1. The input is serialized, and the endpoint, which was resolved when the [`Config`] was built, is
//!    applied.
//! 2. For each attempt: wait for the [`QuotaLimiter`] and the [`AdaptiveRateLimiter`] if there are any, load
//!    credentials, sign, send, and parse the response. A call with a bearer token loads no credentials.
//!    Credentials of a provider are cached, and refreshed in the background before they expire:
//!    [`CredentialsCacheConfig`].
//! 3. A failed attempt is retried if its [`FailureClass`] says that a retry cannot be billed twice:
//!    [`RetryConfig`].
//!
//! # Timeouts
//!
//! By default, a call ends only if no data arrives for 15 minutes, because a model may take long to respond.
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
//! By default, a call has three attempts, and only failures that cannot be billed twice are retried:
//! [`RetryConfig`] lists them.
//!
//! ```no_run
//! use invoke_model_client::{Client, ConfigBuilder, RetryConfig};
//!
//! # async fn run() -> Result<(), Box<dyn std::error::Error>> {
//! // Five attempts, also after failures that may have been billed.
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
//! A [`QuotaLimiter`] delays requests before they are sent, so that the service does not throttle them.
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
//! Every operation has its own error type; all of them convert into [`Error`] without a parameter.
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
//! # Tests
//!
//! The crate `invoke-model-local` runs an endpoint on loopback that verifies signatures and injects faults,
//! so that tests need neither an account nor a mock of the client:
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
//! No feature is enabled by default.
//!
//! | feature | what it adds |
//! |---|---|
//! | `credentials-chain` | the default credentials chain: profiles, roles, SSO, web identity, containers, instance metadata |
//! | `aws-credential-types` | credentials and providers of the AWS crates, as `AwsProvider` |
//! | `aws-config` | `Client::new(&SdkConfig)`; enables `aws-credential-types` |
//! | `http2` | HTTP/2 in addition to HTTP/1.1, if [`HyperTransportBuilder`] enables it |

mod adaptive;
mod authorization;
mod body;
mod call;
mod call_context;
mod client;
mod config;
mod credentials;
mod env;
mod error;
mod events;
mod generated;
mod metadata;
mod quota;
mod random;
mod retry;
mod time_source;
mod timeout;

pub use adaptive::AdaptiveRateLimiter;
pub use body::{Body, BodyError};
pub use call::{Call, CallOutput, EventStreamOutput, Explanation, StreamingBodyOutput};
pub use client::Client;
pub use config::{AuthScheme, Config, ConfigBuilder, ConfigError, SettingSource, SettingSources};
#[cfg(feature = "aws-credential-types")]
pub use credentials::AwsProvider;
pub use credentials::{
    Credentials, CredentialsCacheConfig, CredentialsError, CredentialsFuture, CredentialsSource,
    ProvideCredentials,
};
pub use error::{
    Error, ErrorKind, HeaderError, ServiceError, StreamProgress, TruncatedError, TruncationCause,
};
pub use events::EventReceiver;
pub use metadata::{Attempt, FailureClass, Metadata, Usage};
pub use quota::{
    QuotaError, QuotaLimit, QuotaLimiter, QuotaLimiterBuilder, QuotaPermit, QuotaUsage, TokenEstimate,
};
pub use retry::RetryConfig;
pub use timeout::TimeoutConfig;

pub use bytes::Bytes;
pub use invoke_model_signing::{SignError, SigningOutput};
#[cfg(feature = "http2")]
pub use invoke_model_transport::HttpVersionPolicy;
pub use invoke_model_transport::{
    BoxFuture, HyperTransport, HyperTransportBuilder, Proxies, ProxyError, RequestBody, ResponseBody,
    TimeoutKind, Transport, TransportError, TransportErrorKind,
};
pub use invoke_model_types as types;
