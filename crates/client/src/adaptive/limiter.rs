//! The rate limiter, without a clock.

use std::time::Duration;

use super::bucket::TokenBucket;
use super::cubic::Cubic;
use super::measured::MeasuredRate;

/// The rate never leaps above this multiple of what was measured.
const MOST_OF_MEASURED: f64 = 2.0;

/// The client-side rate limiter of the adaptive retry mode. It reads no clock: each moment is an argument, as the time
/// since a start that is the same for all, and never the wall clock's.
#[derive(Clone, Debug)]
pub(super) struct RateLimiter {
    measured: MeasuredRate,
    cubic: Cubic,
    bucket: TokenBucket,
    /// From the first throttle on. Before it nobody waits.
    limiting: bool,
}

/// Whether a request may be sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Acquired {
    /// It may: its token is taken.
    Ready,
    /// Not yet, and nothing was taken: ask again after this time, or when the rate has changed.
    Wait(Duration),
}

impl RateLimiter {
    pub(super) fn new() -> Self {
        Self {
            measured: MeasuredRate::default(),
            cubic: Cubic::new(0.0, Duration::ZERO),
            bucket: TokenBucket::new(),
            limiting: false,
        }
    }

    /// Asks for the token of one request.
    pub(super) fn acquire(&mut self, now: Duration) -> Acquired {
        if !self.limiting {
            return Acquired::Ready;
        }
        match self.bucket.take(now) {
            Ok(()) => Acquired::Ready,
            Err(missing) => Acquired::Wait(missing),
        }
    }

    /// Takes note of how a request ended: throttled, or otherwise, well or not.
    pub(super) fn update(&mut self, now: Duration, throttled: bool) {
        let measured = self.measured.answered(now);
        let rate = if throttled {
            // A limiter that limits may have been asked for less than it gives, and one that does not has no rate.
            let rate = if self.limiting { measured.min(self.bucket.fill_rate()) } else { measured };
            self.limiting = true;
            self.cubic.throttled(now, rate)
        } else {
            self.cubic.succeeded(now)
        };
        self.bucket.change_rate(now, rate.min(MOST_OF_MEASURED * measured));
    }

    /// Requests a second that are let through, if there is a limit.
    pub(super) fn limit(&self) -> Option<f64> {
        self.limiting.then(|| self.bucket.fill_rate())
    }

    /// The same before there is a limit, too.
    #[cfg(test)]
    pub(super) fn fill_rate(&self) -> f64 {
        self.bucket.fill_rate()
    }

    /// Requests a second that were answered.
    pub(super) fn measured(&self) -> f64 {
        self.measured.rate()
    }
}
