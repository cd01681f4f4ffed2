//! Errors of the default chain.

use http::StatusCode;
use reqsign_core::time::Timestamp;

use super::http::HttpOutcome;
use crate::error::format_time;
use crate::shared_files::SharedFilesError;

/// An error of the default chain. It does not contain secrets. It can contain the error code and the message
/// in a response of STS or SSO, but no other part of a response body, and no output of a command.
#[derive(Debug, thiserror::Error)]
pub(super) enum ChainError {
    /// The profile that the program or `AWS_PROFILE` selects does not exist. The chain does not try other
    /// sources.
    #[error(
        "no profile `{}` in {files}; add it, or select another profile with AWS_PROFILE or `profile_name`",
        name.escape_debug()
    )]
    NoProfile { name: String, files: String },

    /// A shared file cannot be read or parsed. The chain does not try other sources.
    #[error(transparent)]
    SharedFiles(#[from] SharedFilesError),

    /// The profile is invalid.
    #[error("profile `{}`: {problem}", profile.escape_debug())]
    Profile { profile: String, problem: String },

    /// The first configured source failed. The chain does not try other sources.
    #[error("{description}: {problem}")]
    Source { description: String, problem: String },

    /// No source is configured.
    #[error(
        "AWS_ACCESS_KEY_ID is not set; profile `{}` has no credentials ({files}); AWS_WEB_IDENTITY_TOKEN_FILE is not set; \
         AWS_CONTAINER_CREDENTIALS_RELATIVE_URI and AWS_CONTAINER_CREDENTIALS_FULL_URI are not set; instance metadata: \
         {instance}; configure one of these", profile.escape_debug()
    )]
    NothingConfigured { profile: String, files: String, instance: String },
}

/// An error of one source, without the description of the source.
pub(super) struct SourceError {
    reason: String,
    /// `true` if the reason already contains advice.
    has_advice: bool,
}

impl SourceError {
    pub(super) fn new(reason: impl Into<String>) -> Self {
        Self { reason: reason.into(), has_advice: false }
    }

    /// Creates an error whose text already contains advice.
    pub(super) fn with_advice(reason: impl Into<String>) -> Self {
        Self { reason: reason.into(), has_advice: true }
    }

    /// Converts an error of the library. `outcome` describes the last HTTP request of the library.
    ///
    /// A message of the library can contain a response body, the output of a command, or a value that the
    /// library cannot parse. All of them can contain a secret, and follow a colon, a bracket or a quote. This
    /// function keeps only the text before these characters. It adds the HTTP status, and the error code and
    /// the message of STS and SSO if they contain no secret.
    pub(super) fn from_library(error: &reqsign_core::Error, outcome: HttpOutcome) -> Self {
        let HttpOutcome { problem, status, service_error, expiry } = outcome;
        let message = error.to_string();
        let summary = message.split([':', '[', '\'']).next().unwrap_or_default().trim();
        match service_error {
            // A login is valid, but has no access to the role. Another login would not help.
            Some(service_error) if summary.starts_with("SSO") && status == Some(StatusCode::FORBIDDEN) => {
                return Self::with_advice(format!(
                    "{service_error}; check `sso_account_id` and `sso_role_name`, and that the user may use this role"
                ));
            }
            Some(service_error) => return Self::new(service_error),
            None => {}
        }
        if let (true, Some(at)) = (summary.ends_with("credentials that are already expired"), expiry) {
            // The library compares the expiry with the system clock.
            let (at, now) = (format_time(at), format_time(Timestamp::now().as_system_time()));
            return Self::with_advice(format!(
                "the new credentials expired at {at}, and the clock of this machine shows {now}; correct the clock if \
                 it is ahead"
            ));
        }
        let summary = match summary {
            _ if summary.starts_with("No valid SSO token found") => "no valid login is cached",
            _ if is_sts_error(error) => "STS request failed",
            _ if summary.starts_with("SSO endpoint returned status") => "the SSO endpoint rejected the login",
            _ if summary == "parse" => "the expiry of the cached login is unreadable",
            _ => summary,
        };
        Self::new(problem.map_or_else(|| summary.to_owned(), |problem| format!("{summary} ({problem})")))
    }

    pub(super) fn reason(&self) -> &str {
        &self.reason
    }

    /// Adds the description of the source that failed. Adds the advice of the source if the error has no
    /// advice.
    pub(super) fn in_source(self, description: &str, advice: &str) -> ChainError {
        let Self { reason, has_advice } = self;
        let problem = if has_advice { reason } else { format!("{reason}; {advice}") };
        ChainError::Source { description: description.to_owned(), problem }
    }
}

/// Returns `true` if the message of the library begins with the error code of an STS response.
fn is_sts_error(error: &reqsign_core::Error) -> bool {
    error.context().iter().any(|context| context.starts_with("operation: AssumeRole"))
}
