//! Sums over all calls. In contrast to the call log, the sums also cover calls that the log has dropped.

use std::collections::BTreeMap;
use std::time::Duration;

use serde::Serialize;

use crate::call_record::CallRecord;

/// The calls with the same operation, status and error code.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub(crate) struct CallGroup {
    pub(crate) operation: Option<&'static str>,
    pub(crate) status: u16,
    pub(crate) error_code: Option<String>,
}

/// The sums over a group of calls.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub(crate) struct GroupTotals {
    pub(crate) calls: u64,
    pub(crate) input_tokens: u64,
    pub(crate) output_tokens: u64,
    #[serde(rename = "duration_seconds", serialize_with = "serialize_seconds")]
    pub(crate) duration: Duration,
}

/// The sums of each group of calls.
pub(crate) type Totals = BTreeMap<CallGroup, GroupTotals>;

/// A collector of [`Totals`].
#[derive(Debug, Default)]
pub(crate) struct CallTotals(Totals);

impl CallTotals {
    /// The maximum number of groups. The number is bounded, because tests can inject any number of error
    /// codes.
    const MAX_GROUPS: usize = 1_000;

    /// Adds a call that took `duration`. If there are too many groups, ignores a call that would add a group.
    pub(crate) fn add(&mut self, call: &CallRecord, duration: Duration) {
        let group =
            CallGroup { operation: call.operation, status: call.status, error_code: call.error_code.clone() };
        if self.0.len() >= Self::MAX_GROUPS && !self.0.contains_key(&group) {
            return;
        }
        let totals = self.0.entry(group).or_default();
        totals.calls += 1;
        let (input_tokens, output_tokens) = call.tokens();
        totals.input_tokens += input_tokens.unwrap_or_default();
        totals.output_tokens += output_tokens.unwrap_or_default();
        totals.duration += duration;
    }

    pub(crate) fn sums(&self) -> Totals {
        self.0.clone()
    }
}

fn serialize_seconds<S: serde::Serializer>(time: &Duration, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_f64(time.as_secs_f64())
}
