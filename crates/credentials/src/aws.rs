//! Credentials and credentials providers of the AWS SDK.

use std::future::ready;

use aws_credential_types::Credentials as AwsCredentials;
use aws_credential_types::provider::ProvideCredentials as ProvideAwsCredentials;
use invoke_model_signing::Credentials;

use crate::provide::{CredentialsFuture, ProvideCredentials};

/// A wrapper that implements [`ProvideCredentials`] for a credentials provider of the AWS SDK, for example a
/// `SharedCredentialsProvider`.
///
/// [`ProvideCredentials`] is not implemented directly for all providers of the AWS SDK. Such an
/// implementation would conflict with every type that implements both traits. With this feature enabled, the
/// code of such a type would not compile.
///
/// ```
/// use aws_credential_types::provider::SharedCredentialsProvider;
/// use invoke_model_credentials::{AwsProvider, CredentialsCache};
///
/// fn cache(provider: SharedCredentialsProvider) -> CredentialsCache {
///     CredentialsCache::new(AwsProvider(provider))
/// }
/// ```
#[derive(Clone, Debug)]
pub struct AwsProvider<P>(
    /// The provider of the AWS SDK.
    pub P,
);

impl<P: ProvideAwsCredentials + 'static> ProvideCredentials for AwsProvider<P> {
    fn provide_credentials(&self) -> CredentialsFuture<'_> {
        Box::pin(async { Ok(convert(&self.0.provide_credentials().await?)) })
    }
}

/// Static credentials. They are never refreshed. After their expiry, they are an error.
impl ProvideCredentials for AwsCredentials {
    fn provide_credentials(&self) -> CredentialsFuture<'_> {
        Box::pin(ready(Ok(convert(self))))
    }
}

pub(crate) fn convert(credentials: &AwsCredentials) -> Credentials {
    let token = credentials.session_token().map(str::to_owned);
    Credentials::new(credentials.access_key_id(), credentials.secret_access_key(), token)
        .with_expiry(credentials.expiry())
}
