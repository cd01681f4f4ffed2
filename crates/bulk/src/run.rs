//! Sends the records.

use std::collections::VecDeque;
use std::error::Error as StdError;
use std::future::{Future, ready};
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use futures_util::stream::{FuturesUnordered, StreamExt};
use http::request;
use invoke_model_client::{
    Attempt, Client, Error, ErrorKind, FailureClass, Intercept, InterceptorContext, InterceptorFuture,
    Metadata, QuotaError,
};
use serde_json::json;
use serde_json::value::RawValue;
use tokio::sync::mpsc;
use tokio::time::{Instant, sleep, sleep_until};

use crate::bulk::{Bulk, BulkOperation};
use crate::error::BulkError;
use crate::input::Input;
use crate::journal::{Entry, Journal};
use crate::output::{NO_RESPONSE, RecordFailure};
use crate::plan::Status;
use crate::record::{Key, Record};

/// The reason why a run ended.
#[derive(Debug)]
#[non_exhaustive]
pub enum RunEnd {
    /// Every record has a result.
    Complete,
    /// The caller has stopped the run. The calls that were in flight have ended.
    Stopped,
    /// The budget of the quota limiter does not admit a further record.
    OverBudget(Error),
    /// The service throttled all calls for several minutes.
    Throttled(Error),
    /// A call failed because of a cause that would make all other calls fail too, such as missing credentials. The
    /// record of the call has no result.
    Failed(Error),
    /// The first calls of the run all failed.
    TooManyErrors(Error),
}

/// The longest pause after a throttled call, as a multiple of the first pause.
const MAX_PAUSE_FACTOR: u32 = 64;

/// The run ends after this number of pauses without a successful call between them.
const MAX_PAUSES: u32 = 12;

/// The run ends if this number of calls failed before the first call has succeeded.
const MAX_FIRST_ERRORS: u64 = 100;

/// A call that has ended.
struct Ended {
    record: Record,
    duration: Duration,
    result: Result<(Box<RawValue>, Metadata), Error>,
}

/// The state of a run.
struct Run<'a> {
    bulk: &'a mut Bulk,
    /// Records that must be sent again.
    returned: VecDeque<Record>,
    end: Option<RunEnd>,
    /// No call starts before this time.
    paused_until: Option<Instant>,
    pauses: u32,
    /// No call starts before another call has ended, because the budget is reserved.
    waits_for_call: bool,
    successes: u64,
    errors: u64,
}

pub(crate) async fn run(
    bulk: &mut Bulk,
    client: &Client,
    stop: impl Future<Output = ()>,
) -> Result<RunEnd, BulkError> {
    let mut records = read_records(bulk);
    let mut run = Run {
        bulk,
        returned: VecDeque::new(),
        end: None,
        paused_until: None,
        pauses: 0,
        waits_for_call: false,
        successes: 0,
        errors: 0,
    };
    let mut stop = pin!(stop);
    let mut calls = FuturesUnordered::new();
    let mut is_at_end = false;
    loop {
        let can_start = run.end.is_none() && calls.len() < run.bulk.max_concurrency && !run.waits_for_call;
        let pause = run.paused_until.filter(|_| can_start);
        let can_start = can_start && pause.is_none();
        if can_start && let Some(record) = run.returned.pop_front() {
            calls.push(call(run.bulk, client, record));
            continue;
        }
        let is_done = run.end.is_some() || (is_at_end && run.returned.is_empty());
        if calls.is_empty() && is_done {
            break;
        }
        tokio::select! {
            biased;
            () = &mut stop, if run.end.is_none() => run.end = Some(RunEnd::Stopped),
            Some(ended) = calls.next(), if !calls.is_empty() => {
                run.waits_for_call = false;
                run.ended(ended, calls.is_empty()).await?;
            }
            () = sleep_until(pause.unwrap_or_else(Instant::now)), if pause.is_some() => run.paused_until = None,
            record = records.recv(), if can_start && !is_at_end => match record {
                Some(record) => calls.push(call(run.bulk, client, record?)),
                None => is_at_end = true,
            },
        }
    }
    let end = run.end.unwrap_or(RunEnd::Complete);
    bulk.journal.sync().map_err(|error| BulkError::io(bulk.journal.path(), error))?;
    Ok(end)
}

