//! Credentials and providers of the AWS crates.

use aws_credential_types::provider::ProvideCredentials as OfAws;

use super::{Credentials, CredentialsFuture, ProvideCredentials};

/// A provider of the AWS crates as one of ours: whatever implements their `ProvideCredentials`, a
/// `SharedCredentialsProvider` for instance.
///
/// It is a type of its own because a trait that all providers of the AWS crates had by themselves would forbid others
/// to implement both, and that only where this feature is on.
///
/// ```
/// use aws_credential_types::provider::SharedCredentialsProvider;
/// use invoke_model_client::{AwsProvider, Config};
///
/// fn with(provider: SharedCredentialsProvider) -> Config {
///     let config = Config::builder().region("us-east-1").credentials_provider(AwsProvider(provider));
///     config.build().unwrap()
/// }
/// ```
#[derive(Clone, Debug)]
pub struct AwsProvider<P>(
    /// The provider.
    pub P,
);

impl<P: OfAws + 'static> ProvideCredentials for AwsProvider<P> {
    fn provide_credentials(&self) -> CredentialsFuture<'_> {
        Box::pin(async { Ok(convert(&self.0.provide_credentials().await?)) })
    }
}

/// Static credentials. A client never loads them again, so that an expiry ends their use.
impl ProvideCredentials for aws_credential_types::Credentials {
    fn provide_credentials(&self) -> CredentialsFuture<'_> {
        Box::pin(std::future::ready(Ok(convert(self))))
    }
}

pub(super) fn convert(credentials: &aws_credential_types::Credentials) -> Credentials {
    let token = credentials.session_token().map(str::to_owned);
    Credentials::new(credentials.access_key_id(), credentials.secret_access_key(), token)
        .with_expiry(credentials.expiry())
}
