//! The bucket that retries are paid from.

use std::sync::atomic::{AtomicU32, Ordering};

/// What the bucket holds at the most, and in the beginning.
const CAPACITY: u32 = 500;

/// What a retry costs.
const RETRY: u32 = 5;

/// What a retry after a timeout costs, which has cost both sides most.
const RETRY_AFTER_TIMEOUT: u32 = 10;

/// What a call that succeeds at the first attempt brings back.
const SUCCESS: u32 = 1;

/// Shared by all calls of a client. As long as the service fails, retries empty it, and then calls fail at once; each
/// success fills it again. The figures are those of the standard mode of the AWS SDKs.
#[derive(Debug)]
pub(crate) struct Bucket(AtomicU32);

/// What was paid for the last retry of a call, brought back when that succeeds.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Paid(u32);

impl Bucket {
    /// Pays for a retry; `None` if the bucket has not enough.
    pub(crate) fn pay(&self, after_timeout: bool) -> Option<Paid> {
        let cost = if after_timeout { RETRY_AFTER_TIMEOUT } else { RETRY };
        let paid = self.0.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |left| left.checked_sub(cost));
        paid.ok().map(|_| Paid(cost))
    }

    /// A call succeeded. The usual case, a full bucket, only reads.
    pub(crate) fn succeeded(&self, paid: Paid) {
        let gain = paid.0.max(SUCCESS);
        let fill = |left| (left < CAPACITY).then(|| CAPACITY.min(left + gain));
        let _ = self.0.fetch_update(Ordering::Relaxed, Ordering::Relaxed, fill);
    }

    /// What is left.
    #[cfg(test)]
    pub(crate) fn left(&self) -> u32 {
        self.0.load(Ordering::Relaxed)
    }
}

impl Default for Bucket {
    fn default() -> Self {
        Self(AtomicU32::new(CAPACITY))
    }
}
