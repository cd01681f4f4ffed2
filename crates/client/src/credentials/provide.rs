//! The credentials provider trait.

use std::error::Error;
use std::fmt;
use std::future::ready;
use std::pin::Pin;
use std::sync::Arc;

use invoke_model_signing::Credentials;

/// The future of a credentials provider.
///
/// The text of the innermost error is shown to the caller and logged, so it must not contain a secret.
pub type CredentialsFuture<'a> =
    Pin<Box<dyn Future<Output = Result<Credentials, Box<dyn Error + Send + Sync>>> + Send + 'a>>;

/// Provides credentials.
///
/// A client calls its provider when it has no valid credentials, and in the background shortly before they
/// expire. It makes one call to the provider for all concurrent requests, in a task of its own: see
/// [`CredentialsCacheConfig`](crate::CredentialsCacheConfig). A provider therefore needs neither a cache nor
/// a timeout. Its future can be dropped at any await point.
///
/// ```
/// use std::time::{Duration, SystemTime};
///
/// use invoke_model_client::{Credentials, CredentialsFuture, ProvideCredentials};
///
/// /// Reads `ID SECRET` from a file that another program replaces every hour.
/// struct KeyFile(std::path::PathBuf);
///
/// impl ProvideCredentials for KeyFile {
///     fn provide_credentials(&self) -> CredentialsFuture<'_> {
///         Box::pin(async {
///             let text = tokio::fs::read_to_string(&self.0).await?;
///             let (id, secret) = text.trim().split_once(' ').ok_or("the key file is not `ID SECRET`")?;
///             let expiry = SystemTime::now() + Duration::from_secs(3600);
///             Ok(Credentials::new(id, secret, None).with_expiry(expiry))
///         })
///     }
/// }
/// ```
pub trait ProvideCredentials: Send + Sync + 'static {
    /// Returns valid credentials.
    ///
    /// # Errors
    /// Returns an error if there are no credentials, or if they cannot be loaded.
    fn provide_credentials(&self) -> CredentialsFuture<'_>;
}

/// Static credentials. A client uses them directly, without calling this method.
impl ProvideCredentials for Credentials {
    fn provide_credentials(&self) -> CredentialsFuture<'_> {
        Box::pin(ready(Ok(self.clone())))
    }
}

impl<P: ProvideCredentials + ?Sized> ProvideCredentials for Arc<P> {
    fn provide_credentials(&self) -> CredentialsFuture<'_> {
        (**self).provide_credentials()
    }
}

/// The source of credentials within a chain of providers, in words: `` profile `dev`: static keys ``.
///
/// A provider sets it with [`Credentials::with_source`]. Contains no secret.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CredentialsSource(Arc<str>);

impl CredentialsSource {
    pub(crate) fn new(description: impl Into<Arc<str>>) -> Self {
        Self(description.into())
    }

    /// Returns the description of the source.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for CredentialsSource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
