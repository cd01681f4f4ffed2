//! Why the chain has no credentials.

/// Why the chain has no credentials. Nothing in it is secret: what a source answered is not in it, but for the words
/// in which it refuses.
#[derive(Debug, thiserror::Error)]
pub(super) enum ChainError {
    /// The program, or `AWS_PROFILE`, names a profile that is not there. Nothing else is looked for.
    #[error("no profile `{}` in {files}", name.escape_debug())]
    NoProfile { name: String, files: String },

    /// A profile that cannot be followed.
    #[error("profile `{}` {problem}", profile.escape_debug())]
    Profile { profile: String, problem: String },

    /// A link that is set up failed, so that no other is asked.
    #[error("{}{reason}", link.as_ref().map_or(String::new(), |link| format!("{link}: ")))]
    Failed { link: Option<String>, reason: String },

    /// No link is set up.
    #[error(
        "AWS_ACCESS_KEY_ID is not set; profile `{}` has none ({files}); no web identity (AWS_WEB_IDENTITY_TOKEN_FILE); \
         no container (AWS_CONTAINER_CREDENTIALS_RELATIVE_URI, AWS_CONTAINER_CREDENTIALS_FULL_URI); instance \
         metadata: {instance}", profile.escape_debug()
    )]
    Nothing { profile: String, files: String, instance: String },
}

impl ChainError {
    pub(super) fn failed(reason: impl Into<String>) -> Self {
        Self::Failed { link: None, reason: reason.into() }
    }

    /// What the library says, and behind it what went wrong on the way.
    ///
    /// Where an answer cannot be read, the library shows what it found in the place of what it expected; where one is
    /// no answer of STS, it shows the page, in which a proxy may have put the URL and with it a token. Both is left
    /// out.
    pub(super) fn source(error: &reqsign_core::Error, failure: Option<String>) -> Self {
        let words = error.to_string();
        let unsafe_rest = ["failed to parse", "STS request failed with", "parse '"];
        let shown = match unsafe_rest.iter().any(|start| words.starts_with(start)) {
            true => words.split(": ").next().unwrap_or_default().to_owned(),
            false => words,
        };
        let hints = error.context().iter().filter_map(|context| context.strip_prefix("hint: "));
        let behind = failure.into_iter().chain(hints.map(str::to_owned));
        Self::failed(std::iter::once(shown.trim().to_owned()).chain(behind).collect::<Vec<_>>().join(": "))
    }

    /// The same, with the link that failed.
    pub(super) fn of(self, words: &str) -> Self {
        match self {
            Self::Failed { link: None, reason } => Self::Failed { link: Some(words.to_owned()), reason },
            other => other,
        }
    }

    pub(super) fn reason(self) -> String {
        match self {
            Self::Failed { reason, .. } => reason,
            other => other.to_string(),
        }
    }
}