/// Reads the records without a result in a thread, because reading a file blocks.
fn read_records(bulk: &Bulk) -> mpsc::Receiver<Result<Record, BulkError>> {
    let (sender, receiver) = mpsc::channel(bulk.max_concurrency.min(64));
    let to_send: Vec<Option<Key>> = (0..bulk.plan.len()).map(|index| bulk.plan.to_send(index)).collect();
    let input = bulk.input.clone();
    tokio::task::spawn_blocking(move || {
        if let Err(error) = send_records(&input, &to_send, &sender) {
            // If the run has ended, nobody needs the error.
            let _ = sender.blocking_send(Err(error));
        }
    });
    receiver
}

fn send_records(
    input: &Input,
    to_send: &[Option<Key>],
    sender: &mpsc::Sender<Result<Record, BulkError>>,
) -> Result<(), BulkError> {
    let mut lines = input.lines()?;
    for (index, key) in to_send.iter().enumerate() {
        let copy = |(id, input): (&str, &str)| (id.to_owned(), Bytes::copy_from_slice(input.as_bytes()));
        // A record that is not sent is not copied.
        let line = match key {
            Some(_) => lines.next(|result| result.map(copy))?,
            None => lines.next(|result| result.map(|_| Default::default()))?,
        };
        let Some(line) = line else {
            return Err(BulkError::InputChanged { path: input.path.clone(), line: index as u64 + 1 });
        };
        let Some(key) = *key else { continue };
        if sender.blocking_send(Ok(input.record(index, key, &line)?)).is_err() {
            return Ok(());
        }
    }
    Ok(())
}

/// Sends a record.
fn call(bulk: &Bulk, client: &Client, record: Record) -> impl Future<Output = Ended> + use<> {
    let (client, model_id, operation) = (client.clone(), bulk.model_id.clone(), bulk.operation);
    let marker = Marker {
        journal: bulk.journal.clone(),
        key: record.key.to_string(),
        is_started: AtomicBool::new(false),
    };
    let progress = bulk.progress();
    progress.update(|counts| counts.in_flight += 1);
    async move {
        let start = Instant::now();
        let input = record.input.clone();
        let result = match operation {
            BulkOperation::InvokeModel => {
                let call = client.invoke_model().model_id(model_id).body(input).interceptor(marker);
                call.send_with_metadata()
                    .await
                    .map(|(output, metadata)| (output_json(&output.body), metadata))
                    .map_err(Error::from)
            }
            BulkOperation::Converse => converse(&client, &model_id, &input, marker).await,
        };
        Ended { record, duration: start.elapsed(), result }
    }
}

async fn converse(
    client: &Client,
    model_id: &str,
    input: &[u8],
    marker: Marker,
) -> Result<(Box<RawValue>, Metadata), Error> {
    // The input begins with `{`, because only such records are valid.
    let separator = if input[1..].trim_ascii_start().starts_with(b"}") { "" } else { "," };
    let mut text = format!("{{\"modelId\":{}{separator}", json!(model_id)).into_bytes();
    text.extend_from_slice(&input[1..]);
    let call = client.operation("Converse")?.json_text(text).interceptor(marker);
    let (output, metadata) = call.send_with_metadata().await?;
    Ok((serde_json::value::to_raw_value(&output).expect("JSON can be serialized"), metadata))
}

