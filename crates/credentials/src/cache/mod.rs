//! Credentials of one provider for all calls: static credentials, or a cache that is refreshed.

mod config;
mod load;
mod refresh;
#[cfg(test)]
mod tests;

use std::any::Any;
use std::fmt;
use std::sync::Arc;

use invoke_model_signing::Credentials;

pub use self::config::CredentialsCacheConfig;
#[cfg(feature = "chain")]
pub(crate) use self::config::random_below;
use self::load::check_expiry;
use self::refresh::RefreshingCache;
#[cfg(feature = "aws-credential-types")]
use crate::aws;
use crate::error::CredentialsError;
use crate::provide::{CredentialsFuture, ProvideCredentials};
use crate::time_source::TimeSource;

/// A cache that calls a credentials provider once for all callers, and refreshes the credentials before they
/// expire. Clones share the credentials.
///
/// * If valid credentials are cached, [`credentials`](Self::credentials) returns them immediately. If a
///   refresh is due, it also starts the refresh in a background task.
/// * If no valid credentials are cached, all callers wait for one call of the provider. If that call runs in
///   another tokio runtime, a caller waits for at most a second, or a quarter of the load timeout if that is
///   shorter. Then it calls the provider in its own runtime, because the other runtime may not be polled.
/// * Static [`Credentials`] are never refreshed. After their expiry, [`credentials`](Self::credentials)
///   returns an error.
///
/// ```
/// use invoke_model_credentials::{
///     Credentials, CredentialsCache, CredentialsError, CredentialsFuture, ProvideCredentials,
/// };
///
/// /// Fetches credentials from a vault.
/// struct Vault;
///
/// impl ProvideCredentials for Vault {
///     fn provide_credentials(&self) -> CredentialsFuture<'_> {
///         Box::pin(async { Ok(Credentials::new("AKIDEXAMPLE", "secret", Some("token".to_owned()))) })
///     }
/// }
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), CredentialsError> {
/// let cache = CredentialsCache::new(Vault);
/// assert_eq!(cache.credentials().await?.access_key_id(), "AKIDEXAMPLE");
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct CredentialsCache(CacheKind);

#[derive(Clone)]
enum CacheKind {
    /// Credentials that are never refreshed.
    Static(Arc<Credentials>, TimeSource),
    /// Credentials of a provider.
    Refreshing(RefreshingCache),
}

impl CredentialsCache {
    /// Creates a cache with the default configuration and the system clock.
    pub fn new(provider: impl ProvideCredentials) -> Self {
        Self::with_config(provider, CredentialsCacheConfig::default(), TimeSource::default())
    }

    /// Creates a cache. The cache compares the expiry of credentials with the time of `time_source`. If
    /// `provider` is a `CredentialsCache`, this function returns that cache and ignores the other arguments.
    pub fn with_config(
        provider: impl ProvideCredentials,
        config: CredentialsCacheConfig,
        time_source: TimeSource,
    ) -> Self {
        match SharedCredentialsProvider::new(provider).0 {
            ProviderKind::Static(credentials) => Self(CacheKind::Static(Arc::new(credentials), time_source)),
            ProviderKind::Dynamic(provider) => {
                Self(CacheKind::Refreshing(RefreshingCache::new(provider, config, time_source)))
            }
            ProviderKind::Cached(cache) => cache,
        }
    }

    /// Returns valid credentials.
    ///
    /// If valid credentials are cached, the future is ready immediately. Otherwise, it waits for the
    /// provider. Dropping the future does not cancel the provider, because other callers may wait for the
    /// same credentials.
    ///
    /// # Errors
    /// Returns an error if no valid credentials are cached, and the provider then fails, times out or returns
    /// expired credentials. Returns an error if static credentials have expired.
    ///
    /// # Panics
    /// Panics if this function must call the provider, but no tokio runtime is running, or the runtime has no
    /// timers.
    pub async fn credentials(&self) -> Result<Arc<Credentials>, CredentialsError> {
        match &self.0 {
            CacheKind::Static(credentials, time_source) => {
                check_expiry(credentials, time_source.now()).map(|()| credentials.clone())
            }
            CacheKind::Refreshing(cache) => cache.load().await,
        }
    }

    /// Discards credentials that the service rejected as expired. The next call of
    /// [`credentials`](Self::credentials) then calls the provider. Static credentials are never discarded.
    ///
    /// The service may reject several requests with the same credentials. Only the first call of this
    /// function discards them. Further calls do not discard the credentials that were loaded in the meantime.
    pub fn invalidate(&self, rejected: &Arc<Credentials>) {
        if let CacheKind::Refreshing(cache) = &self.0 {
            cache.invalidate(rejected);
        }
    }

    /// Returns `true` if both caches certainly return the credentials of the same caller: they are clones of one
    /// cache, or they contain static credentials with the same access key id.
    pub fn is_same(&self, other: &Self) -> bool {
        match (&self.0, &other.0) {
            (CacheKind::Static(credentials, _), CacheKind::Static(other, _)) => {
                credentials.access_key_id() == other.access_key_id()
            }
            (CacheKind::Refreshing(cache), CacheKind::Refreshing(other)) => cache.is_clone_of(other),
            _ => false,
        }
    }

    /// Returns `true` if the credentials are static. Static credentials are never loaded again.
    pub fn is_static(&self) -> bool {
        matches!(self.0, CacheKind::Static(..))
    }
}

/// Returns the cached credentials. A client that receives a `CredentialsCache` as its provider uses this
/// cache, instead of a cache of its own.
impl ProvideCredentials for CredentialsCache {
    fn provide_credentials(&self) -> CredentialsFuture<'_> {
        Box::pin(async { Ok((*self.credentials().await?).clone()) })
    }
}

