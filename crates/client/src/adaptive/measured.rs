//! How many requests a second there are.

use std::time::Duration;

/// The rate is measured over so much time.
const PERIOD: Duration = Duration::from_millis(500);
/// The share of the newest period in the rate; the rest is of what was measured before.
const SMOOTHING: f64 = 0.8;

/// Requests a second, measured when they are answered, smoothed over periods of half a second.
#[derive(Clone, Debug, Default)]
pub(super) struct MeasuredRate {
    rate: f64,
    /// Answers since `period` began.
    answers: u32,
    /// The half second that is counted, from the start.
    period: u128,
}

impl MeasuredRate {
    /// Counts an answer and gives the rate. It changes with the first answer of a new period only, and that answer is
    /// counted with the period that ends, as the AWS SDKs do.
    pub(super) fn answered(&mut self, now: Duration) -> f64 {
        self.answers = self.answers.saturating_add(1);
        let period = now.as_nanos() / PERIOD.as_nanos();
        if period > self.period {
            let elapsed = (period - self.period) as f64 * PERIOD.as_secs_f64();
            let newest = f64::from(self.answers) / elapsed;
            self.rate = newest * SMOOTHING + self.rate * (1.0 - SMOOTHING);
            self.answers = 0;
            self.period = period;
        }
        self.rate
    }

    /// Requests a second.
    pub(super) fn rate(&self) -> f64 {
        self.rate
    }
}
