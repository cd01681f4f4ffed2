//! The key pair that signs, and the token that goes with temporary ones.

use std::fmt;

use zeroize::Zeroizing;

/// An access key id, its secret access key and, for temporary credentials, a session token.
///
/// `Debug` shows the access key id only. The secret and the token are wiped from memory on drop.
#[derive(Clone)]
pub struct Credentials {
    access_key_id: String,
    secret_access_key: Zeroizing<String>,
    session_token: Option<Zeroizing<String>>,
}

impl Credentials {
    /// Credentials from their parts. An empty session token counts as none: that is what an exported but
    /// empty `AWS_SESSION_TOKEN` means.
    pub fn new(
        access_key_id: impl Into<String>,
        secret_access_key: impl Into<String>,
        session_token: Option<String>,
    ) -> Self {
        Self {
            access_key_id: access_key_id.into(),
            secret_access_key: Zeroizing::new(secret_access_key.into()),
            session_token: session_token.filter(|token| !token.is_empty()).map(Zeroizing::new),
        }
    }

    /// The public half of the key pair, as in `AKIDEXAMPLE`.
    pub fn access_key_id(&self) -> &str {
        &self.access_key_id
    }

    /// The secret half of the key pair. Never print it.
    pub fn secret_access_key(&self) -> &str {
        &self.secret_access_key
    }

    /// The token of temporary credentials. Never print it.
    pub fn session_token(&self) -> Option<&str> {
        self.session_token.as_ref().map(|token| token.as_str())
    }
}

impl fmt::Debug for Credentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Credentials")
            .field("access_key_id", &self.access_key_id)
            .field("secret_access_key", &"[redacted]")
            .field("session_token", &self.session_token.as_ref().map(|_| "[redacted]"))
            .finish()
    }
}
