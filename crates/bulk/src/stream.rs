//! A run without files: a stream of records is the input, and a stream of results is the output.

use std::collections::{BTreeMap, HashMap, VecDeque};
use std::fmt;
use std::fs;
use std::future::{Future, poll_fn};
use std::path::Path;
use std::sync::Arc;
use std::task::{self, Poll, ready};

use bytes::Bytes;
use invoke_model_client::Client;
use serde_json::value::RawValue;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, TryAcquireError, mpsc};

use crate::call::Group;
use crate::error::BulkError;
use crate::input::{Identity, trim};
use crate::journal::{Entry, Journal, Location};
use crate::output::{RecordFailure, text};
use crate::plan::Status;
use crate::progress::Progress;
use crate::record::{Ids, Key, Record, RecordError, id_of_invalid, made_id, parse_line};
use crate::run::{Context, Records, RunEnd, run};

/// The settings of a stream that are not part of the context.
#[derive(Clone, Copy, Debug)]
pub(crate) struct StreamSettings {
    pub(crate) skip_invalid: bool,
    pub(crate) retry_errors: bool,
    pub(crate) retry_ambiguous: bool,
    pub(crate) dedupe: bool,
}

/// The result of a record.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct BulkResult {
    /// The number of the record. The first record has the number 0. Blank lines do not count.
    pub index: usize,
    /// The id of the record.
    pub record_id: String,
    /// The input of the record, or for an invalid record its line as a JSON string.
    pub model_input: Bytes,
    /// The output of the model as JSON, or the error of the record.
    pub output: Result<Box<RawValue>, RecordFailure>,
}

/// The error of a record that was not accepted.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SendError {
    /// The record is invalid, and [`BulkBuilder::skip_invalid`](crate::BulkBuilder::skip_invalid) is not set.
    #[error(transparent)]
    Invalid(RecordError),

    /// The run has enough records. More are accepted after the program has received results.
    #[error("the run has enough records: receive results first")]
    Full,

    /// The run has ended.
    #[error("the run has ended")]
    Ended,
}

/// Opens a stream.
pub(crate) fn open(
    settings: StreamSettings,
    mut context: Context,
    journal: Option<&Path>,
) -> Result<(BulkStream, RecordSender, ResultReceiver), BulkError> {
    let identity = Identity { model_id: context.model_id.clone(), operation: context.operation.as_str() };
    let mut known = HashMap::new();
    if let Some(path) = journal {
        if let Some(folder) = path.parent().filter(|folder| !folder.as_os_str().is_empty()) {
            fs::create_dir_all(folder).map_err(|error| BulkError::io(folder, error))?;
        }
        let journal = Journal::open(path, &identity, |entry, location| {
            if let Some(usage) = &entry.usage {
                context.progress.add_tokens(usage);
            }
            if let Some(key) = entry.key().and_then(Key::from_hex) {
                known.insert(key, Status::of(entry, location));
            }
        })?;
        context.journal = Some(Arc::new(journal));
    } else if settings.dedupe {
        return Err(BulkError::DedupeWithoutJournal);
    }
    let batch = Group::max_records(&context.model_id, context.operation);
    // Twice as many records as the calls can have, so that a slow call does not stop all others.
    let window = 2 * context.max_concurrency * batch;
    let room = Arc::new(Semaphore::new(window));
    let (records, input) = mpsc::channel(window);
    let (results, output) = mpsc::unbounded_channel();
    let sender = RecordSender {
        identity,
        ids: Ids::default(),
        skip_invalid: settings.skip_invalid,
        next: 0,
        lines: 0,
        room: room.clone(),
        records,
        results: results.downgrade(),
        progress: context.progress.clone(),
    };
    let receiver = ResultReceiver { results: output, waiting: BTreeMap::new(), next: 0, room: room.clone() };
    let states = States {
        held: (!known.is_empty()).then(Vec::new),
        max_held: context.max_concurrency,
        journal: context.journal.clone(),
        known,
        settings,
        first: HashMap::new(),
        results,
        progress: context.progress.clone(),
        room,
        on_warning: context.on_warning.clone(),
    };
    Ok((BulkStream { context, states, input }, sender, receiver))
}

