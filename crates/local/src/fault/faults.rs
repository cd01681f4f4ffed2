//! All that a file of faults says.

use invoke_model_signing::Credentials;
use serde::Deserialize;

use super::file;
use super::rule::FaultRule;
use crate::quotas::Quotas;

/// What a file of faults says: rules, and what goes wrong without one. `docs/faults.md` describes it.
///
/// ```
/// use invoke_model_local::{Faults, LocalEndpoint};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let faults = Faults::from_json(r#"{"rules": [{"first": 2, "break": {"at": "request", "by": "reset"}}]}"#)?;
/// let local = LocalEndpoint::builder().script(faults).start().await?;
/// let error = Faults::from_json("{\n\"rules\": [{\"frist\": 2}]\n}").unwrap_err();
/// assert!(error.to_string().starts_with("rule 1: unknown field `frist`"));
/// assert!(error.to_string().ends_with("at line 2 column 18"));
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
#[non_exhaustive]
pub struct Faults {
    /// What goes wrong, and when.
    #[serde(deserialize_with = "file::rules")]
    pub rules: Vec<FaultRule>,
    /// How much may be asked in a time.
    pub quotas: Quotas,
    /// Credentials that are known beside the endpoint's own, and expire.
    pub credentials: Vec<TemporaryCredentials>,
}

/// Credentials that expire.
#[derive(Clone, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct TemporaryCredentials {
    /// The access key id.
    pub access_key_id: String,
    /// The secret that goes with it.
    pub secret_access_key: String,
    /// The token that callers must send.
    pub session_token: String,
    /// After how many seconds they expire.
    pub expire_in_seconds: u64,
}

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

/// What is wrong with a file of faults, and where.
#[derive(Debug, thiserror::Error)]
#[error(transparent)]
pub struct FaultsError(serde_json::Error);

impl Faults {
    /// Reads what a file says.
    ///
    /// # Errors
    /// It is not JSON, has a member that there is not, or says what cannot be. The error has the number of the rule, the
    /// line and the column.
    pub fn from_json(text: &str) -> Result<Self, FaultsError> {
        serde_json::from_str(text).map_err(FaultsError)
    }
}
