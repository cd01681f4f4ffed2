//! The CUBIC curve along which the rate recovers after a throttling error.

use std::time::Duration;

/// The factor by which a throttling error reduces the rate.
const BETA: f64 = 0.7;
/// The scaling constant of the curve. The rate recovers faster with a larger constant.
const SCALE: f64 = 0.4;

/// The CUBIC curve that determines the rate. The curve is a function of the time since the last throttling
/// error.
///
/// The curve starts at 70 % of the throttled rate, flattens near the throttled rate, and then rises above it.
/// <https://www.rfc-editor.org/rfc/rfc9438#section-4.2>
#[derive(Clone, Debug)]
pub(super) struct Cubic {
    /// Requests per second at the last throttling error.
    max_rate: f64,
    throttled_at: Duration,
}

impl Cubic {
    pub(super) fn new(max_rate: f64, throttled_at: Duration) -> Self {
        Self { max_rate, throttled_at }
    }

    /// Returns the rate after a response that is not a throttling error.
    pub(super) fn succeeded(&self, now: Duration) -> f64 {
        let elapsed = now.saturating_sub(self.throttled_at).as_secs_f64();
        SCALE * (elapsed - self.seconds_to_max()).powi(3) + self.max_rate
    }

    /// Returns the rate after a throttling error at `rate`.
    pub(super) fn throttled(&mut self, now: Duration, rate: f64) -> f64 {
        *self = Self::new(rate, now);
        rate * BETA
    }

    /// Returns the seconds from the throttling error until the curve reaches the throttled rate again.
    fn seconds_to_max(&self) -> f64 {
        (self.max_rate * (1.0 - BETA) / SCALE).cbrt()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Checks the rate after each response of a test case of the AWS SDKs. The first response arrives at
    /// second 5, and one response arrives in each following second. `true` means a throttling error.
    fn check(responses: &[(bool, f64)]) {
        let mut cubic = Cubic::new(10.0, Duration::from_secs(5));
        let mut rate = 0.0;
        for (second, &(throttled, expected)) in (5..).zip(responses) {
            let now = Duration::from_secs(second);
            rate = if throttled { cubic.throttled(now, rate) } else { cubic.succeeded(now) };
            assert!((rate - expected).abs() < 1e-9, "second {second}: {rate}, expected {expected}");
        }
    }

    #[test]
    fn recovers_as_in_the_test_cases_of_the_aws_sdks() {
        check(&[
            (false, 7.0),
            (false, 9.648_936_009_66),
            (false, 10.000_030_849_917_364),
            (false, 10.453_284_520_772_092),
            (false, 13.408_697_022_224_185),
            (false, 21.266_268_354_273_64),
            (false, 36.425_998_516_920_465),
        ]);
        check(&[
            (false, 7.0),
            (false, 9.648_936_009_66),
            (true, 6.754_255_206_761_999),
            (true, 4.727_978_644_733_399),
            (false, 6.606_547_753_887_045),
            (false, 6.763_279_816_944_947),
            (false, 7.598_174_833_907_107),
            (false, 11.511_232_804_773_524),
        ]);
    }

    #[test]
    fn reaches_the_throttled_rate_after_seconds_to_max() {
        let cubic = Cubic::new(10.0, Duration::ZERO);
        assert!((cubic.seconds_to_max() - 1.957_433_820_584_431_7).abs() < 1e-12);
        let time = Duration::from_secs_f64(cubic.seconds_to_max());
        assert!((cubic.succeeded(time) - 10.0).abs() < 1e-9);
    }
}
