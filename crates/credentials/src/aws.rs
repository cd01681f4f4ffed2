//! Credentials and credentials providers of the AWS SDK.

use std::future::ready;

use aws_credential_types::Credentials as AwsCredentials;
use aws_credential_types::provider::ProvideCredentials as ProvideAwsCredentials;
use invoke_model_signing::Credentials;

use crate::provide::{CredentialsFuture, ProvideCredentials};

/// A wrapper that implements [`ProvideCredentials`] for a credentials provider of the AWS SDK, for example a
/// `SharedCredentialsProvider`.
///
/// This crate does not implement [`ProvideCredentials`] directly for all providers of the AWS SDK. A program
/// can contain a type that implements the provider traits of this crate and of the AWS SDK. An implementation
/// for all providers of the AWS SDK would conflict with the implementation for that type, so the program
/// would not compile.
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

/// Static credentials. The [`CredentialsCache`](crate::CredentialsCache) never refreshes them. After the
/// expiry of the credentials, the cache returns an error.
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