/// A bulk run whose input is a stream of records. [`BulkBuilder::open_stream`](crate::BulkBuilder::open_stream) opens it.
///
/// ```no_run
/// use invoke_model_bulk::Bulk;
/// use invoke_model_client::{Client, ConfigBuilder};
///
/// # async fn run() -> Result<(), Box<dyn std::error::Error>> {
/// let client = Client::new(ConfigBuilder::from_env())?;
/// let (stream, mut records, mut results) = Bulk::builder("amazon.titan-embed-text-v2:0").open_stream(None)?;
/// let run = tokio::spawn(async move { stream.run(&client, std::future::pending()).await });
/// tokio::spawn(async move {
///     for number in 0..1000 {
///         records.send_line(format!(r#"{{"modelInput":{{"inputText":"text {number}"}}}}"#).as_bytes()).await?;
///     }
///     Ok::<_, invoke_model_bulk::SendError>(())
/// });
/// while let Some(result) = results.recv().await {
///     println!("{}: {:?}", result.record_id, result.output);
/// }
/// println!("{:?}", run.await??);
/// # Ok(())
/// # }
/// ```
#[must_use = "the records are sent by `run`"]
pub struct BulkStream {
    context: Context,
    states: States,
    input: mpsc::Receiver<Result<Record, BulkError>>,
}

impl BulkStream {
    /// Returns the progress. Its counts change while [`run`](Self::run) is active. The number of records grows with the
    /// input.
    pub fn progress(&self) -> Progress {
        self.context.progress.clone()
    }

    /// Sends the records, until the [`RecordSender`] is dropped or `stop` ends. The results of the calls in flight still
    /// arrive at the [`ResultReceiver`].
    ///
    /// If the future of this function is dropped, the calls in flight are cancelled. Their records are ambiguous.
    ///
    /// # Errors
    /// Returns an error if the journal cannot be read or written, or if it does not belong to the records.
    pub async fn run(mut self, client: &Client, stop: impl Future<Output = ()>) -> Result<RunEnd, BulkError> {
        run(&self.context, &mut self.states, &mut self.input, client, stop).await
    }
}

impl fmt::Debug for BulkStream {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("BulkStream").field("model_id", &self.context.model_id).finish_non_exhaustive()
    }
}

/// Sends records to a [`BulkStream`]. The input ends when the sender is dropped.
#[derive(Debug)]
pub struct RecordSender {
    identity: Identity,
    ids: Ids,
    skip_invalid: bool,
    /// The number of the next record.
    next: usize,
    /// The number of lines, including blank lines.
    lines: u64,
    room: Arc<Semaphore>,
    records: mpsc::Sender<Result<Record, BulkError>>,
    /// The channel closes when the run ends.
    results: mpsc::WeakUnboundedSender<BulkResult>,
    progress: Progress,
}

impl RecordSender {
    /// Returns `true` if the run accepts a record now.
    pub fn has_room(&self) -> bool {
        !self.room.is_closed() && self.room.available_permits() > 0
    }

    /// Sends a record: a JSON object with the members `recordId`, which is optional, and `modelInput`. Returns `false` for
    /// a blank line, which is ignored.
    ///
    /// Waits while the run has enough records: twice as many as its calls can have, including the results that the
    /// program has not received yet.
    ///
    /// # Errors
    /// Returns an error if the record is invalid, unless [`skip_invalid`](crate::BulkBuilder::skip_invalid) is set, or if
    /// the run has ended. In both cases, the record was not accepted.
    pub async fn send_line(&mut self, line: &[u8]) -> Result<bool, SendError> {
        let permit = self.room.clone().acquire_owned().await.map_err(|_| SendError::Ended)?;
        self.accept(line, permit)
    }

    /// Sends a record, as [`send_line`](Self::send_line) does.
    ///
    /// # Errors
    /// In addition, returns an error if the run has enough records.
    pub fn try_send_line(&mut self, line: &[u8]) -> Result<bool, SendError> {
        let permit = self.room.clone().try_acquire_owned().map_err(|error| match error {
            TryAcquireError::NoPermits => SendError::Full,
            TryAcquireError::Closed => SendError::Ended,
        })?;
        self.accept(line, permit)
    }

