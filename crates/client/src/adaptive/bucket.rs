//! The token bucket of the adaptive rate limiter.

use std::time::Duration;

/// The minimum fill rate in tokens per second. The fill rate never falls below this value, even if the
/// service throttles every request.
const MIN_FILL_RATE: f64 = 0.5;
/// The minimum capacity. A bucket with a capacity below one token would never admit a request.
const MIN_CAPACITY: f64 = 1.0;

/// A token bucket. Its capacity is the number of tokens that it gains in one second, but at least one token.
/// Each request takes one token.
#[derive(Clone, Debug)]
pub(super) struct TokenBucket {
    tokens: f64,
    capacity: f64,
    /// Tokens per second.
    fill_rate: f64,
    filled_at: Duration,
}

impl TokenBucket {
    /// Returns an empty bucket with the minimum rate.
    pub(super) fn new() -> Self {
        Self { tokens: 0.0, capacity: MIN_CAPACITY, fill_rate: MIN_FILL_RATE, filled_at: Duration::ZERO }
    }

    /// Takes a token. If there is no token, returns the time until the next token as the error.
    pub(super) fn take(&mut self, now: Duration) -> Result<(), Duration> {
        self.fill(now);
        if self.tokens >= 1.0 {
            self.tokens -= 1.0;
            return Ok(());
        }
        // Add a nanosecond, because rounding errors could otherwise make the time too short for a complete
        // token.
        let missing = Duration::from_secs_f64((1.0 - self.tokens) / self.fill_rate);
        Err(missing + Duration::from_nanos(1))
    }

    /// Changes the fill rate from `now` on. If the capacity decreases, tokens above the new capacity are
    /// lost.
    pub(super) fn change_rate(&mut self, now: Duration, rate: f64) {
        self.fill(now);
        self.fill_rate = rate.max(MIN_FILL_RATE);
        self.capacity = rate.max(MIN_CAPACITY);
    }

    /// Returns the fill rate in tokens per second.
    pub(super) fn fill_rate(&self) -> f64 {
        self.fill_rate
    }

    fn fill(&mut self, now: Duration) {
        let elapsed = now.saturating_sub(self.filled_at);
        self.tokens = (self.tokens + elapsed.as_secs_f64() * self.fill_rate).min(self.capacity);
        self.filled_at = self.filled_at.max(now);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check_empty(bucket: &mut TokenBucket, now: Duration, missing: Duration) {
        assert_eq!(bucket.take(now), Err(missing + Duration::from_nanos(1)));
    }

    #[test]
    fn changed_rate_applies_from_then_on() {
        let mut bucket = TokenBucket::new();
        // The first half of a token is added at the old rate, and the second half at the new rate.
        let now = Duration::from_secs(1);
        bucket.change_rate(now, 10.0);
        check_empty(&mut bucket, now, Duration::from_millis(50));
    }

    #[test]
    fn capacity_is_the_tokens_of_one_second() {
        let mut bucket = TokenBucket::new();
        bucket.change_rate(Duration::ZERO, 8.0);
        let now = Duration::from_secs(100);
        (0..8).for_each(|_| bucket.take(now).unwrap());
        check_empty(&mut bucket, now, Duration::from_millis(125));
        // A lower rate lowers the capacity. Tokens above the new capacity are lost.
        let now = Duration::from_secs(200);
        bucket.change_rate(now, 2.0);
        (0..2).for_each(|_| bucket.take(now).unwrap());
        check_empty(&mut bucket, now, Duration::from_millis(500));
        // The capacity stays at one token if the rate is below one token per second.
        bucket.change_rate(now, 0.1);
        check_empty(&mut bucket, now, Duration::from_secs(2));
        bucket.take(now + Duration::from_secs(9)).unwrap();
        check_empty(&mut bucket, now + Duration::from_secs(9), Duration::from_secs(2));
    }
}
