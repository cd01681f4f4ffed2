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

    /// What came so far came at the old rate.
    pub(super) fn change_rate(&mut self, now: Duration, rate: f64) {
        self.fill(now);
        self.fill_rate = rate.max(MIN_FILL_RATE);
        self.capacity = rate.max(MIN_CAPACITY);
        self.tokens = self.tokens.min(self.capacity);
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