    /// Sends a record that has room.
    fn accept(&mut self, line: &[u8], permit: OwnedSemaphorePermit) -> Result<bool, SendError> {
        let results = self.results.upgrade().ok_or(SendError::Ended)?;
        self.lines += 1;
        let line = trim(line, self.lines == 1);
        if line.is_empty() {
            return Ok(false);
        }
        let index = self.next;
        let record = match self.record(index, line) {
            Ok(record) => record,
            Err(error) if self.skip_invalid => {
                let record_id = id_of_invalid(line).unwrap_or_else(|| made_id(index));
                let model_input = text(&String::from_utf8_lossy(line)).get().to_owned().into();
                let output = Err(RecordFailure::invalid(&error));
                // The receiver may be dropped, because nobody needs the results.
                let _ = results.send(BulkResult { index, record_id, model_input, output });
                self.count(permit, |failed| *failed += 1);
                return Ok(true);
            }
            Err(error) => return Err(SendError::Invalid(error)),
        };
        // The channel has as many places as there is room.
        self.records.try_send(Ok(record)).map_err(|_| SendError::Ended)?;
        self.count(permit, |_| ());
        Ok(true)
    }

    fn record(&mut self, index: usize, line: &[u8]) -> Result<Record, RecordError> {
        let (id, input) = parse_line(line)?;
        let id = id.map_or_else(|| made_id(index), Into::into);
        self.ids.add(&id)?;
        let input = Bytes::copy_from_slice(input.get().as_bytes());
        let key = self.identity.key(&id, &input);
        Ok(Record { index, id, input, key, is_alone: false })
    }

    /// Counts a record. Its room is free again when the program receives its result.
    fn count(&mut self, permit: OwnedSemaphorePermit, change_failed: impl FnOnce(&mut u64)) {
        permit.forget();
        self.next += 1;
        self.progress.update(|counts| {
            counts.records += 1;
            change_failed(&mut counts.failed);
        });
    }
}

/// Receives the results of a [`BulkStream`], in the order of its records.
#[derive(Debug)]
pub struct ResultReceiver {
    results: mpsc::UnboundedReceiver<BulkResult>,
    /// The results that wait for the result of an earlier record.
    waiting: BTreeMap<usize, BulkResult>,
    next: usize,
    room: Arc<Semaphore>,
}

impl ResultReceiver {
    /// Waits for the next result. Returns `None` after the end of the run. If the run ends early, records without a result
    /// are left out.
    ///
    /// If the future of this function is dropped, no result is lost.
    pub async fn recv(&mut self) -> Option<BulkResult> {
        poll_fn(|cx| self.poll_recv(cx)).await
    }

    /// Polls for the next result, as [`recv`](Self::recv) does.
    pub fn poll_recv(&mut self, cx: &mut task::Context<'_>) -> Poll<Option<BulkResult>> {
        ready!(self.poll_ready(cx));
        let found = match self.waiting.remove(&self.next) {
            Some(result) => Some(result),
            None => self.waiting.pop_first().map(|(_, result)| result),
        };
        if let Some(result) = &found {
            self.next = result.index + 1;
            self.room.add_permits(1);
        }
        Poll::Ready(found)
    }

    /// Waits until [`poll_recv`](Self::poll_recv) is ready, and takes no result.
    pub fn poll_ready(&mut self, cx: &mut task::Context<'_>) -> Poll<()> {
        while !self.waiting.contains_key(&self.next) {
            match ready!(self.results.poll_recv(cx)) {
                Some(result) => _ = self.waiting.insert(result.index, result),
                // The run has ended.
                None => break,
            }
        }
        Poll::Ready(())
    }
}

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
struct States {
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
    room: Arc<Semaphore>,
    on_warning: Arc<dyn Fn(&str) + Send + Sync>,
}

impl Drop for States {
    /// Ends the wait of the sender.
    fn drop(&mut self) {
        self.room.close();
    }
}

impl States {
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
        // The receiver may be dropped, because nobody needs the results.
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

    fn end(&mut self, _: &mut VecDeque<Record>) -> Result<(), BulkError> {
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
