//! The token bucket that limits retries.

use std::sync::atomic::{AtomicU32, Ordering};

/// The maximum and initial number of tokens.
const CAPACITY: u32 = 500;

/// The cost of a retry.
const RETRY_COST: u32 = 5;

/// The cost of a retry after a timeout. A timeout is the most expensive failure for the client and the
/// server.
const TIMEOUT_RETRY_COST: u32 = 10;

/// The number of tokens that a call adds to the bucket if its first attempt succeeds.
const SUCCESS_REFUND: u32 = 1;

/// The token bucket that all calls of a client share. During an outage, retries take all tokens from the
/// bucket. Calls then fail without a retry. Successful calls fill the bucket again. The capacity and costs
/// are the same as in the standard retry mode of the AWS SDKs.
#[derive(Debug)]
pub(crate) struct RetryTokenBucket(AtomicU32);

/// The number of tokens that the last retry of a call has taken. If the retry succeeds, the call returns
/// these tokens to the bucket.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct RetryCost(u32);

impl RetryTokenBucket {
    /// Takes the tokens for a retry. Returns `None` if the bucket has too few tokens.
    pub(crate) fn acquire(&self, after_timeout: bool) -> Option<RetryCost> {
        let cost = if after_timeout { TIMEOUT_RETRY_COST } else { RETRY_COST };
        let taken =
            self.0.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |tokens| tokens.checked_sub(cost));
        taken.ok().map(|_| RetryCost(cost))
    }

    /// Returns tokens to the bucket after a successful call. The bucket is usually full. In this case, this
    /// function needs only one atomic read.
    pub(crate) fn record_success(&self, cost: RetryCost) {
        let refund = cost.0.max(SUCCESS_REFUND);
        let fill = |tokens| (tokens < CAPACITY).then(|| CAPACITY.min(tokens + refund));
        let _ = self.0.fetch_update(Ordering::Relaxed, Ordering::Relaxed, fill);
    }

    /// Returns the number of tokens.
    #[cfg(test)]
    pub(crate) fn tokens(&self) -> u32 {
        self.0.load(Ordering::Relaxed)
    }
}

impl Default for RetryTokenBucket {
    fn default() -> Self {
        Self(AtomicU32::new(CAPACITY))
    }
}
