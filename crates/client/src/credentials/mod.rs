//! Who calls: credentials to sign with, loaded beside the way of a call and not on it.

mod cache;
mod caller;
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
pub(crate) use given::Given;
pub(crate) use identity::Identity;
pub(crate) use loaded::Loaded;
