//! Settings of the default credentials chain.

use invoke_model_credentials::{DefaultCredentialsChain, DefaultCredentialsChainBuilder, Environment};

/// The environment and the profile of the default credentials chain.
#[derive(Clone, Debug, Default)]
pub(super) struct ChainSettings {
    pub(super) environment: Environment,
    /// The profile that the program selects. It takes precedence over `AWS_PROFILE`.
    pub(super) profile_name: Option<String>,
}

impl ChainSettings {
    /// Returns a builder of the chain. The chain ignores the access keys in the environment, because the
    /// client reads them itself.
    pub(super) fn builder(&self) -> DefaultCredentialsChainBuilder {
        let builder = DefaultCredentialsChain::builder().environment(self.environment.clone());
        let builder = builder.ignore_access_keys();
        match &self.profile_name {
            Some(name) => builder.profile_name(name),
            None => builder,
        }
    }
}
