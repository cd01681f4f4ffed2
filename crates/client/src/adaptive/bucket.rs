//! The bucket that requests take their tokens from.

use std::time::Duration;

/// Tokens a second, however hard the service throttles.
const MIN_FILL_RATE: f64 = 0.5;
/// A bucket that can hold less never gives the token of a request.
const MIN_CAPACITY: f64 = 1.0;

/// Fills with time, holds at most what comes in one second, and gives each request one token.
#[derive(Clone, Debug)]
pub(super) struct TokenBucket {
    tokens: f64,
    capacity: f64,
    /// Tokens a second.
    fill_rate: f64,
    filled_at: Duration,
}

impl TokenBucket {
    /// Empty, at the least rate.
    pub(super) fn new() -> Self {
        Self { tokens: 0.0, capacity: MIN_CAPACITY, fill_rate: MIN_FILL_RATE, filled_at: Duration::ZERO }
    }

    /// Takes a token; if there is none, takes nothing and gives the time until there is one.
    pub(super) fn take(&mut self, now: Duration) -> Result<(), Duration> {
        self.fill(now);
        if self.tokens >= 1.0 {
            self.tokens -= 1.0;
            return Ok(());
        }
        // Rounded up: who waits so long finds a whole token.
        let missing = Duration::from_secs_f64((1.0 - self.tokens) / self.fill_rate);
        Err(missing + Duration::from_nanos(1))
    }

    /// What came so far came at the old rate. What is beyond a lower capacity is lost when it is filled next.
    pub(super) fn change_rate(&mut self, now: Duration, rate: f64) {
        self.fill(now);
        self.fill_rate = rate.max(MIN_FILL_RATE);
        self.capacity = rate.max(MIN_CAPACITY);
    }

    /// Tokens a second.
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
    fn a_rate_applies_from_its_change_on() {
        let mut bucket = TokenBucket::new();
        // Half a token came before, and the other half comes at the new rate.
        let now = Duration::from_secs(1);
        bucket.change_rate(now, 10.0);
        check_empty(&mut bucket, now, Duration::from_millis(50));
    }

    #[test]
    fn holds_what_comes_in_a_second() {
        let mut bucket = TokenBucket::new();
        bucket.change_rate(Duration::ZERO, 8.0);
        let now = Duration::from_secs(100);
        (0..8).for_each(|_| bucket.take(now).unwrap());
        check_empty(&mut bucket, now, Duration::from_millis(125));
        // What a full bucket has above a lower rate is lost.
        let now = Duration::from_secs(200);
        bucket.change_rate(now, 2.0);
        (0..2).for_each(|_| bucket.take(now).unwrap());
        check_empty(&mut bucket, now, Duration::from_millis(500));
        // Below one a second it still holds one.
        bucket.change_rate(now, 0.1);
        check_empty(&mut bucket, now, Duration::from_secs(2));
        bucket.take(now + Duration::from_secs(9)).unwrap();
        check_empty(&mut bucket, now + Duration::from_secs(9), Duration::from_secs(2));
    }
}
