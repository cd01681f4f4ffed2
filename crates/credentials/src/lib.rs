//! AWS credentials: the provider trait, a cache that refreshes credentials in the background, and the default
//! credentials chain.
//!
//! The crate `invoke-model-client` uses this crate. A program with its own HTTP client can use this crate
//! together with `invoke-model-signing`:
//!
//! ```no_run
//! # #[cfg(feature = "chain")]
//! # async fn run() -> Result<(), Box<dyn std::error::Error>> {
//! use std::time::SystemTime;
//!
//! use invoke_model_credentials::{CredentialsCache, DefaultCredentialsChain};
//! use invoke_model_signing::{PayloadHash, Signer};
//!
//! // Create these values once. `region` comes from AWS_REGION or from the profile.
//! let chain = DefaultCredentialsChain::builder().build();
//! let region = chain.region().ok_or("set AWS_REGION")?.to_owned();
//! let signer = Signer::new(&region, "bedrock");
//! let cache = CredentialsCache::new(chain);
//!
//! // Repeat these steps for each request.
//! let body = r#"{"inputText":"hello"}"#;
//! let path = "/model/amazon.titan-embed-text-v2%3A0/invoke";
//! let uri = format!("https://bedrock-runtime.{region}.amazonaws.com{path}");
//! let (mut parts, ()) = http::Request::post(uri).body(())?.into_parts();
//! let credentials = cache.credentials().await?;
//! signer.sign(&mut parts, &credentials, &PayloadHash::of(body.as_bytes()), SystemTime::now())?;
//! let request = http::Request::from_parts(parts, body); // send this request
//! # Ok(())
//! # }
//! ```
//!
//! If the service responds with `ExpiredTokenException`, call [`CredentialsCache::invalidate`], and sign the
//! request again.
//!
//! | type | purpose |
//! |---|---|
//! | [`ProvideCredentials`] | the trait of a credentials provider |
//! | [`CredentialsCache`], [`CredentialsCacheConfig`] | a cache for the credentials of any provider, and the refresh times and load timeout of the cache |
//! | `DefaultCredentialsChain` | the provider that reads the environment, profiles, roles, SSO, web identity, containers and instance metadata |
//! | `AwsProvider` | an adapter for providers of the AWS SDK |
//! | `SharedFiles`, `ProfileSettings` | the files `config` and `credentials`, and the settings of a profile |
//! | [`Environment`], [`TimeSource`] | replacements for the environment and the clock of the process, for example in tests |
//! | [`CredentialsError`] | the reason why there are no credentials, and advice |
//!
//! # Features
//!
//! All features are disabled by default.
//!
//! | feature | what it adds |
//! |---|---|
//! | `chain` | `DefaultCredentialsChain`, `SharedFiles` |
//! | `aws-credential-types` | `AwsProvider`, and [`ProvideCredentials`] for the static credentials of the AWS SDK |

#[cfg(feature = "aws-credential-types")]
mod aws;
mod cache;
#[cfg(feature = "chain")]
mod chain;
mod environment;
mod error;
mod loopback;
mod provide;
#[cfg(feature = "chain")]
mod shared_files;
mod time_source;

#[cfg(feature = "aws-credential-types")]
pub use aws::AwsProvider;
pub use cache::{CredentialsCache, CredentialsCacheConfig, SharedCredentialsProvider};
#[cfg(feature = "chain")]
pub use chain::{DefaultCredentialsChain, DefaultCredentialsChainBuilder};
pub use environment::Environment;
pub use error::CredentialsError;
pub use loopback::is_loopback_host;
pub use provide::{CredentialsFuture, CredentialsSource, ProvideCredentials};
#[cfg(feature = "chain")]
pub use shared_files::{ProfileSettings, SharedFiles, SharedFilesError};
pub use time_source::TimeSource;

pub use invoke_model_signing::Credentials;
