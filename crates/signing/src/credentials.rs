//! Credentials for signing requests.

use std::fmt;
use std::sync::Arc;
use std::time::SystemTime;

use zeroize::Zeroizing;

/// An access key id and its secret access key. Temporary credentials also have a session token and an expiry.
///
/// `Debug` redacts the secret access key and the session token. Dropping this value wipes both from memory.
/// [`Signer`](crate::Signer) also wipes its own copies. It cannot wipe copies that other code makes, for
/// example an HTTP library that writes the session token to a connection.
#[derive(Clone)]
pub struct Credentials {
    access_key_id: String,
    secret_access_key: Zeroizing<String>,
    session_token: Option<Zeroizing<String>>,
    expiry: Option<SystemTime>,
    source: Option<Arc<str>>,
}

impl Credentials {
    /// Creates credentials that do not expire.
    ///
    /// An empty session token is treated as unset, because shell scripts often export an unset
    /// `AWS_SESSION_TOKEN` as an empty string.
    pub fn new(
        access_key_id: impl Into<String>,
        secret_access_key: impl Into<String>,
        session_token: Option<String>,
    ) -> Self {
        Self {
            access_key_id: access_key_id.into(),
            secret_access_key: Zeroizing::new(secret_access_key.into()),
            session_token: session_token.filter(|token| !token.is_empty()).map(Zeroizing::new),
            expiry: None,
            source: None,
        }
    }

    /// Sets the time at which these credentials expire. `None` means that the credentials do not expire.
    ///
    /// The service rejects expired credentials, so a client must load new credentials before this time.
    /// Signing does not check the expiry.
    #[must_use]
    pub fn with_expiry(self, expiry: impl Into<Option<SystemTime>>) -> Self {
        Self { expiry: expiry.into(), ..self }
    }

    /// Sets a description of the source of the credentials, such as `` profile `dev`: static keys ``.
    ///
    /// Logs and `Debug` output contain the description, so it must not contain a secret.
    #[must_use]
    pub fn with_source(self, source: impl Into<Arc<str>>) -> Self {
        Self { source: Some(source.into()), ..self }
    }

    /// Returns the access key id, for example `AKIDEXAMPLE`. The access key id is not secret.
    pub fn access_key_id(&self) -> &str {
        &self.access_key_id
    }

    /// Returns the secret access key. Do not print this value.
    pub fn secret_access_key(&self) -> &str {
        &self.secret_access_key
    }

    /// Returns the session token of temporary credentials. Do not print this value.
    pub fn session_token(&self) -> Option<&str> {
        self.session_token.as_ref().map(|token| token.as_str())
    }

    /// Returns the time at which these credentials expire, or `None` if the credentials do not expire.
    pub fn expiry(&self) -> Option<SystemTime> {
        self.expiry
    }

    /// Returns the description of the source of the credentials, or `None` if the description is not set.
    pub fn source(&self) -> Option<&str> {
        self.source.as_deref()
    }
}

impl fmt::Debug for Credentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Credentials")
            .field("access_key_id", &self.access_key_id)
            .field("secret_access_key", &"[redacted]")
            .field("session_token", &self.session_token.as_ref().map(|_| "[redacted]"))
            .field("expiry", &self.expiry)
            .field("source", &self.source)
            .finish()
    }
}
