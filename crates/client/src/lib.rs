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
//! | [`Config`], [`ConfigBuilder`] | region, credentials, endpoint, transport, clock, and where each [came from](Sources) |
//! | [`Call`] | one call: setters, then [`send`](Call::send), [`send_chunked`](Call::send_chunked), [`sign`](Call::sign) or [`explain`](Call::explain) |
//! | [`Body`] | what is sent: bytes, or a file |
//! | [`Error`] | why there is no output, in one line that says what to do |
//! | [`types`] | inputs, outputs, enums and errors of the operations |
//!
//! # The way of a call
//!
//! Serialize, apply the endpoint (resolved once, when the [`Config`] was built), look up credentials, sign, send,
//! parse. A call with a bearer token looks up no credentials. Each call is sent once: retries are the caller's, and
//! [`Error::is_retryable`] and [`Error::may_have_been_sent`] say what is known for that. There is no deadline but
//! that for connecting: put one around the future if you need it.
//!
//! # Not here
//!
//! Profiles, roles, SSO and instance metadata: any provider of the AWS crates plugs into
//! [`ConfigBuilder::credentials_provider`], and the feature `aws-config` takes a whole `SdkConfig`.

mod body;
mod call;
mod client;
mod config;
mod credentials;
mod env;
mod error;
mod generated;
#[cfg(feature = "aws-config")]
mod sdk_config;

pub use body::{Body, BodyError};
pub use call::{Call, Chunked, Explanation, FieldError};
pub use client::Client;
pub use config::{AuthScheme, Config, ConfigBuilder, ConfigError, Source, Sources};
pub use credentials::CredentialsError;
pub use error::{Error, ErrorKind};

pub use aws_credential_types::Credentials;
pub use aws_credential_types::provider::{ProvideCredentials, SharedCredentialsProvider};
pub use bytes::Bytes;
pub use invoke_model_signing::{SignError, Signed};
pub use invoke_model_transport::{
    BoxFuture, HyperTransport, HyperTransportBuilder, RequestBody, ResponseBody, Transport, TransportError,
    TransportErrorKind,
};
pub use invoke_model_types as types;
