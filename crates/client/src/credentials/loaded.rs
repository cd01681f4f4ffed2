//! Credentials as a provider gave them, ready to sign with.

use std::time::SystemTime;

use super::{Credentials, CredentialsCacheConfig, CredentialsError};

/// Credentials that were loaded once and are shared by the calls. `Debug` shows no secret.
#[derive(Debug)]
pub(crate) struct Loaded {
    pub(crate) credentials: Credentials,
    /// From when on they are to be loaded anew; `None` is never.
    due: Option<SystemTime>,
}

impl Loaded {
    /// Credentials that nobody renews.
    pub(crate) fn fixed(credentials: Credentials) -> Self {
        Self { credentials, due: None }
    }

    /// What a provider gave at that time.
    pub(super) fn renewable(
        credentials: Credentials,
        refresh: &CredentialsCacheConfig,
        now: SystemTime,
    ) -> Self {
        Self { due: refresh.due(credentials.expiry(), now), credentials }
    }

    /// # Errors
    /// They have expired. Such are never used.
    pub(super) fn check(&self, now: SystemTime) -> Result<(), CredentialsError> {
        match self.credentials.expiry() {
            Some(at) if at <= now => Err(CredentialsError::Expired { at }),
            _ => Ok(()),
        }
    }

    pub(super) fn is_due(&self, now: SystemTime) -> bool {
        self.due.is_some_and(|due| due <= now)
    }
}
