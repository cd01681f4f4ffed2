//! When credentials are loaded, and how long that may take.

use std::time::{Duration, SystemTime};

use crate::retry::random;

/// When credentials are loaded anew, and how long that may take.
///
/// It concerns what a provider gives. Fixed [`Credentials`](crate::Credentials) and bearer tokens are never loaded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct CredentialsCacheConfig {
    /// How long before they expire credentials are loaded anew, beside the calls, which go on with the old ones. Up
    /// to a fifth is added at random, so that not all programs ask at once; of credentials that live shorter than
    /// twice as long, it is half of their life. Default: 5 minutes.
    pub ahead: Duration,
    /// How long credentials that name no expiry are used before they are loaded anew. They stay good. Default: 15
    /// minutes.
    pub without_expiry: Duration,
    /// How long loading may take. Default: 30 seconds.
    pub timeout: Duration,
}

impl Default for CredentialsCacheConfig {
    fn default() -> Self {
        Self {
            ahead: Duration::from_secs(5 * 60),
            without_expiry: Duration::from_secs(15 * 60),
            timeout: Duration::from_secs(30),
        }
    }
}

/// The wait after the first refresh that failed; it doubles.
const FIRST_WAIT: Duration = Duration::from_secs(5);
/// The longest wait. It is less than [`CredentialsCacheConfig::ahead`], so that there are several tries.
const LONGEST_WAIT: Duration = Duration::from_secs(60);

impl CredentialsCacheConfig {
    /// When credentials that were loaded `now` are due; `None` if that is beyond all clocks.
    pub(super) fn due(&self, expiry: Option<SystemTime>, now: SystemTime) -> Option<SystemTime> {
        let Some(expiry) = expiry else { return now.checked_add(self.without_expiry) };
        let life = expiry.duration_since(now).unwrap_or_default();
        let ahead = self.ahead.saturating_add(at_random(self.ahead / 5));
        expiry.checked_sub(ahead.min(life / 2))
    }
}

/// How long to leave the provider alone after so many refreshes in a row that failed: between half and the whole of a
/// wait that doubles. After one that succeeded too, for a provider can go on giving what is due already.
pub(super) fn wait(failures: u32) -> Duration {
    let doubled = FIRST_WAIT.saturating_mul(1 << failures.saturating_sub(1).min(8));
    let whole = doubled.min(LONGEST_WAIT);
    whole / 2 + at_random(whole / 2)
}

/// Less than that.
fn at_random(below: Duration) -> Duration {
    below.mul_f64(random())
}
