//! Who has credentials when they are asked for.

use std::error::Error;
use std::pin::Pin;
use std::sync::Arc;

use super::Credentials;

/// What a provider answers with: credentials, or why there are none. Of an error, the words of the innermost cause are
/// shown to the caller and logged: they must not hold a secret.
pub type CredentialsFuture<'a> =
    Pin<Box<dyn Future<Output = Result<Credentials, Box<dyn Error + Send + Sync>>> + Send + 'a>>;

/// Has credentials, or fetches them.
///
/// A client asks when it has none that are good, or when those that it has are about to expire, once for all its calls
/// and in a task of its own: see [`CredentialsCacheConfig`](crate::CredentialsCacheConfig). So a provider keeps nothing and
/// knows no deadline. It may be given up between two polls.
///
/// ```
/// use std::time::{Duration, SystemTime};
///
/// use invoke_model_client::{Credentials, CredentialsFuture, ProvideCredentials};
///
/// /// Reads `ID SECRET` from a file that another program writes anew each hour.
/// struct KeyFile(std::path::PathBuf);
///
/// impl ProvideCredentials for KeyFile {
///     fn provide_credentials(&self) -> CredentialsFuture<'_> {
///         Box::pin(async {
///             let text = tokio::fs::read_to_string(&self.0).await?;
///             let (id, secret) = text.trim().split_once(' ').ok_or("the key file is not `ID SECRET`")?;
///             let hour = SystemTime::now() + Duration::from_secs(3600);
///             Ok(Credentials::new(id, secret, None).with_expiry(hour))
///         })
///     }
/// }
/// ```
pub trait ProvideCredentials: Send + Sync + 'static {
    /// Credentials that are good now.
    ///
    /// # Errors
    /// There are none.
    fn provide_credentials(&self) -> CredentialsFuture<'_>;
}

/// Fixed ones. A client knows them for what they are, and asks nobody.
impl ProvideCredentials for Credentials {
    fn provide_credentials(&self) -> CredentialsFuture<'_> {
        Box::pin(std::future::ready(Ok(self.clone())))
    }
}

impl<P: ProvideCredentials + ?Sized> ProvideCredentials for Arc<P> {
    fn provide_credentials(&self) -> CredentialsFuture<'_> {
        (**self).provide_credentials()
    }
}
