//! The state of each record of a file.

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;

use bytes::Bytes;
use tokio::sync::mpsc;

use crate::error::BulkError;
use crate::input::{Input, ScannedRecord};
use crate::journal::{Entry, Location};
use crate::progress::Counts;
use crate::record::{Key, Record};
use crate::run::Records;

/// The state of a record.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Status {
    /// The record has no result. The service has certainly not executed its request.
    Pending,
    /// The request was in flight when a run was killed.
    Ambiguous,
    /// The record cannot be sent.
    Invalid,
    /// The line of the journal contains the output.
    Succeeded(Location),
    /// The line of the journal contains the error.
    Failed {
        location: Location,
        /// `true` if the service may have executed the request.
        is_ambiguous: bool,
    },
}

impl Status {
    /// Returns the state of a record after an entry of the journal.
    pub(crate) fn of(entry: &Entry<'_>, location: Location) -> Self {
        match entry {
            Entry { finished: Some(_), error: None, .. } => Self::Succeeded(location),
            Entry { finished: Some(_), .. } => Self::Failed { location, is_ambiguous: entry.is_ambiguous() },
            Entry { started: Some(_), .. } => Self::Ambiguous,
            _ => Self::Pending,
        }
    }

    /// Returns `true` if a run with these settings sends the record again.
    pub(crate) fn is_retried(self, retry_errors: bool, retry_ambiguous: bool) -> bool {
        match self {
            Self::Failed { is_ambiguous: false, .. } => retry_errors,
            Self::Failed { is_ambiguous: true, .. } | Self::Ambiguous => retry_ambiguous,
            _ => false,
        }
    }
}

/// The states of all records, in the order of the input.
#[derive(Debug)]
pub(crate) struct Plan {
    /// The thread that reads the input shares them.
    records: Arc<Vec<ScannedRecord>>,
    states: Vec<Status>,
    /// The numbers of the valid records, in the order of their keys.
    by_key: Vec<u32>,
    /// The number of other records with the same input, for the first record of each such input.
    copies: HashMap<u32, u64>,
}

impl Plan {
    pub(crate) fn new(records: Vec<ScannedRecord>) -> Self {
        let mut by_key: Vec<u32> =
            (0..records.len() as u32).filter(|index| records[*index as usize].key.is_some()).collect();
        by_key.sort_unstable_by_key(|index| records[*index as usize].key);
        let mut copies = HashMap::new();
        for (index, record) in records.iter().enumerate() {
            if record.same_input_as as usize != index {
                *copies.entry(record.same_input_as).or_default() += 1;
            }
        }
        let status = |record: &ScannedRecord| match record.key {
            Some(_) => Status::Pending,
            None => Status::Invalid,
        };
        let states = records.iter().map(status).collect();
        Self { records: Arc::new(records), states, by_key, copies }
    }

    /// Adds an entry of the journal. Returns `false` if the record is not in the input.
    pub(crate) fn add_entry(&mut self, entry: &Entry<'_>, location: Location) -> bool {
        let key = entry.key().and_then(Key::from_hex);
        let Some(index) = key.and_then(|key| self.index(key)) else { return false };
        self.states[index] = Status::of(entry, location);
        true
    }

    fn index(&self, key: Key) -> Option<usize> {
        let found = self.by_key.binary_search_by_key(&Some(key), |index| self.records[*index as usize].key);
        found.ok().map(|place| self.by_key[place] as usize)
    }

    /// Makes records pending whose state matches.
    pub(crate) fn reset(&mut self, is_reset: impl Fn(Status) -> bool) {
        for status in self.states.iter_mut().filter(|status| is_reset(**status)) {
            *status = Status::Pending;
        }
    }

    /// Returns the state of the record that is sent for this record.
    pub(crate) fn result(&self, index: usize) -> Status {
        self.states[self.records[index].same_input_as as usize]
    }

    /// Returns the key of a record, or `None` if the record is invalid.
    pub(crate) fn key(&self, index: usize) -> Option<Key> {
        self.records.get(index)?.key
    }

    /// Returns `true` if the record must be sent.
    fn is_sent(&self, index: usize) -> bool {
        matches!(self.states[index], Status::Pending) && self.records[index].same_input_as as usize == index
    }

    pub(crate) fn len(&self) -> usize {
        self.records.len()
    }

    /// Sets the counts of records with a result.
    pub(crate) fn count(&self, counts: &mut Counts) {
        (counts.succeeded, counts.failed, counts.ambiguous, counts.duplicates) = (0, 0, 0, 0);
        for index in 0..self.records.len() {
            let status = self.result(index);
            match status {
                Status::Pending => continue,
                Status::Succeeded(_) => counts.succeeded += 1,
                Status::Ambiguous | Status::Invalid | Status::Failed { .. } => counts.failed += 1,
            }
            let is_ambiguous =
                matches!(status, Status::Ambiguous | Status::Failed { is_ambiguous: true, .. });
            counts.ambiguous += u64::from(is_ambiguous);
            counts.duplicates += u64::from(self.records[index].same_input_as as usize != index);
        }
    }
}

impl Records for Plan {
    fn add(&mut self, record: Record, to_send: &mut VecDeque<Record>) -> Result<(), BulkError> {
        to_send.push_back(record);
        Ok(())
    }

    fn end(&mut self) -> Result<(), BulkError> {
        Ok(())
    }

    fn copies(&self, record: &Record) -> u64 {
        self.copies.get(&(record.index as u32)).copied().unwrap_or_default()
    }

    fn finish(&mut self, record: &Record, entry: &Entry<'_>, location: Option<Location>) {
        // A run of a file has a journal.
        if let Some(location) = location {
            self.states[record.index] = Status::of(entry, location);
        }
    }
}

/// Reads the records without a result in a thread, because reading a file blocks.
pub(crate) fn read_records(
    input: &Input,
    plan: &Plan,
    max_concurrency: usize,
) -> mpsc::Receiver<Result<Record, BulkError>> {
    let (sender, receiver) = mpsc::channel(max_concurrency.min(64));
    let is_sent: Vec<bool> = (0..plan.len()).map(|index| plan.is_sent(index)).collect();
    let (input, records) = (input.clone(), plan.records.clone());
    tokio::task::spawn_blocking(move || {
        if let Err(error) = send_records(&input, &records, &is_sent, &sender) {
            // Sending fails only if the run has ended.
            let _ = sender.blocking_send(Err(error));
        }
    });
    receiver
}

fn send_records(
    input: &Input,
    records: &[ScannedRecord],
    is_sent: &[bool],
    sender: &mpsc::Sender<Result<Record, BulkError>>,
) -> Result<(), BulkError> {
    let mut lines = input.lines()?;
    for (index, (record, is_sent)) in records.iter().zip(is_sent).enumerate() {
        let key = record.key.filter(|_| *is_sent);
        let copy = |(id, input): (&str, &str)| (id.to_owned(), Bytes::copy_from_slice(input.as_bytes()));
        // A record that is not sent is not copied.
        let line = match key {
            Some(_) => lines.next(|result| result.map(copy))?,
            None => lines.next(|result| result.map(|_| Default::default()))?,
        };
        let Some(line) = line else {
            return Err(input.changed(index as u64 + 1));
        };
        let Some(key) = key else { continue };
        if sender.blocking_send(Ok(input.record(index, key, &line)?)).is_err() {
            return Ok(());
        }
    }
    Ok(())
}
