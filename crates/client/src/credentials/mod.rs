//! Who calls: credentials to sign with, loaded beside the way of a call and not on it.

#[cfg(feature = "aws-credential-types")]
mod aws;
mod cache;
mod cache_config;
mod caller;
#[cfg(feature = "credentials-chain")]
mod chain;
mod error;
mod flight;
mod given;
mod identity;
mod loaded;
mod provide;
mod source;
#[cfg(test)]
mod tests;
mod token;

#[cfg(feature = "aws-credential-types")]
pub use aws::AwsProvider;
pub use cache_config::CredentialsCacheConfig;
pub use error::CredentialsError;
pub use provide::{CredentialsFuture, ProvideCredentials};
pub use source::CredentialsSource;

pub use invoke_model_signing::Credentials;

pub(crate) use cache::CredentialsCache;
pub(crate) use caller::{Authorization, Caller};
#[cfg(feature = "credentials-chain")]
pub(crate) use chain::{Chain, ChainSettings};
pub(crate) use given::Given;
pub(crate) use identity::Identity;
pub(crate) use loaded::Loaded;
pub(crate) use token::Token;
