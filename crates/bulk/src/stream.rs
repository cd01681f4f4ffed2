//! A run without files: a stream of records is the input, and a stream of results is the output.

mod states;

use std::collections::{BTreeMap, HashMap};
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
use crate::journal::Journal;
use crate::output::{RecordFailure, text};
use crate::plan::Status;
use crate::progress::Progress;
use crate::record::{Ids, Key, Record, RecordError, id_of_invalid, made_id, parse_line};
use crate::run::{Context, RunEnd, run};
use states::States;

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
    let window = context.max_concurrency.saturating_mul(2 * batch).min(Semaphore::MAX_PERMITS);
    let capacity = Arc::new(Semaphore::new(window));
    let (records, input) = mpsc::channel(window);
    let (results, output) = mpsc::unbounded_channel();
    let sender = RecordSender {
        identity,
        ids: Ids::default(),
        skip_invalid: settings.skip_invalid,
        next: 0,
        lines: 0,
        capacity: capacity.clone(),
        records,
        results: results.downgrade(),
        progress: context.progress.clone(),
    };
    let receiver =
        ResultReceiver { results: output, waiting: BTreeMap::new(), next: 0, capacity: capacity.clone() };
    let states = States::new(settings, &context, known, results, capacity);
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
    capacity: Arc<Semaphore>,
    records: mpsc::Sender<Result<Record, BulkError>>,
    /// The channel closes when the run ends.
    results: mpsc::WeakUnboundedSender<BulkResult>,
    progress: Progress,
}

impl RecordSender {
    /// Returns `true` if the run accepts a record now.
    pub fn has_capacity(&self) -> bool {
        !self.capacity.is_closed() && self.capacity.available_permits() > 0
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
        let permit = self.capacity.clone().acquire_owned().await.map_err(|_| SendError::Ended)?;
        self.accept(line, permit)
    }

    /// Sends a record, as [`send_line`](Self::send_line) does.
    ///
    /// # Errors
    /// In addition, returns an error if the run has enough records.
    pub fn try_send_line(&mut self, line: &[u8]) -> Result<bool, SendError> {
        let permit = self.capacity.clone().try_acquire_owned().map_err(|error| match error {
            TryAcquireError::NoPermits => SendError::Full,
            TryAcquireError::Closed => SendError::Ended,
        })?;
        self.accept(line, permit)
    }

    /// Sends a record for which there is capacity.
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
                let record_id = id_of_invalid(line).unwrap_or_else(|| {
                    let made = made_id(index);
                    // No later record can have this id. If an earlier record has it, this record keeps it.
                    let _ = self.ids.add(&made);
                    made
                });
                let model_input = text(&String::from_utf8_lossy(line)).get().to_owned().into();
                let output = Err(RecordFailure::invalid(&error));
                // Sending fails only if the program has dropped the receiver.
                let _ = results.send(BulkResult { index, record_id, model_input, output });
                self.count(permit, |failed| *failed += 1);
                return Ok(true);
            }
            Err(error) => return Err(SendError::Invalid(error)),
        };
        // The channel has this capacity, too.
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

    /// Counts a record. Its place is free again when the program receives its result.
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
    capacity: Arc<Semaphore>,
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
            self.capacity.add_permits(1);
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
