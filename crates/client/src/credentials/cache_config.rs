//! Configuration of the credentials cache.

use std::time::{Duration, SystemTime};

use crate::random::random_fraction;

/// Configuration of the credentials cache: when credentials are refreshed, and how long loading them may
/// take.
///
/// It applies to the credentials of a provider. Static [`Credentials`](crate::Credentials) and bearer tokens
/// are never refreshed. Names and meaning follow the identity cache of the AWS SDK.
///
/// ```
/// use std::time::Duration;
///
/// use invoke_model_client::CredentialsCacheConfig;
///
/// let config = CredentialsCacheConfig::default()
///     .buffer_time(Duration::from_secs(60))
///     .load_timeout(Duration::from_secs(5));
/// assert_eq!(config.default_expiration, Duration::from_secs(15 * 60));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct CredentialsCacheConfig {
    /// Time before the expiry of credentials at which they are refreshed in the background. Calls continue to
    /// use the old credentials meanwhile.
    ///
    /// A random time of up to a fifth is added, so that programs do not all refresh at the same moment. If
    /// credentials live shorter than twice this time, half of their lifetime is used instead. Default: 5
    /// minutes.
    pub buffer_time: Duration,
    /// Time after which credentials without an expiry are refreshed in the background. They stay valid if
    /// that fails. Default: 15 minutes.
    pub default_expiration: Duration,
    /// Longest time that loading may take. Default: 30 seconds.
    pub load_timeout: Duration,
}

impl Default for CredentialsCacheConfig {
    fn default() -> Self {
        Self {
            buffer_time: Duration::from_secs(5 * 60),
            default_expiration: Duration::from_secs(15 * 60),
            load_timeout: Duration::from_secs(30),
        }
    }
}

impl CredentialsCacheConfig {
    /// Sets [`buffer_time`](Self::buffer_time).
    #[must_use]
    pub const fn buffer_time(self, buffer_time: Duration) -> Self {
        Self { buffer_time, ..self }
    }

    /// Sets [`default_expiration`](Self::default_expiration).
    #[must_use]
    pub const fn default_expiration(self, default_expiration: Duration) -> Self {
        Self { default_expiration, ..self }
    }

    /// Sets [`load_timeout`](Self::load_timeout).
    #[must_use]
    pub const fn load_timeout(self, load_timeout: Duration) -> Self {
        Self { load_timeout, ..self }
    }

    /// Returns the time at which credentials that were loaded at `now` are refreshed, or `None` if it is
    /// later than any time that the clock can represent.
    pub(super) fn refresh_at(&self, expiry: Option<SystemTime>, now: SystemTime) -> Option<SystemTime> {
        let Some(expiry) = expiry else { return now.checked_add(self.default_expiration) };
        let lifetime = expiry.duration_since(now).unwrap_or_default();
        let buffer_time = self.buffer_time.saturating_add(random_below(self.buffer_time / 5));
        expiry.checked_sub(buffer_time.min(lifetime / 2))
    }
}

/// Backoff after the first failed refresh. It doubles with each further failure.
const FIRST_BACKOFF: Duration = Duration::from_secs(5);
/// Longest backoff. Shorter than the default of [`CredentialsCacheConfig::buffer_time`], so that several
/// attempts fit into it.
const MAX_BACKOFF: Duration = Duration::from_secs(60);

/// Returns how long to wait before the next background refresh, after this many consecutive failures: a
/// random time between half and the whole of a backoff that doubles.
///
/// Waits after a success too, because a provider may keep returning credentials that are already due for a
/// refresh.
pub(super) fn backoff(failures: u32) -> Duration {
    let doubled = FIRST_BACKOFF.saturating_mul(1 << failures.saturating_sub(1).min(8));
    let backoff = doubled.min(MAX_BACKOFF);
    backoff / 2 + random_below(backoff / 2)
}

fn random_below(limit: Duration) -> Duration {
    limit.mul_f64(random_fraction())
}
