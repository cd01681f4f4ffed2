//! Configuration of the credentials cache.

use std::time::{Duration, SystemTime};

/// Configuration of the credentials cache: the time of each refresh, and the timeout for loading credentials.
///
/// This configuration applies to credentials from a provider. Static [`Credentials`](crate::Credentials) and
/// bearer tokens are never refreshed. The fields have the same names and meanings as in the identity cache of
/// the AWS SDK.
///
/// ```
/// use std::time::Duration;
///
/// use invoke_model_credentials::CredentialsCacheConfig;
///
/// let config = CredentialsCacheConfig::default()
///     .buffer_time(Duration::from_secs(60))
///     .load_timeout(Duration::from_secs(5));
/// assert_eq!(config.default_expiration, Duration::from_secs(15 * 60));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct CredentialsCacheConfig {
    /// Time between the start of a background refresh and the expiry of the credentials. Calls use the old
    /// credentials during the refresh.
    ///
    /// The cache adds a random time of up to 20 % of `buffer_time`, so that programs do not all refresh at
    /// the same moment. The sum of both times is at most half of the remaining lifetime of the credentials.
    /// Default: 5 minutes.
    pub buffer_time: Duration,
    /// Time after which credentials without an expiry are refreshed in the background. If the refresh fails,
    /// the old credentials stay valid. Default: 15 minutes.
    pub default_expiration: Duration,
    /// Timeout for loading credentials. Default: 30 seconds.
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

    /// Returns the time at which the cache must refresh credentials that it loaded at `now`. Returns `None`
    /// if `SystemTime` cannot represent that time.
    pub(super) fn refresh_at(&self, expiry: Option<SystemTime>, now: SystemTime) -> Option<SystemTime> {
        let Some(expiry) = expiry else { return now.checked_add(self.default_expiration) };
        let lifetime = expiry.duration_since(now).unwrap_or_default();
        let buffer_time = self.buffer_time.saturating_add(random_below(self.buffer_time / 5));
        expiry.checked_sub(buffer_time.min(lifetime / 2))
    }
}

/// Backoff after the first failed refresh. It doubles after each further failure.
const FIRST_BACKOFF: Duration = Duration::from_secs(5);
/// Maximum backoff. It is shorter than the default [`CredentialsCacheConfig::buffer_time`], so that the
/// cache makes several attempts before the credentials expire.
const MAX_BACKOFF: Duration = Duration::from_secs(60);

/// Returns the time to wait before the next background refresh, after `failures` consecutive failures. The
/// backoff doubles after each failure. The result is a random time between 50 % and 100 % of the backoff.
///
/// After a success, `failures` is 0. The result is not zero in this case, because a provider may repeatedly
/// return credentials that are already due for a refresh.
pub(super) fn backoff(failures: u32) -> Duration {
    let doubled = FIRST_BACKOFF.saturating_mul(1 << failures.saturating_sub(1).min(8));
    let backoff = doubled.min(MAX_BACKOFF);
    backoff / 2 + random_below(backoff / 2)
}

/// Returns a random duration of at most `limit`. Returns zero if the operating system provides no random
/// bytes, because refreshes also work without a random time.
pub(crate) fn random_below(limit: Duration) -> Duration {
    let mut bytes = [0; 4];
    match getrandom::getrandom(&mut bytes) {
        Ok(()) => limit.mul_f64(f64::from(u32::from_ne_bytes(bytes)) / 2_f64.powi(32)),
        Err(_) => Duration::ZERO,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn random_durations_are_uniform_enough() {
        let limit = Duration::from_secs(1);
        let durations = [(); 64].map(|()| random_below(limit));
        assert!(durations.iter().all(|duration| *duration <= limit), "{durations:?}");
        // With a probability of 1 in 2^63, either all durations are below half of the limit, or none.
        let short = durations.iter().filter(|duration| **duration < limit / 2).count();
        assert!((1..64).contains(&short), "{durations:?}");
        assert_eq!(random_below(Duration::ZERO), Duration::ZERO);
    }
}
