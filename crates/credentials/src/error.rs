//! Errors that occur when credentials are loaded.

use std::error::Error;
use std::iter::successors;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use invoke_model_signing::AmzDate;

use crate::provide::CredentialsSource;

/// An error that occurred when credentials were loaded. The error does not contain secrets.
///
/// A [`CredentialsCache`](crate::CredentialsCache) never returns `NotConfigured`, `NoRegion`, `WithoutTls` or
/// `CallProvider`. These variants describe the settings of the client in `invoke-model-client`.
#[derive(Clone, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CredentialsError {
    /// The settings of the client contain no credentials.
    #[error(
        "no credentials: set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY (and AWS_SESSION_TOKEN for temporary \
         credentials), set AWS_BEARER_TOKEN_BEDROCK, or call `credentials_provider` or `default_credentials_chain` (with \
         the feature credentials-chain) of ConfigBuilder"
    )]
    NotConfigured,

    /// The call has its own credentials, but the client has no region. Only a bearer token works without a
    /// region.
    #[error("no region to sign for: set AWS_REGION, or `region` of ConfigBuilder")]
    NoRegion,

    /// The bearer token would be sent over a connection without TLS to another machine, where everyone on the
    /// network could read it. <https://www.rfc-editor.org/rfc/rfc6750#section-5.3>
    #[error(
        "the bearer token is not sent to an http URL: set an https endpoint URL, or use credentials instead of the token"
    )]
    WithoutTls,

    /// The provider has no credentials, or failed. All callers that waited for the provider get this error.
    #[error("no credentials: {}", innermost(&**.0))]
    Provider(#[source] Arc<dyn Error + Send + Sync>),

    /// The provider did not return before the load timeout.
    #[error(
        "no credentials: the provider did not finish within {after:?}; raise `load_timeout` of CredentialsCacheConfig"
    )]
    TimedOut {
        /// [`CredentialsCacheConfig::load_timeout`](crate::CredentialsCacheConfig::load_timeout).
        after: Duration,
    },

    /// The provider of the call failed. The call does not use the client's provider instead.
    #[error("{0} (from the credentials provider of the call; the client's provider is not used)")]
    CallProvider(#[source] Box<CredentialsError>),

    /// The task that loaded the credentials ended without an outcome, because the provider panicked or the
    /// runtime of the task was shut down.
    #[error("no credentials: the provider panicked, or its runtime was shut down; retry the call")]
    LoadAborted,

    /// The credentials have expired. Either they are static credentials, or the provider has returned expired
    /// credentials. Static credentials cannot be refreshed.
    ///
    /// A machine whose clock is ahead cannot use new credentials either, so the message contains the time of
    /// the clock.
    #[error(
        "the credentials{} expired at {}, and the clock of this machine shows {}: get new credentials, or correct the \
         clock if it is ahead", in_parentheses(.from), format_time(*.at), format_time(*.now)
    )]
    Expired {
        /// Expiry of the credentials.
        at: SystemTime,
        /// The time of the clock that was compared with the expiry.
        now: SystemTime,
        /// Source of the credentials, if the provider has set it.
        from: Option<CredentialsSource>,
    },
}

impl CredentialsError {
    /// Returns `true` if no source of credentials is configured. Returns `false` if a source is configured, but
    /// failed.
    pub fn is_not_configured(&self) -> bool {
        match self {
            Self::NotConfigured => true,
            Self::CallProvider(error) => error.is_not_configured(),
            #[cfg(feature = "chain")]
            Self::Provider(error) => crate::chain::is_not_configured(&**error),
            _ => false,
        }
    }
}

/// Returns the text of the innermost error. The outer errors usually state only that the provider failed.
fn innermost(error: &(dyn Error + Send + Sync + 'static)) -> String {
    let innermost = successors(error.source(), |&cause| cause.source()).last();
    innermost.map_or_else(|| error.to_string(), ToString::to_string)
}

fn in_parentheses(source: &Option<CredentialsSource>) -> String {
    source.as_ref().map_or_else(String::new, |source| format!(" ({source})"))
}

pub(crate) fn format_time(time: SystemTime) -> String {
    // Check the time first, because `httpdate` panics for times that a date cannot represent.
    match AmzDate::try_from(time) {
        Ok(date) => httpdate::fmt_http_date(date.system_time()),
        Err(_) => "an unknown time".to_owned(),
    }
}