/// Returns the body of a response as one line of JSON. Returns a body that is not JSON as an object with base64 text,
/// because the response was billed.
fn output_json(body: &[u8]) -> Box<RawValue> {
    // A line end between two values becomes a space. JSON allows no line end within a value.
    let one_line = |text: String| text.replace(['\n', '\r'], " ");
    let json =
        String::from_utf8(body.to_vec()).ok().map(one_line).and_then(|text| RawValue::from_string(text).ok());
    json.unwrap_or_else(|| {
        let value = json!({ "base64": STANDARD.encode(body) });
        serde_json::value::to_raw_value(&value).expect("strings can be serialized")
    })
}

impl Run<'_> {
    async fn ended(&mut self, ended: Ended, is_last: bool) -> Result<(), BulkError> {
        let Ended { record, duration, result } = ended;
        let progress = self.bulk.progress();
        let attempts = match &result {
            Ok((_, metadata)) => metadata.attempts,
            Err(error) => error.attempts(),
        };
        progress.update(|counts| {
            counts.in_flight -= 1;
            counts.calls += 1;
            counts.retries += u64::from(attempts.saturating_sub(1));
        });
        let error = match result {
            Ok((output, metadata)) => {
                (self.pauses, self.paused_until) = (0, None);
                self.successes += 1;
                progress.add_duration(duration);
                let usage = Some(metadata.usage);
                let entry = Entry { usage, model_output: Some(&output), ..Entry::default() };
                return self.finish(&record, entry).await;
            }
            Err(error) => error,
        };
        match Outcome::of(&error) {
            Outcome::RecordFailed => return self.fail(&record, error).await,
            Outcome::EndRun => self.stop(RunEnd::Failed(error)),
            Outcome::SendAgain => self.returned.push_front(record),
            Outcome::Throttled => {
                progress.update(|counts| counts.throttled += 1);
                self.returned.push_front(record);
                self.pause(error);
            }
            Outcome::OverBudget => {
                self.returned.push_front(record);
                // The calls in flight can use fewer tokens than they have reserved.
                match is_last {
                    true => self.stop(RunEnd::OverBudget(error)),
                    false => self.waits_for_call = true,
                }
            }
        }
        Ok(())
    }

    /// Sets the reason for the end of the run. The first reason counts.
    fn stop(&mut self, end: RunEnd) {
        self.end.get_or_insert(end);
    }

    /// Starts no call for a while, or ends the run if pauses do not help.
    fn pause(&mut self, error: Error) {
        if self.paused_until.is_some() {
            return;
        }
        if self.pauses == MAX_PAUSES {
            return self.stop(RunEnd::Throttled(error));
        }
        let factor = 2_u32.saturating_pow(self.pauses).min(MAX_PAUSE_FACTOR);
        self.paused_until = Some(Instant::now() + self.bulk.throttle_pause * factor);
        self.pauses += 1;
    }

    /// Writes the error of a record to the journal.
    async fn fail(&mut self, record: &Record, error: Error) -> Result<(), BulkError> {
        let message = error.to_string();
        let error_code = error.status().map_or(NO_RESPONSE, |status| status.as_u16());
        let failure = RecordFailure { error_code, error_message: &message }.to_json();
        let copies = 1 + self.bulk.plan.copies(record.index);
        self.bulk.progress().add_error(error.code().unwrap_or_else(|| error.class().as_str()), copies);
        let entry = Entry { class: Some(error.class()), error: Some(&failure), ..Entry::default() };
        self.finish(record, entry).await?;
        self.errors += 1;
        if self.successes == 0 && self.errors == MAX_FIRST_ERRORS {
            self.stop(RunEnd::TooManyErrors(error));
        }
        Ok(())
    }

    /// Writes the result of a record to the journal. If this fails, for example because the disk is full, tries again
    /// each second, because the result may have been billed.
    async fn finish(&mut self, record: &Record, entry: Entry<'_>) -> Result<(), BulkError> {
        let (key, usage) = (record.key.to_string(), entry.usage);
        let is_success = entry.error.is_none();
        let entry = Entry { finished: Some(key.into()), record_id: Some(record.id.as_str().into()), ..entry };
        let mut last = None;
        let location = loop {
            match self.bulk.journal.append(&entry) {
                Ok(location) => break location,
                Err(error) => {
                    let text = error.to_string();
                    if last.as_ref() != Some(&text) {
                        (self.bulk.on_warning)(&format!(
                            "{}: {text}: {} results wait in memory; free space, and the run continues",
                            self.bulk.journal.path().display(),
                            self.bulk.progress().counts().in_flight + 1,
                        ));
                        last = Some(text);
                    }
                    sleep(Duration::from_secs(1)).await;
                }
            }
        };
        let copies = self.bulk.plan.copies(record.index);
        let progress = self.bulk.progress();
        progress.add_tokens(&usage.unwrap_or_default());
        let is_ambiguous = entry.class == Some(FailureClass::Ambiguous);
        let status = match is_success {
            true => Status::Succeeded(location),
            false => Status::Failed { location, is_ambiguous },
        };
        progress.update(|counts| {
            counts.ambiguous += if is_ambiguous { 1 + copies } else { 0 };
            let count = if is_success { &mut counts.succeeded } else { &mut counts.failed };
            *count += 1 + copies;
            counts.duplicates += copies;
        });
        self.bulk.plan.set(record.index, status);
        Ok(())
    }
}

