//! The algorithm of the adaptive rate limiter. The algorithm does not read a clock.

use std::time::Duration;

use super::bucket::TokenBucket;
use super::cubic::Cubic;

/// The maximum ratio of the fill rate to the measured rate. If this maximum would result in a fill rate below
/// the minimum of the bucket, the bucket uses its minimum.
const MAX_OF_MEASURED: f64 = 2.0;

/// The period over which the rate is measured.
const PERIOD: Duration = Duration::from_millis(500);

/// The weight of the latest period in the measured rate. The previous measured rate has the remaining weight.
const SMOOTHING: f64 = 0.8;

/// The client-side rate limiter of the adaptive retry mode.
///
/// The caller passes each time as a duration since a fixed start.
#[derive(Clone, Debug)]
pub(super) struct RateLimiter {
    measured: MeasuredRate,
    cubic: Cubic,
    bucket: TokenBucket,
    /// `true` after the first throttling error. Before that error, requests never wait.
    is_limiting: bool,
}

/// The result of an attempt to take a token.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Acquired {
    /// A token was taken. The request may be sent.
    Ready,
    /// No token was taken. The request must try again after this time, or when the rate has changed.
    Wait(Duration),
}

impl RateLimiter {
    pub(super) fn new() -> Self {
        Self {
            measured: MeasuredRate::default(),
            cubic: Cubic::new(0.0, Duration::ZERO),
            bucket: TokenBucket::new(),
            is_limiting: false,
        }
    }

    /// Takes a token for one request.
    pub(super) fn acquire(&mut self, now: Duration) -> Acquired {
        if !self.is_limiting {
            return Acquired::Ready;
        }
        match self.bucket.take(now) {
            Ok(()) => Acquired::Ready,
            Err(time) => Acquired::Wait(time),
        }
    }

    /// Updates the rate after the outcome of a request. `throttled` is `true` if the service throttled the
    /// request.
    pub(super) fn update(&mut self, now: Duration, throttled: bool) {
        let measured = self.measured.record_response(now);
        let rate = if throttled {
            // Use the measured rate if it is lower than the limit. Before the first throttling error, there
            // is no limit.
            let rate = if self.is_limiting { measured.min(self.bucket.fill_rate()) } else { measured };
            self.is_limiting = true;
            self.cubic.throttled(now, rate)
        } else {
            self.cubic.succeeded(now)
        };
        self.bucket.change_rate(now, rate.min(MAX_OF_MEASURED * measured));
    }

    /// Returns the limit in requests per second, or `None` before the first throttling error.
    pub(super) fn limit(&self) -> Option<f64> {
        self.is_limiting.then(|| self.bucket.fill_rate())
    }

    /// Returns the fill rate of the bucket. The bucket has a fill rate even before the first throttling
    /// error.
    #[cfg(test)]
    pub(super) fn fill_rate(&self) -> f64 {
        self.bucket.fill_rate()
    }

    /// Returns the measured rate in requests per second.
    pub(super) fn measured_rate(&self) -> f64 {
        self.measured.rate
    }
}

/// The rate of responses in requests per second, smoothed over periods of half a second.
#[derive(Clone, Debug, Default)]
struct MeasuredRate {
    rate: f64,
    /// Responses in the current period.
    responses: u32,
    /// The number of the current period since the start.
    period: u128,
}

impl MeasuredRate {
    /// Records a response and returns the rate.
    ///
    /// The rate changes only at the first response of a new period. That response counts in the period that
    /// has ended, as in the AWS SDKs.
    fn record_response(&mut self, now: Duration) -> f64 {
        self.responses = self.responses.saturating_add(1);
        let period = now.as_nanos() / PERIOD.as_nanos();
        if period > self.period {
            let elapsed = (period - self.period) as f64 * PERIOD.as_secs_f64();
            let latest = f64::from(self.responses) / elapsed;
            self.rate = latest * SMOOTHING + self.rate * (1.0 - SMOOTHING);
            self.responses = 0;
            self.period = period;
        }
        self.rate
    }
}
