//! The credentials provider trait.

use std::error::Error;
use std::fmt;
use std::future::ready;
use std::pin::Pin;
use std::sync::Arc;

use invoke_model_signing::Credentials;

/// The future of a credentials provider.
///
/// If the future returns an error, the text of the innermost cause must not contain a secret. The cache
/// returns this text to the caller, and logs it.
pub type CredentialsFuture<'a> =
    Pin<Box<dyn Future<Output = Result<Credentials, Box<dyn Error + Send + Sync>>> + Send + 'a>>;

/// Provides credentials.
///
/// A client has a [`CredentialsCache`](crate::CredentialsCache). The cache calls the provider if no valid
/// credentials are cached. It also calls the provider in the background shortly before the credentials
/// expire. All concurrent requests share one call of the provider. This call runs in a separate task with a
/// timeout. Therefore a provider needs neither a cache nor a timeout. The cache may drop the provider's
/// future at any await point.
///
/// ```
/// use std::time::{Duration, SystemTime};
///
/// use invoke_model_credentials::{Credentials, CredentialsFuture, ProvideCredentials};
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

/// Static credentials. The cache uses static credentials directly, and does not call this method.
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

/// A description of the source of credentials in a chain of providers, for example `` profile `dev`: static
/// keys ``.
///
/// A provider sets the description with [`Credentials::with_source`]. The description must not contain
/// secrets.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CredentialsSource(Arc<str>);

impl CredentialsSource {
    /// Creates a description from a text, for example from [`Credentials::source`].
    pub fn new(description: impl Into<Arc<str>>) -> Self {
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
