//! Why there are no credentials.

use std::error::Error;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use invoke_model_signing::AmzDate;

/// Why there are no credentials to sign with. Nothing was sent; nothing in it is secret.
#[derive(Clone, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CredentialsError {
    /// The settings name none.
    #[error(
        "no credentials: set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY (and AWS_SESSION_TOKEN for temporary ones) \
         or AWS_BEARER_TOKEN_BEDROCK, or give Config a credentials provider, such as default_credentials_chain of the feature \
         credentials-chain"
    )]
    NotGiven,

    /// A call has credentials of its own, and the settings no region: only a bearer token needs none.
    #[error("no region to sign for: set AWS_REGION, or the region in Config")]
    NoRegion,

    /// The provider has none, or failed. All calls that waited for it have the same error.
    #[error("no credentials: {}", words(&**.0))]
    Provider(#[source] Arc<dyn Error + Send + Sync>),

    /// The provider was not done in time.
    #[error(
        "no credentials: the provider was not done after {after:?}; a longer `timeout` in CredentialsCacheConfig waits longer"
    )]
    TimedOut {
        /// [`CredentialsCacheConfig::timeout`](crate::CredentialsCacheConfig::timeout).
        after: Duration,
    },

    /// What gives the call its own credentials has none, and nobody else is asked.
    #[error("{0} (the call has its own credentials provider, and no other is asked)")]
    OfCall(#[source] Box<CredentialsError>),

    /// The task that loaded them is gone: the provider panicked, or the runtime that it ran in has ended.
    #[error("no credentials: the provider panicked, or the runtime that it ran in has ended; call again")]
    Abandoned,

    /// The provider gave credentials that are no longer good. Fixed ones do not renew themselves.
    #[error("the credentials expired at {}: get new ones", stamp(.at))]
    Expired {
        /// When.
        at: SystemTime,
    },
}

/// The innermost cause: what the provider wraps around it says no more than that it failed.
fn words(error: &(dyn Error + Send + Sync + 'static)) -> String {
    let innermost = std::iter::successors(error.source(), |&cause| cause.source()).last();
    innermost.map_or_else(|| error.to_string(), ToString::to_string)
}

fn stamp(time: &SystemTime) -> String {
    // Of what no date can say `httpdate` panics.
    match AmzDate::try_from(*time) {
        Ok(date) => httpdate::fmt_http_date(date.system_time()),
        Err(_) => "an unknown time".to_owned(),
    }
}
