//! The prompt cache: prefixes of conversations that earlier calls marked with cache points.
//!
//! <https://docs.aws.amazon.com/bedrock/latest/userguide/prompt-caching.html>

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, SystemTime};

use crate::conversation::Prefix;

/// The minimum number of tokens of a cached prefix. Some models of the service have other minimums.
pub(crate) const MIN_TOKENS: u64 = 1_024;

/// The maximum number of prefixes. The cache is bounded because an endpoint may run for days.
const MAX_PREFIXES: usize = 10_000;

const FIVE_MINUTES: Duration = Duration::from_secs(5 * 60);
const ONE_HOUR: Duration = Duration::from_secs(60 * 60);

/// The digests of the prefixes, each with its expiry.
#[derive(Debug, Default)]
pub(crate) struct PromptCache(Mutex<BTreeMap<[u8; 32], SystemTime>>);

/// The numbers of input tokens that were read from the cache and written to the cache.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct CachedTokens {
    pub(crate) read: u64,
    pub(crate) written: u64,
    /// `true` if the written tokens are kept for an hour.
    pub(crate) is_long_lived: bool,
}

impl PromptCache {
    /// Reads the longest cached prefix, and writes all longer prefixes. Extends the lifetime of the prefixes.
    pub(crate) fn look_up(&self, prefixes: &[Prefix], now: SystemTime) -> CachedTokens {
        let mut cached = CachedTokens::default();
        let mut entries = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        for prefix in prefixes.iter().filter(|prefix| prefix.tokens >= MIN_TOKENS) {
            let lifetime = if prefix.is_long_lived { ONE_HOUR } else { FIVE_MINUTES };
            let expiry = now.checked_add(lifetime).unwrap_or(now);
            let is_cached = entries.insert(prefix.digest, expiry).is_some_and(|expiry| now < expiry);
            if is_cached {
                (cached.read, cached.written) = (prefix.tokens, 0);
            } else {
                cached.written = prefix.tokens - cached.read;
                cached.is_long_lived = prefix.is_long_lived;
            }
        }
        if entries.len() > MAX_PREFIXES {
            entries.retain(|_, expiry| now < *expiry);
        }
        remove_first_to_expire(&mut entries);
        cached
    }
}

/// Removes the prefixes that expire first, until the cache has at most [`MAX_PREFIXES`].
fn remove_first_to_expire(entries: &mut BTreeMap<[u8; 32], SystemTime>) {
    let Some(excess) = entries.len().checked_sub(MAX_PREFIXES).filter(|excess| *excess > 0) else { return };
    let mut expiries: Vec<_> = entries.iter().map(|(digest, expiry)| (*expiry, *digest)).collect();
    // Find all excess prefixes in one pass, because a call with many cache points may add many prefixes.
    expiries.select_nth_unstable(excess);
    for (_, digest) in expiries.iter().take(excess) {
        entries.remove(digest);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_prefixes_that_expire_first_are_removed() {
        let key = |number: usize| {
            let mut digest = [0; 32];
            digest[..8].copy_from_slice(&number.to_be_bytes());
            digest
        };
        let expiry = |number: usize| SystemTime::UNIX_EPOCH + Duration::from_secs(number as u64 * 7 % 10_007);
        let mut entries = (0..10_007).map(|number| (key(number), expiry(number))).collect();
        remove_first_to_expire(&mut entries);
        assert_eq!(entries.len(), MAX_PREFIXES);
        assert_eq!(entries.values().min(), Some(&(SystemTime::UNIX_EPOCH + Duration::from_secs(7))));
        remove_first_to_expire(&mut entries);
        assert_eq!(entries.len(), MAX_PREFIXES);
    }
}
