//! Credentials, as a program or a provider gives them.

use std::time::SystemTime;

use invoke_model_signing as signing;

use super::CredentialsSource;

/// An access key id, its secret access key, for temporary credentials a session token, and when they expire.
///
/// `Debug` shows neither the secret nor the token, and both are wiped from memory on drop.
#[derive(Clone, Debug)]
pub struct Credentials {
    keys: signing::Credentials,
    expiry: Option<SystemTime>,
    /// Which link of the default chain gave them.
    link: Option<CredentialsSource>,
}

impl Credentials {
    /// Credentials from their parts, good for ever. An empty session token counts as none: that is what an exported
    /// but empty `AWS_SESSION_TOKEN` means.
    pub fn new(
        access_key_id: impl Into<String>,
        secret_access_key: impl Into<String>,
        session_token: Option<String>,
    ) -> Self {
        signing::Credentials::new(access_key_id, secret_access_key, session_token).into()
    }

    /// The same, good until then and no longer; `None` is for ever.
    #[must_use]
    pub fn expiring_at(self, expiry: impl Into<Option<SystemTime>>) -> Self {
        Self { expiry: expiry.into(), ..self }
    }

    /// The public half of the key pair, as in `AKIDEXAMPLE`.
    #[must_use]
    pub fn access_key_id(&self) -> &str {
        self.keys.access_key_id()
    }

    /// The secret half of the key pair. Never print it.
    #[must_use]
    pub fn secret_access_key(&self) -> &str {
        self.keys.secret_access_key()
    }

    /// The token of temporary credentials. Never print it.
    #[must_use]
    pub fn session_token(&self) -> Option<&str> {
        self.keys.session_token()
    }

    /// When they expire; `None` is never.
    #[must_use]
    pub fn expiry(&self) -> Option<SystemTime> {
        self.expiry
    }

    #[cfg(feature = "credentials-chain")]
    pub(super) fn found_by(self, link: CredentialsSource) -> Self {
        Self { link: Some(link), ..self }
    }

    pub(super) fn link(&self) -> Option<&CredentialsSource> {
        self.link.as_ref()
    }

    /// What signs.
    pub(crate) fn keys(&self) -> &signing::Credentials {
        &self.keys
    }
}

/// The signer's, good for ever.
impl From<signing::Credentials> for Credentials {
    fn from(keys: signing::Credentials) -> Self {
        Self { keys, expiry: None, link: None }
    }
}
