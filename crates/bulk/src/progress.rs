//! The progress of a run.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use hdrhistogram::Histogram;
use invoke_model_client::Usage;

/// The progress of a run. Clones share the counts, so that a program can show them while the run is active.
#[derive(Clone, Debug)]
pub struct Progress(Arc<Mutex<State>>);

#[derive(Debug)]
struct State {
    counts: Counts,
    errors: BTreeMap<String, u64>,
    /// Durations of successful calls in microseconds.
    durations: Histogram<u32>,
}

/// The counts of a run.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Counts {
    /// The records of the input.
    pub records: u64,
    /// The records with an output.
    pub succeeded: u64,
    /// The records with an error, including invalid and ambiguous records.
    pub failed: u64,
    /// The records without an output that may have been billed: their request was in flight when a run was killed, or
    /// failed with the class [`Ambiguous`](invoke_model_client::FailureClass::Ambiguous). `failed` includes them.
    pub ambiguous: u64,
    /// The records that have the result of another record, because their inputs are equal. `succeeded` and `failed`
    /// include them.
    pub duplicates: u64,
    /// The calls that are in flight, or that wait for the quota limiter of the client.
    pub in_flight: u64,
    /// The calls that ended in this run.
    pub calls: u64,
    /// The attempts after the first attempt of a call in this run.
    pub retries: u64,
    /// The calls of this run that the service throttled. Their records are sent again.
    pub throttled: u64,
    /// The tokens of all results, including those of earlier runs. A count that the service does not report is 0.
    pub tokens: Tokens,
}

/// Numbers of tokens.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Tokens {
    /// Input tokens that were not read from or written to a prompt cache.
    pub input: u64,
    /// Output tokens.
    pub output: u64,
    /// Input tokens that were read from a prompt cache.
    pub cache_read: u64,
    /// Input tokens that were written to a prompt cache.
    pub cache_write: u64,
}

impl Tokens {
    /// Returns the number of all input tokens.
    pub fn total_input(&self) -> u64 {
        self.input + self.cache_read + self.cache_write
    }

    /// Returns these counts as the usage of a call.
    pub fn usage(&self) -> Usage {
        let mut usage = Usage::default();
        usage.input_tokens = Some(self.input);
        usage.output_tokens = Some(self.output);
        usage.cache_read_input_tokens = Some(self.cache_read);
        usage.cache_write_input_tokens = Some(self.cache_write);
        usage
    }

    fn add(&mut self, usage: &Usage) {
        self.input += usage.input_tokens.unwrap_or_default();
        self.output += usage.output_tokens.unwrap_or_default();
        self.cache_read += usage.cache_read_input_tokens.unwrap_or_default();
        self.cache_write += usage.cache_write_input_tokens.unwrap_or_default();
    }
}

impl Counts {
    /// Returns the number of records without a result.
    pub fn remaining(&self) -> u64 {
        // The result of a record can be counted before the record.
        self.records.saturating_sub(self.succeeded + self.failed)
    }
}

impl Progress {
    pub(crate) fn new(records: u64) -> Self {
        let counts = Counts { records, ..Counts::default() };
        let durations = Histogram::new(3).expect("3 significant digits are valid");
        Self(Arc::new(Mutex::new(State { counts, errors: BTreeMap::new(), durations })))
    }

    /// Returns the counts.
    pub fn counts(&self) -> Counts {
        self.state().counts
    }

    /// Returns the number of failed calls for each error code, for the failures of this run.
    pub fn errors(&self) -> BTreeMap<String, u64> {
        self.state().errors.clone()
    }

    /// Returns the duration within which this part of the successful calls of this run ended. For example, 0.99 is
    /// the 99th percentile. A duration is the duration of the last attempt, without the time in the quota limiter. Returns `None` if no call has succeeded.
    pub fn duration(&self, part: f64) -> Option<Duration> {
        let state = self.state();
        let is_empty = state.durations.is_empty();
        (!is_empty).then(|| Duration::from_micros(state.durations.value_at_quantile(part)))
    }

    pub(crate) fn update(&self, change: impl FnOnce(&mut Counts)) {
        change(&mut self.state().counts);
    }

    pub(crate) fn add_tokens(&self, usage: &Usage) {
        self.state().counts.tokens.add(usage);
    }

    pub(crate) fn add_error(&self, code: &str, count: u64) {
        *self.state().errors.entry(code.to_owned()).or_default() += count;
    }

    pub(crate) fn add_duration(&self, duration: Duration) {
        // The limit of an hour bounds the memory of the histogram, which grows with the largest value.
        let micros = duration.min(Duration::from_secs(3600)).as_micros() as u64;
        self.state().durations.record(micros).expect("the histogram grows");
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_have_three_digits() {
        let progress = Progress::new(1);
        assert_eq!(progress.duration(0.5), None);
        for seconds in 1..=100 {
            progress.add_duration(Duration::from_secs(seconds));
        }
        progress.add_duration(Duration::MAX);
        let check = |part: f64, expected: f64| {
            let seconds = progress.duration(part).unwrap().as_secs_f64();
            assert!((seconds / expected - 1.0).abs() < 0.001, "{part}: {seconds}");
        };
        check(0.5, 51.0);
        check(0.9, 91.0);
        check(1.0, 3600.0);
    }
}
