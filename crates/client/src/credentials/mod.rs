//! Credentials providers, the cache that refreshes credentials in the background, and the default chain.

#[cfg(feature = "aws-credential-types")]
mod aws;
mod cache;
mod cache_config;
#[cfg(feature = "credentials-chain")]
mod chain;
mod error;
mod load;
mod provide;
mod resolver;
#[cfg(test)]
mod tests;

#[cfg(feature = "aws-credential-types")]
pub use aws::AwsProvider;
pub use cache_config::CredentialsCacheConfig;
pub use error::CredentialsError;
pub use provide::{CredentialsFuture, CredentialsSource, ProvideCredentials};

pub use invoke_model_signing::Credentials;

#[cfg(feature = "credentials-chain")]
pub(crate) use chain::{ChainSettings, DefaultChain};
pub(crate) use load::LoadedCredentials;
pub(crate) use resolver::{CredentialsProvider, CredentialsResolver};
