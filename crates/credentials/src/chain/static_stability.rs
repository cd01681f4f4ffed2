//! Credentials of instance metadata that stay in use after their expiry.

use std::fmt;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, SystemTime};

use invoke_model_signing::Credentials;

use super::error::SourceError;
use crate::cache::random_below;
use crate::error::format_time;

/// Minimum time for which expired credentials stay in use. Then the cache asks instance metadata again.
const EXTENSION: Duration = Duration::from_secs(10 * 60);

/// The latest credentials from instance metadata. They stay in use after their expiry, until instance
/// metadata returns new credentials.
///
/// The AWS SDKs call this behavior static stability. During an outage, AWS can extend the validity of these
/// credentials without a new expiry, so only the service knows if they are still valid. An expired credential
/// costs one rejected request. Unused valid credentials cost all calls until the end of the outage. No other
/// source has such an extension, so expired credentials of other sources are never used.
#[derive(Default)]
pub(super) struct InstanceCredentials(Mutex<Option<Credentials>>);

impl InstanceCredentials {
    /// Returns the loaded credentials. If they have expired, or if they could not be loaded and the latest
    /// credentials have expired, extends the expiry.
    ///
    /// # Errors
    /// Returns the error of the load if there are no earlier credentials. Also returns it if the earlier
    /// credentials are still valid, because the cache then keeps them, and retries with a backoff.
    pub(super) fn update(
        &self,
        loaded: Result<Credentials, SourceError>,
        now: SystemTime,
    ) -> Result<Credentials, SourceError> {
        let mut latest = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let is_expired = |latest: &Credentials| latest.expiry().is_some_and(|expiry| expiry <= now);
        match loaded {
            Ok(credentials) => {
                *latest = Some(credentials.clone());
                Ok(if is_expired(&credentials) { extend(credentials, now, None) } else { credentials })
            }
            Err(error) => match latest.as_ref().filter(|latest| is_expired(latest)) {
                Some(latest) => Ok(extend(latest.clone(), now, Some(error.reason()))),
                None => Err(error),
            },
        }
    }
}

impl fmt::Debug for InstanceCredentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("InstanceCredentials")
    }
}

/// Returns the credentials with a new expiry. The random part of the expiry prevents that many instances load
/// credentials at the same time after an outage.
fn extend(credentials: Credentials, now: SystemTime, error: Option<&str>) -> Credentials {
    let expired_at = credentials.expiry().map(format_time).unwrap_or_default();
    tracing::warn!(
        expired_at,
        now = format_time(now),
        error,
        "instance metadata returned no new credentials; the expired credentials stay in use, because the service \
         may still accept them; check the clock of this machine"
    );
    let expiry = now.checked_add(EXTENSION + random_below(EXTENSION / 2));
    credentials.with_expiry(expiry)
}
