//! The log of calls that tests read.

use std::collections::VecDeque;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::SystemTime;

use crate::call_record::CallRecord;
use crate::call_totals::{CallTotals, Totals};
use crate::delivery::ResponseProgress;

/// A function that receives each call after the call has ended.
#[derive(Clone)]
pub(crate) struct CallObserver(pub(crate) Arc<dyn Fn(&CallRecord) + Send + Sync>);

impl fmt::Debug for CallObserver {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("CallObserver")
    }
}

/// The latest calls, in the order of their responses.
#[derive(Debug)]
pub(crate) struct CallLog {
    calls: Mutex<Calls>,
    observer: Option<CallObserver>,
    /// The maximum number of calls in the log. The log is bounded because an endpoint may run for days.
    max_calls: usize,
}

#[derive(Debug, Default)]
struct Calls {
    /// Records with consecutive numbers.
    records: VecDeque<CallRecord>,
    /// The number of calls so far.
    number: u64,
    /// The total size of all records.
    size: usize,
    totals: CallTotals,
}

impl CallLog {
    /// The default of `max_calls`.
    pub(crate) const MAX_CALLS: usize = 10_000;
    /// The maximum total size of the large fields of all records, in bytes.
    pub(crate) const MAX_SIZE: usize = 256 << 20;

    pub(crate) fn new(max_calls: usize, observer: Option<CallObserver>) -> Self {
        Self { calls: Mutex::default(), observer, max_calls }
    }

    /// Adds a call. Drops the oldest calls if the log exceeds its bounds.
    pub(crate) fn push(&self, mut call: CallRecord) {
        let calls = &mut *self.lock();
        calls.number += 1;
        call.number = calls.number;
        call.response_progress.set_number(call.number);
        calls.size += call.size();
        calls.records.push_back(call);
        while calls.records.len() > self.max_calls || calls.size > Self::MAX_SIZE {
            let dropped = calls.records.pop_front().map_or(0, |call| call.size());
            calls.size -= dropped;
        }
    }

    /// Adds a call that gets no response.
    pub(crate) fn push_without_response(&self, call: CallRecord, now: SystemTime) {
        let progress = Arc::clone(&call.response_progress);
        self.push(call);
        self.end(&progress, now);
    }

    /// Records that the response to a call was sent or lost, and passes the call to the observer.
    pub(crate) fn end(&self, progress: &ResponseProgress, now: SystemTime) {
        progress.set_end(now);
        let observed = {
            let calls = &mut *self.lock();
            let Some(call) = calls.records.get(calls.index(progress.number())) else { return };
            calls.totals.add(call, call.since_start(now));
            self.observer.as_ref().map(|observer| (observer, call.snapshot()))
        };
        if let Some((CallObserver(observe), call)) = observed {
            observe(&call);
        }
    }

    /// Returns the calls with their current progress.
    pub(crate) fn calls(&self) -> Vec<CallRecord> {
        self.calls_after(0, usize::MAX)
    }

    /// Returns the calls after the call with this number. If there are more than `limit` calls, returns the
    /// latest calls.
    pub(crate) fn calls_after(&self, number: u64, limit: usize) -> Vec<CallRecord> {
        let calls = self.lock();
        let new = usize::try_from(calls.number.saturating_sub(number)).unwrap_or(usize::MAX);
        let skipped = calls.records.len().saturating_sub(new.min(limit));
        calls.records.iter().skip(skipped).map(CallRecord::snapshot).collect()
    }

    /// Returns the number of the last call, or 0 if there was no call.
    pub(crate) fn last(&self) -> u64 {
        self.lock().number
    }

    /// Returns the sums over all calls that have ended.
    pub(crate) fn totals(&self) -> Totals {
        self.lock().totals.sums()
    }

    /// Drops all records and resets the totals. Keeps the number of calls, so numbers stay unique.
    pub(crate) fn clear(&self) {
        let calls = &mut *self.lock();
        *calls = Calls { number: calls.number, ..Calls::default() };
    }

    fn lock(&self) -> MutexGuard<'_, Calls> {
        self.calls.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Calls {
    /// Returns the index of the call with a number. If the call is not in the log, returns an index that is
    /// out of bounds.
    fn index(&self, number: u64) -> usize {
        let index = self.records.front().and_then(|first| number.checked_sub(first.number));
        index.and_then(|index| usize::try_from(index).ok()).unwrap_or(usize::MAX)
    }
}
