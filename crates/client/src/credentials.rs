//! Credentials of the AWS crates, loaded and made ready to sign with.

use std::error::Error;
use std::time::SystemTime;

use aws_credential_types::Credentials;
use aws_credential_types::provider::{ProvideCredentials, SharedCredentialsProvider, error as provider};
use invoke_model_signing as signing;

/// Why there are no credentials to sign with. Nothing was sent; nothing in it is secret.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CredentialsError {
    /// The settings name none.
    #[error(
        "no credentials: set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY (and AWS_SESSION_TOKEN for temporary ones) \
         or AWS_BEARER_TOKEN_BEDROCK, or give Config a credentials provider"
    )]
    NotGiven,

    /// The provider has none, or failed.
    #[error("no credentials: {}", words(.0))]
    Provider(#[source] provider::CredentialsError),

    /// The provider gave credentials that are no longer good. Fixed ones do not renew themselves.
    #[error("the credentials expired at {}: get new ones", stamp(.at))]
    Expired {
        /// When.
        at: SystemTime,
    },
}

/// What the provider gives.
pub(crate) async fn load(
    provider: Option<&SharedCredentialsProvider>,
) -> Result<Credentials, CredentialsError> {
    let provider = provider.ok_or(CredentialsError::NotGiven)?;
    provider.provide_credentials().await.map_err(CredentialsError::Provider)
}

/// The same credentials for the signer, if they are good at that time.
pub(crate) fn current(
    provided: &Credentials,
    now: SystemTime,
) -> Result<signing::Credentials, CredentialsError> {
    if let Some(at) = provided.expiry().filter(|at| *at <= now) {
        return Err(CredentialsError::Expired { at });
    }
    Ok(signing::Credentials::new(
        provided.access_key_id(),
        provided.secret_access_key(),
        provided.session_token().map(str::to_owned),
    ))
}

/// What the provider says, and behind it the innermost cause, in which the reason stands as a rule.
fn words(error: &provider::CredentialsError) -> String {
    let innermost = std::iter::successors(error.source(), |&cause| cause.source()).last();
    match innermost {
        Some(cause) => format!("{error}: {cause}"),
        None => error.to_string(),
    }
}

fn stamp(time: &SystemTime) -> String {
    jiff::Timestamp::try_from(*time).map_or("an unknown time".to_owned(), |time| time.to_string())
}
