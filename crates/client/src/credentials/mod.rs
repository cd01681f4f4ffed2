//! Who calls: credentials to sign with, loaded beside the way of a call and not on it.

mod cache;
mod caller;
#[cfg(feature = "credentials-chain")]
mod chain;
mod error;
mod flight;
mod given;
mod identity;
mod link;
mod loaded;
mod refresh;
#[cfg(test)]
mod tests;

pub use error::CredentialsError;
pub use link::CredentialsLink;
pub use refresh::CredentialsRefresh;

pub(crate) use cache::CredentialsCache;
pub(crate) use caller::{Authorization, Caller};
#[cfg(feature = "credentials-chain")]
pub(crate) use chain::{Chain, ChainSettings};
pub(crate) use given::Given;
pub(crate) use identity::Identity;
pub(crate) use loaded::Loaded;