/// The consequence of a failed call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Outcome {
    /// The error is the result of the record.
    RecordFailed,
    /// The quota limiter did not admit the request in time.
    SendAgain,
    /// The service throttled the request.
    Throttled,
    /// The budget does not admit the request.
    OverBudget,
    /// The cause of the failure is not the record.
    EndRun,
}

impl Outcome {
    fn of(error: &Error) -> Self {
        if error.may_have_been_sent() && error.class() == FailureClass::Ambiguous {
            return Self::RecordFailed;
        }
        match error.kind() {
            ErrorKind::Quota(QuotaError::OverBudget { .. }) => Self::OverBudget,
            ErrorKind::Quota(QuotaError::TimedOut { .. }) => Self::SendAgain,
            ErrorKind::Quota(QuotaError::TooLarge { .. }) => Self::RecordFailed,
            ErrorKind::Quota(_)
            | ErrorKind::Credentials(_)
            | ErrorKind::Sign(_)
            | ErrorKind::Interceptor(_)
            | ErrorKind::Header(_) => Self::EndRun,
            ErrorKind::Transport(_) if error.class() == FailureClass::NotSent => Self::EndRun,
            _ if error.is_throttled() => Self::Throttled,
            _ if error.is_access_denied() => Self::EndRun,
            _ => Self::RecordFailed,
        }
    }
}

/// Writes to the journal that a request is about to be sent.
struct Marker {
    journal: Arc<Journal>,
    key: String,
    is_started: AtomicBool,
}

impl Intercept for Marker {
    fn name(&self) -> &str {
        "bulk journal"
    }

    fn before_send<'a>(
        &'a self,
        _: &'a request::Parts,
        _: &'a mut InterceptorContext,
    ) -> InterceptorFuture<'a> {
        let entry = Entry { started: Some(self.key.as_str().into()), ..Entry::default() };
        let result = self.journal.append(&entry).map(|_| self.is_started.store(true, Ordering::Relaxed));
        Box::pin(ready(result.map_err(|error| Box::new(error) as Box<dyn StdError + Send + Sync>)))
    }

    fn after_attempt(&self, attempt: &Attempt, _: &mut InterceptorContext) {
        let is_returned = matches!(attempt.class, Some(FailureClass::NotSent | FailureClass::Rejected));
        if is_returned && self.is_started.swap(false, Ordering::Relaxed) {
            let entry = Entry { returned: Some(self.key.as_str().into()), ..Entry::default() };
            // Without this line, the record counts as ambiguous if the process is killed now, which is safe.
            let _ = self.journal.append(&entry);
        }
    }
}