impl fmt::Debug for CredentialsCache {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("CredentialsCache")
    }
}

/// A credentials provider of any type. Clones share the provider.
///
/// This type is useful as a field of a struct. It does not cache credentials. [`CredentialsCache`] caches
/// them.
#[derive(Clone)]
pub struct SharedCredentialsProvider(ProviderKind);

#[derive(Clone)]
enum ProviderKind {
    /// Credentials that never change.
    Static(Credentials),
    /// A provider that is called to load credentials.
    Dynamic(Arc<dyn ProvideCredentials>),
    /// A provider that caches its credentials.
    Cached(CredentialsCache),
}

impl SharedCredentialsProvider {
    /// Wraps a provider.
    pub fn new(provider: impl ProvideCredentials) -> Self {
        let any = &provider as &dyn Any;
        if let Some(shared) = any.downcast_ref::<Self>() {
            return shared.clone();
        }
        if let Some(cache) = any.downcast_ref::<CredentialsCache>() {
            return Self(ProviderKind::Cached(cache.clone()));
        }
        // Static credentials also implement `ProvideCredentials`. They need no cache and no async runtime.
        if let Some(credentials) = any.downcast_ref::<Credentials>() {
            return Self(ProviderKind::Static(credentials.clone()));
        }
        #[cfg(feature = "aws-credential-types")]
        if let Some(credentials) = any.downcast_ref::<aws_credential_types::Credentials>() {
            return Self(ProviderKind::Static(aws::convert(credentials)));
        }
        Self(ProviderKind::Dynamic(Arc::new(provider)))
    }
}

impl ProvideCredentials for SharedCredentialsProvider {
    fn provide_credentials(&self) -> CredentialsFuture<'_> {
        match &self.0 {
            ProviderKind::Static(credentials) => credentials.provide_credentials(),
            ProviderKind::Dynamic(provider) => provider.provide_credentials(),
            ProviderKind::Cached(cache) => cache.provide_credentials(),
        }
    }
}

impl fmt::Debug for SharedCredentialsProvider {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SharedCredentialsProvider")
    }
}
