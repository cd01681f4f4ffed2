//! The states of the records of a stream.

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;

use serde_json::value::RawValue;
use tokio::sync::{Semaphore, mpsc};

use super::{BulkResult, StreamSettings};
use crate::error::BulkError;
use crate::journal::{Entry, Journal, Location};
use crate::output::RecordFailure;
use crate::plan::Status;
use crate::progress::Progress;
use crate::record::{Key, Record};
use crate::run::{Context, Records};

/// The first record with an input, if equal inputs are sent once.
enum First {
    /// The records that wait for the result of the first record.
    Waiting(Vec<Record>),
    /// The line of the journal with the result.
    Finished(Location),
    /// The request was in flight when a run was killed.
    Ambiguous,
}

/// The states of the records of a stream.
pub(super) struct States {
    settings: StreamSettings,
    journal: Option<Arc<Journal>>,
    /// The results of earlier runs whose records have not arrived yet.
    known: HashMap<Key, Status>,
    /// The first records of a run that continues, until one of them is in the journal. `None` after that.
    held: Option<Vec<Record>>,
    max_held: usize,
    /// The first record with each input. Empty if equal inputs are sent again.
    first: HashMap<Key, First>,
    results: mpsc::UnboundedSender<BulkResult>,
    progress: Progress,
    capacity: Arc<Semaphore>,
    on_warning: Arc<dyn Fn(&str) + Send + Sync>,
}

impl Drop for States {
    /// Ends the wait of the sender.
    fn drop(&mut self) {
        self.capacity.close();
    }
}

impl States {
    /// `known` contains the results of earlier runs, and `capacity` is closed at the end of the run.
    pub(super) fn new(
        settings: StreamSettings,
        context: &Context,
        known: HashMap<Key, Status>,
        results: mpsc::UnboundedSender<BulkResult>,
        capacity: Arc<Semaphore>,
    ) -> Self {
        Self {
            held: (!known.is_empty()).then(Vec::new),
            max_held: context.max_concurrency,
            journal: context.journal.clone(),
            known,
            settings,
            first: HashMap::new(),
            results,
            progress: context.progress.clone(),
            capacity,
            on_warning: context.on_warning.clone(),
        }
    }

    /// Returns the error for a journal that contains none of the first records.
    fn other_input(&self) -> BulkError {
        let path = self.journal.as_ref().map(|journal| journal.path().to_owned()).unwrap_or_default();
        BulkError::OtherInput { path, count: self.known.len(), example: None }
    }

    /// Sends a record, unless an earlier run has its result.
    fn admit(&mut self, record: Record, to_send: &mut VecDeque<Record>) -> Result<(), BulkError> {
        let settings = self.settings;
        let status = self.known.remove(&record.key).unwrap_or(Status::Pending);
        if settings.dedupe {
            match self.first.get_mut(&input_key(&record)) {
                Some(First::Waiting(records)) => {
                    records.push(record);
                    return Ok(());
                }
                Some(First::Finished(location)) => {
                    let location = *location;
                    self.progress.update(|counts| counts.duplicates += 1);
                    return self.deliver_old(&record, location);
                }
                Some(First::Ambiguous) => {
                    self.progress.update(|counts| counts.duplicates += 1);
                    self.deliver_ambiguous(&record);
                    return Ok(());
                }
                None => {}
            }
        }
        match status {
            Status::Succeeded(location) | Status::Failed { location, .. }
                if !status.is_retried(settings.retry_errors, settings.retry_ambiguous) =>
            {
                if settings.dedupe {
                    self.first.insert(input_key(&record), First::Finished(location));
                }
                return self.deliver_old(&record, location);
            }
            Status::Ambiguous if !settings.retry_ambiguous => {
                if settings.dedupe {
                    self.first.insert(input_key(&record), First::Ambiguous);
                }
                self.deliver_ambiguous(&record);
                return Ok(());
            }
            _ => {}
        }
        if settings.dedupe {
            self.first.insert(input_key(&record), First::Waiting(Vec::new()));
        }
        to_send.push_back(record);
        Ok(())
    }

    /// Delivers the result of an earlier run, or of an earlier record with the same input.
    fn deliver_old(&self, record: &Record, location: Location) -> Result<(), BulkError> {
        let Some(journal) = &self.journal else { return Ok(()) };
        let mut line = Vec::new();
        let error = |error| BulkError::io(journal.path(), error);
        journal.read(location, &mut line).map_err(error)?;
        let entry = serde_json::from_slice::<Entry<'_>>(&line).map_err(|invalid| error(invalid.into()))?;
        self.progress.update(|counts| {
            counts.ambiguous += u64::from(entry.is_ambiguous());
            let count = if entry.error.is_none() { &mut counts.succeeded } else { &mut counts.failed };
            *count += 1;
        });
        self.deliver(record, output(&entry));
        Ok(())
    }

    fn deliver_ambiguous(&self, record: &Record) {
        self.progress.update(|counts| {
            counts.failed += 1;
            counts.ambiguous += 1;
        });
        self.deliver(record, Err(RecordFailure::ambiguous()));
    }

    fn deliver(&self, record: &Record, output: Result<Box<RawValue>, RecordFailure>) {
        let (index, record_id, model_input) = (record.index, record.id.clone(), record.input.clone());
        // Sending fails only if the program has dropped the receiver.
        let _ = self.results.send(BulkResult { index, record_id, model_input, output });
    }
}

impl Records for States {
    fn add(&mut self, record: Record, to_send: &mut VecDeque<Record>) -> Result<(), BulkError> {
        let Some(held) = &mut self.held else { return self.admit(record, to_send) };
        // Calls start in the order of the records, so one of the first records is in the journal.
        let is_known = self.known.contains_key(&record.key);
        held.push(record);
        match is_known {
            true => {
                let held = self.held.take().unwrap_or_default();
                held.into_iter().try_for_each(|record| self.admit(record, to_send))
            }
            false if held.len() == self.max_held => Err(self.other_input()),
            false => Ok(()),
        }
    }

    fn end(&mut self) -> Result<(), BulkError> {
        if self.held.as_ref().is_some_and(|held| !held.is_empty()) {
            return Err(self.other_input());
        }
        if !self.known.is_empty() {
            let count = self.known.len();
            (self.on_warning)(&format!("the journal contains {count} records that are not in the input"));
        }
        Ok(())
    }

    fn copies(&self, record: &Record) -> u64 {
        // A run without `dedupe` needs no hash of the input.
        if !self.settings.dedupe {
            return 0;
        }
        match self.first.get(&input_key(record)) {
            Some(First::Waiting(records)) => records.len() as u64,
            _ => 0,
        }
    }

    fn finish(&mut self, record: &Record, entry: &Entry<'_>, location: Option<Location>) {
        if let (true, Some(location)) = (self.settings.dedupe, location)
            && let Some(First::Waiting(copies)) =
                self.first.insert(input_key(record), First::Finished(location))
        {
            for copy in copies {
                self.deliver(&copy, output(entry));
            }
        }
        self.deliver(record, output(entry));
    }
}

/// Returns the hash of the input of a record.
fn input_key(record: &Record) -> Key {
    Key::new(&[&record.input])
}

fn output(entry: &Entry<'_>) -> Result<Box<RawValue>, RecordFailure> {
    match (entry.model_output, entry.error) {
        (Some(output), _) => Ok(output.to_owned()),
        (None, error) => Err(error
            .and_then(|error| serde_json::from_str(error.get()).ok())
            .unwrap_or_else(RecordFailure::ambiguous)),
    }
}
