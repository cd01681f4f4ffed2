//! Credentials as a provider gave them, ready to sign with.

use std::time::SystemTime;

use aws_credential_types::Credentials;
use invoke_model_signing as signing;

use super::{CredentialsError, CredentialsLink, CredentialsRefresh};

/// Credentials that were loaded once and are shared by the calls. `Debug` shows no secret.
#[derive(Debug)]
pub(crate) struct Loaded {
    pub(crate) credentials: signing::Credentials,
    /// Which link of the default chain gave them.
    pub(super) link: Option<CredentialsLink>,
    expiry: Option<SystemTime>,
    /// From when on they are to be loaded anew; `None` is never.
    due: Option<SystemTime>,
}

impl Loaded {
    /// Credentials that nobody renews.
    pub(crate) fn fixed(given: &Credentials) -> Self {
        let credentials = signing::Credentials::new(
            given.access_key_id(),
            given.secret_access_key(),
            given.session_token().map(str::to_owned),
        );
        let link = given.get_property::<CredentialsLink>().cloned();
        Self { credentials, link, expiry: given.expiry(), due: None }
    }

    /// What a provider gave at that time.
    pub(super) fn renewable(given: &Credentials, refresh: &CredentialsRefresh, now: SystemTime) -> Self {
        Self { due: refresh.due(given.expiry(), now), ..Self::fixed(given) }
    }

    /// # Errors
    /// They have expired. Such are never used.
    pub(super) fn check(&self, now: SystemTime) -> Result<(), CredentialsError> {
        match self.expiry {
            Some(at) if at <= now => Err(CredentialsError::Expired { at }),
            _ => Ok(()),
        }
    }

    pub(super) fn is_due(&self, now: SystemTime) -> bool {
        self.due.is_some_and(|due| due <= now)
    }
}
