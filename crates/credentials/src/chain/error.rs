//! Errors of the default chain.

use crate::shared_files::SharedFilesError;

/// An error of the default chain. It does not contain secrets. It can contain the error code and the message
/// in a response of AWS STS or instance metadata, but no other part of a response body.
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

    /// Converts an error of the library. `problem` describes the failure of the last HTTP request, if that
    /// request failed.
    ///
    /// A message of the library can contain a response body, or a value that the library cannot parse. In
    /// both cases, this content follows the first colon. This function removes it, because it can contain a
    /// secret.
    ///
    /// There are two exceptions, in which this function keeps the content: the error has an error code that
    /// AWS returns in a structured form, or the content is the standard error of a `credential_process`.
    pub(super) fn from_library(error: &reqsign_core::Error, problem: Option<String>) -> Self {
        let message = error.to_string();
        let summary = message.split(": ").next().unwrap_or_default().trim();
        if error.context().iter().any(|context| context.starts_with("error_code: ")) {
            return Self::new(message.trim());
        }
        let summary = match summary {
            _ if summary.starts_with("credential process failed with status") => message.trim(),
            _ if summary.starts_with("No valid SSO token found") => "no valid login is cached",
            _ if summary.starts_with("STS request failed with") => "STS request failed",
            _ if summary.starts_with("SSO endpoint returned status") => "the SSO endpoint rejected the login",
            // In this message, the value that the library cannot parse comes before the colon.
            _ if summary.starts_with("parse '") => "the expiry of the cached login is unreadable",
            _ => summary,
        };
        Self::new(problem.map_or_else(|| summary.to_owned(), |problem| format!("{summary} ({problem})")))
    }

    pub(super) fn into_reason(self) -> String {
        self.reason
    }

    /// Adds the description of the source that failed. Adds the advice of the source if the error has no
    /// advice.
    pub(super) fn in_source(self, description: &str, advice: &str) -> ChainError {
        let Self { reason, has_advice } = self;
        let problem = if has_advice { reason } else { format!("{reason}; {advice}") };
        ChainError::Source { description: description.to_owned(), problem }
    }
}
