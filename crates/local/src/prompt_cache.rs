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
        while entries.len() > MAX_PREFIXES {
            let first = entries.iter().min_by_key(|(_, expiry)| **expiry).map(|(digest, _)| *digest);
            first.and_then(|digest| entries.remove(&digest));
        }
        cached
    }
}
