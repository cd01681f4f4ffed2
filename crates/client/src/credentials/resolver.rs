//! Resolves the credentials of a call: static ones, or those of a provider behind a cache.

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

/// A credentials provider as the program sets it.
#[derive(Clone)]
pub(crate) enum CredentialsProvider {
    /// Credentials that never change.
    Static(Credentials),
    /// A provider that is called to load credentials.
    Dynamic(Arc<dyn ProvideCredentials>),
}

impl CredentialsProvider {
    /// Recognizes static credentials, which implement [`ProvideCredentials`] too but need no cache.
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

/// Resolves the credentials of a client, or of a call that has its own. Clones share loaded credentials.
#[derive(Clone)]
pub(crate) enum CredentialsResolver {
    /// No credentials are configured: each call fails with an error that says what to set.
    Unset,
    /// Credentials that are never refreshed.
    Static(Arc<LoadedCredentials>, TimeSource),
    /// A provider behind a cache.
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
    /// The future is ready at once unless it has to wait for a provider. Dropping it does not cancel the
    /// provider, because other calls may wait for the same credentials.
    pub(crate) async fn load(&self) -> Result<Arc<LoadedCredentials>, CredentialsError> {
        match self {
            Self::Unset => Err(CredentialsError::NotConfigured),
            Self::Static(loaded, time_source) => loaded.check(time_source.now()).map(|()| loaded.clone()),
            Self::Cached(cache) => cache.load().await,
        }
    }

    /// Discards credentials that the service rejected as expired, so that the next attempt loads new ones.
    pub(crate) fn invalidate(&self, rejected: &Arc<LoadedCredentials>) {
        if let Self::Cached(cache) = self {
            cache.invalidate(rejected);
        }
    }
}
