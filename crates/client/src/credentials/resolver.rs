//! Resolves the credentials of a call: static credentials, or credentials from a provider with a cache.

use std::any::Any;
use std::sync::Arc;

use invoke_model_signing::Credentials;

#[cfg(feature = "aws-credential-types")]
use super::aws;
use super::cache::CredentialsCache;
use super::cache_config::CredentialsCacheConfig;
use super::error::CredentialsError;
use super::load::LoadedCredentials;
use super::provide::ProvideCredentials;
use crate::time_source::TimeSource;

/// A credentials provider that the program has set.
#[derive(Clone)]
pub(crate) enum CredentialsProvider {
    /// Credentials that never change.
    Static(Credentials),
    /// A provider that is called to load credentials.
    Dynamic(Arc<dyn ProvideCredentials>),
}

impl CredentialsProvider {
    /// Converts a provider. Static credentials also implement [`ProvideCredentials`]. This function converts
    /// them to [`Static`](Self::Static), because they need no cache.
    pub(crate) fn new(provider: impl ProvideCredentials) -> Self {
        let any = &provider as &dyn Any;
        if let Some(credentials) = any.downcast_ref::<Credentials>() {
            return Self::Static(credentials.clone());
        }
        #[cfg(feature = "aws-credential-types")]
        if let Some(credentials) = any.downcast_ref::<aws_credential_types::Credentials>() {
            return Self::Static(aws::convert(credentials));
        }
        Self::Dynamic(Arc::new(provider))
    }
}

/// Resolves the credentials of a client, or of a call with its own credentials. Clones share loaded
/// credentials.
#[derive(Clone)]
pub(crate) enum CredentialsResolver {
    /// No credentials are configured. Each call fails with an error that lists the possible settings.
    Unset,
    /// Credentials that are never refreshed.
    Static(Arc<LoadedCredentials>, TimeSource),
    /// A provider with a cache.
    Cached(CredentialsCache),
}

impl CredentialsResolver {
    pub(crate) fn new(
        provider: CredentialsProvider,
        config: CredentialsCacheConfig,
        time_source: TimeSource,
    ) -> Self {
        match provider {
            CredentialsProvider::Static(credentials) => {
                Self::Static(Arc::new(LoadedCredentials::fixed(credentials)), time_source)
            }
            CredentialsProvider::Dynamic(provider) => {
                Self::Cached(CredentialsCache::new(provider, config, time_source))
            }
        }
    }

    /// Returns valid credentials.
    ///
    /// The future is ready immediately, unless the call must wait for a provider. Dropping the future does
    /// not cancel the provider, because other calls may wait for the same credentials.
    pub(crate) async fn load(&self) -> Result<Arc<LoadedCredentials>, CredentialsError> {
        match self {
            Self::Unset => Err(CredentialsError::NotConfigured),
            Self::Static(loaded, time_source) => loaded.check(time_source.now()).map(|()| loaded.clone()),
            Self::Cached(cache) => cache.load().await,
        }
    }

    /// Discards credentials that the service rejected as expired. The next attempt then loads new
    /// credentials.
    pub(crate) fn invalidate(&self, rejected: &Arc<LoadedCredentials>) {
        if let Self::Cached(cache) = self {
            cache.invalidate(rejected);
        }
    }
}
