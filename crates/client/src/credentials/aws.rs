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
        Box::pin(async { Ok(self.0.provide_credentials().await?.into()) })
    }
}

impl From<aws_credential_types::Credentials> for Credentials {
    fn from(given: aws_credential_types::Credentials) -> Self {
        let token = given.session_token().map(str::to_owned);
        Self::new(given.access_key_id(), given.secret_access_key(), token).expiring_at(given.expiry())
    }
}
