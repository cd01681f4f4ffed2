//! Where the credentials of a call come from.

use std::sync::Arc;

use super::{CredentialsCache, CredentialsCacheConfig, CredentialsError, Given, Loaded};
use crate::config::Clock;

/// The credentials of a client, or of a call that has its own. Clones share what was loaded.
#[derive(Clone)]
pub(crate) enum Identity {
    /// The settings name none: every call fails, and says what to set.
    None,
    /// Given once and for all. Never loaded, never cached.
    Fixed(Arc<Loaded>, Clock),
    /// A provider's, behind a cache.
    Cached(CredentialsCache),
}

impl Identity {
    pub(crate) fn new(given: Given, refresh: CredentialsCacheConfig, clock: Clock) -> Self {
        match given {
            Given::Fixed(credentials) => Self::Fixed(Arc::new(Loaded::fixed(credentials)), clock),
            Given::Provider(provider) => Self::Cached(CredentialsCache::new(provider, refresh, clock)),
        }
    }

    /// Credentials that are good now. Ready at once unless a provider has to be waited for, and then to be given up
    /// at any time: the provider goes on for the others that wait.
    pub(crate) async fn load(&self) -> Result<Arc<Loaded>, CredentialsError> {
        match self {
            Self::None => Err(CredentialsError::NotGiven),
            Self::Fixed(loaded, clock) => loaded.check(clock.now()).map(|()| loaded.clone()),
            Self::Cached(cache) => cache.load().await,
        }
    }

    /// The service has refused these as expired: the next attempt loads anew.
    pub(crate) fn invalidate(&self, refused: &Arc<Loaded>) {
        if let Self::Cached(cache) = self {
            cache.invalidate(refused);
        }
    }
}
