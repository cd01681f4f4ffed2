//! Fault files.

use invoke_model_signing::Credentials;
use serde::Deserialize;

use super::rule::FaultRule;
use super::rule_form;
use crate::json_form::{in_words_of_json, object_form};
use crate::quotas::Quotas;

/// A fault file: fault rules, quotas and temporary credentials as JSON. `docs/faults.md` describes the
/// format.
///
/// ```
/// use invoke_model_local::{FaultFile, LocalEndpoint};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let rules = r#"{"rules": [{"first": 2, "break": {"at": "request", "by": "reset"}}]}"#;
/// let file = FaultFile::from_json(rules)?;
/// let local = LocalEndpoint::builder().fault_file(file).start().await?;
/// let error = FaultFile::from_json("{\n\"rules\": [{\"frist\": 2}]\n}").unwrap_err();
/// assert!(error.to_string().starts_with("rule 1: unknown field `frist`"));
/// assert!(error.to_string().ends_with("at line 2 column 18"));
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(remote = "Self", deny_unknown_fields, default)]
#[non_exhaustive]
pub struct FaultFile {
    /// The fault rules, in the order in which they are checked.
    #[serde(deserialize_with = "rule_form::rules")]
    pub rules: Vec<FaultRule>,
    /// The quotas of each model.
    pub quotas: Quotas,
    /// Temporary credentials. Until these credentials expire, the endpoint accepts them in addition to its
    /// own credentials.
    pub credentials: Vec<TemporaryCredentials>,
}

object_form!(FaultFile, "an object with `rules`, `quotas` or `credentials`");

/// Credentials that expire.
#[derive(Clone, Deserialize)]
#[serde(remote = "Self", deny_unknown_fields)]
#[non_exhaustive]
pub struct TemporaryCredentials {
    /// The access key id.
    pub access_key_id: String,
    /// The secret access key.
    pub secret_access_key: String,
    /// The session token that requests must send.
    pub session_token: String,
    /// The lifetime in seconds. The lifetime begins when the endpoint starts, or when a running endpoint
    /// receives the file.
    pub expire_in_seconds: u64,
}

object_form!(
    TemporaryCredentials,
    "an object with `access_key_id`, `secret_access_key`, `session_token` and `expire_in_seconds`"
);

impl From<TemporaryCredentials> for Credentials {
    fn from(credentials: TemporaryCredentials) -> Self {
        let TemporaryCredentials { access_key_id, secret_access_key, session_token, .. } = credentials;
        Self::new(access_key_id, secret_access_key, Some(session_token))
    }
}

impl std::fmt::Debug for TemporaryCredentials {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("TemporaryCredentials")
            .field("access_key_id", &self.access_key_id)
            .field("expire_in_seconds", &self.expire_in_seconds)
            .finish_non_exhaustive()
    }
}

/// The error of an invalid fault file. The message of the error contains the line and the column. If a rule
/// is invalid, the message also contains the number of the rule.
#[derive(Debug, thiserror::Error)]
#[error("{message}")]
pub struct FaultFileError {
    message: String,
    line: usize,
    column: usize,
}

impl FaultFile {
    /// Parses a fault file. Ignores a byte order mark at its beginning.
    ///
    /// # Errors
    /// Returns an error if the text is empty or not JSON, has an unknown member, or has an invalid or
    /// contradictory rule.
    pub fn from_json(text: &str) -> Result<Self, FaultFileError> {
        let text = text.strip_prefix('\u{feff}').unwrap_or(text);
        if text.trim().is_empty() {
            let message =
                r#"the file is empty: write {"rules": []} for a file without rules at line 1 column 1"#;
            return Err(FaultFileError { message: message.to_owned(), line: 1, column: 1 });
        }
        serde_json::from_str(text).map_err(|error: serde_json::Error| FaultFileError {
            message: in_words_of_json(&error.to_string()),
            line: error.line(),
            column: error.column(),
        })
    }
}

impl FaultFileError {
    /// Returns the line of the error, counted from 1.
    pub fn line(&self) -> usize {
        self.line
    }

    /// Returns the column of the error, counted from 1.
    pub fn column(&self) -> usize {
        self.column
    }
}
