//! Calls Amazon Bedrock's models: configuration, credentials, endpoint, signature, one call.
//!
//! ```no_run
//! use invoke_model_client::Client;
//!
//! # async fn run() -> Result<(), Box<dyn std::error::Error>> {
//! let client = Client::from_env()?; // AWS_REGION, AWS_ACCESS_KEY_ID, ..: see `ConfigBuilder::from_env`
//! let answer = client
//!     .invoke_model()
//!     .model_id("amazon.titan-embed-text-v2:0")
//!     .body(r#"{"inputText":"hello"}"#)
//!     .send()
//!     .await?;
//! println!("{}", String::from_utf8_lossy(&answer.body));
//! # Ok(())
//! # }
//! ```
//!
//! | | |
//! |---|---|
//! | [`Client`] | makes calls; cheap to clone |
//! | [`Config`], [`ConfigBuilder`] | region, credentials, endpoint, transport, clock, and where each [came from](SettingSources) |
//! | [`Call`] | one call: setters, then [`send`](Call::send), [`send_streaming`](Call::send_streaming), [`sign`](Call::sign) or [`explain`](Call::explain) |
//! | [`EventStreamOutput`], [`EventReceiver`] | an answer that comes as events, read as they come |
//! | [`Body`] | what is sent: bytes, or a file |
//! | [`TimeoutConfig`], [`RetryConfig`] | how long a call may take, and when it is sent again |
//! | [`Metadata`], [`Attempt`] | what a call counted, and what went wrong before |
//! | [`QuotaLimiter`] | limits on requests at a time, requests and tokens in a minute, shared by clones |
//! | [`AdaptiveRateLimiter`] | a rate of attempts that is learnt from throttles |
//! | [`Error`] | why there is no output, in one line that says what to do |
//! | [`types`] | inputs, outputs, enums and errors of the operations |
//!
//! # The way of a call
//!
//! Serialize, apply the endpoint (resolved once, when the [`Config`] was built); then, for each attempt, look up
//! credentials, sign, send, parse. A call with a bearer token looks up no credentials; those of
//! a provider are kept, and loaded anew beside the calls before they expire: [`CredentialsCacheConfig`]. [`RetryConfig`] say what is sent again:
//! by default only what certainly costs nothing twice, as its [`FailureClass`] tells. [`TimeoutConfig`] bound a call and its
//! parts; those that are set by default end no healthy inference.
//!
//! # Streams
//!
//! An operation that answers with events gives [`EventStreamOutput`] as soon as the head of the answer is there:
//!
//! ```no_run
//! use invoke_model_client::{Client, types::ResponseStream};
//!
//! # async fn run(client: Client) -> Result<(), Box<dyn std::error::Error>> {
//! let mut answer = client
//!     .invoke_model_with_response_stream()
//!     .model_id("anthropic.claude-3-haiku-20240307-v1:0")
//!     .body(r#"{"anthropic_version":"bedrock-2023-05-31","max_tokens":64,"messages":[{"role":"user","content":"hi"}]}"#)
//!     .send()
//!     .await?;
//! while let Some(event) = answer.body.recv().await? {
//!     if let ResponseStream::Chunk(part) = event {
//!         println!("{}", String::from_utf8_lossy(part.bytes.as_deref().unwrap_or_default()));
//!     }
//! }
//! assert!(answer.body.is_complete()); // whatever else would have ended it is an error
//! # Ok(())
//! # }
//! ```
//!
//! # Features
//!
//! None is on by default.
//!
//! | feature | what it adds |
//! |---|---|
//! | `credentials-chain` | the default chain of credentials: profiles, roles, SSO, web identity, containers, instance metadata |
//! | `aws-credential-types` | credentials and providers of the AWS crates, as `AwsProvider` |
//! | `aws-config` | `Client::new(&SdkConfig)`; with it comes `aws-credential-types` |
//! | `http2` | HTTP/2 beside HTTP/1.1, where [`HyperTransportBuilder`] is told so |

mod adaptive;
mod authorization;
mod body;
mod call;
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
pub use call::{Call, CallOutput, Deliver, EventStreamOutput, Explanation, HeaderError, StreamingBodyOutput};
pub use client::Client;
pub use config::{AuthScheme, Config, ConfigBuilder, ConfigError, SettingSource, SettingSources};
#[cfg(feature = "aws-credential-types")]
pub use credentials::AwsProvider;
pub use credentials::{
    Credentials, CredentialsCacheConfig, CredentialsError, CredentialsFuture, CredentialsSource,
    ProvideCredentials,
};
pub use error::{Error, ErrorKind};
pub use events::{EventReceiver, StreamProgress, TruncatedError, TruncationCause};
pub use metadata::{Attempt, Metadata, Usage};
pub use quota::{
    QuotaError, QuotaLimit, QuotaLimiter, QuotaLimiterBuilder, QuotaPermit, QuotaUsage, TokenEstimate,
};
pub use retry::{FailureClass, RetryConfig};
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
