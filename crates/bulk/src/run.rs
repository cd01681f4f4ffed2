//! Sends the records.

use std::collections::VecDeque;
use std::future::Future;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use futures_util::stream::{FuturesUnordered, StreamExt};
use invoke_model_client::{Client, Error, ErrorKind, FailureClass, QuotaError};
use tokio::sync::{mpsc, watch};
use tokio::time::{Instant, sleep, sleep_until};

use crate::bulk::BulkOperation;
use crate::call::{Ended, Group, call};
use crate::error::BulkError;
use crate::journal::{Entry, Journal, Location};
use crate::output::{NO_RESPONSE, RecordFailure};
use crate::progress::Progress;
use crate::record::Record;

/// The reason why a run ended.
#[derive(Debug)]
#[non_exhaustive]
pub enum RunEnd {
    /// Every record has a result.
    Complete,
    /// The caller has stopped the run. The calls that were in flight have ended. Calls that waited for the quota limiter
    /// were not sent.
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

impl RunEnd {
    /// Returns the reason in words.
    pub fn as_str(&self) -> &'static str {
        match self {
            Self::Complete => "complete",
            Self::Stopped => "stopped",
            Self::OverBudget(_) => "over budget",
            Self::Throttled(_) => "throttled",
            Self::Failed(_) => "failed",
            Self::TooManyErrors(_) => "the first calls all failed",
        }
    }
}

/// The longest pause after a throttled call, as a multiple of the first pause.
const MAX_PAUSE_FACTOR: u32 = 64;

/// The run ends after this number of pauses without a successful call between them.
const MAX_PAUSES: u32 = 12;

/// The run ends if this number of calls failed before the first call has succeeded.
const MAX_FIRST_ERRORS: u64 = 100;

/// The settings and the progress of a run.
pub(crate) struct Context {
    pub(crate) model_id: String,
    pub(crate) operation: BulkOperation,
    pub(crate) max_concurrency: usize,
    pub(crate) throttle_pause: Duration,
    pub(crate) on_warning: Arc<dyn Fn(&str) + Send + Sync>,
    pub(crate) error_text: Arc<dyn Fn(&Error) -> String + Send + Sync>,
    /// `None` if a run cannot be continued.
    pub(crate) journal: Option<Arc<Journal>>,
    pub(crate) progress: Progress,
}

/// The states of the records of a run.
pub(crate) trait Records: Send {
    /// Receives the next record of the input. Adds the records to `to_send` that must be sent now.
    ///
    /// # Errors
    /// Returns an error if the run cannot continue.
    fn add(&mut self, record: Record, to_send: &mut VecDeque<Record>) -> Result<(), BulkError>;

    /// Receives the end of the input.
    ///
    /// # Errors
    /// Returns an error if the run cannot continue.
    fn end(&mut self) -> Result<(), BulkError>;

    /// Returns the number of other records that have the result of this record.
    fn copies(&self, record: &Record) -> u64;

    /// Receives a result. `location` is its place in the journal.
    fn finish(&mut self, record: &Record, entry: &Entry<'_>, location: Option<Location>);
}

/// The state of a run.
struct Run<'a, R> {
    context: &'a Context,
    records: &'a mut R,
    /// Records that are sent before the further input, for example those that must be sent again.
    to_send: VecDeque<Record>,
    /// Once it is set, no call starts, but the calls in flight end. Their results may have been billed.
    end: Option<Result<RunEnd, BulkError>>,
    /// No call starts before this time.
    paused_until: Option<Instant>,
    pauses: u32,
    /// No call starts before another call has ended, because the budget is reserved.
    waits_for_call: bool,
    successes: u64,
    errors: u64,
}

/// Sends the records of `input`, until it ends or `stop` ends.
pub(crate) async fn run(
    context: &Context,
    records: &mut impl Records,
    input: &mut mpsc::Receiver<Result<Record, BulkError>>,
    client: &Client,
    stop: impl Future<Output = ()>,
) -> Result<RunEnd, BulkError> {
    let mut run = Run {
        context,
        records,
        to_send: VecDeque::new(),
        end: None,
        paused_until: None,
        pauses: 0,
        waits_for_call: false,
        successes: 0,
        errors: 0,
    };
    let mut stop = pin!(stop);
    let (stopped, is_stopped) = watch::channel(false);
    let mut calls = FuturesUnordered::new();
    let mut is_at_end = false;
    loop {
        let can_start = run.end.is_none() && calls.len() < context.max_concurrency && !run.waits_for_call;
        let pause = run.paused_until.filter(|_| can_start);
        let can_start = can_start && pause.is_none();
        if can_start && let Some(group) = run.next_group(input).transpose() {
            match group {
                Ok(group) => calls.push(call(context, client, group, is_stopped.clone())),
                Err(error) => run.stop(Err(error)),
            }
            continue;
        }
        if run.end.is_some() {
            stopped.send_replace(true);
        }
        let is_done = run.end.is_some() || (is_at_end && run.to_send.is_empty());
        if calls.is_empty() && is_done {
            break;
        }
        tokio::select! {
            biased;
            () = &mut stop, if run.end.is_none() => run.stop(Ok(RunEnd::Stopped)),
            Some(ended) = calls.next(), if !calls.is_empty() => {
                run.waits_for_call = false;
                run.ended(ended, calls.is_empty()).await;
            }
            () = sleep_until(pause.unwrap_or_else(Instant::now)), if pause.is_some() => run.paused_until = None,
            record = input.recv(), if can_start && !is_at_end => {
                is_at_end = record.is_none();
                if let Err(error) = run.received(record) {
                    run.stop(Err(error));
                }
            }
        }
    }
    let sync = |journal: &Arc<Journal>| journal.sync().map_err(|error| BulkError::io(journal.path(), error));
    let synced = context.journal.as_ref().map_or(Ok(()), sync);
    let end = run.end.unwrap_or(Ok(RunEnd::Complete))?;
    synced.map(|()| end)
}

impl<R: Records> Run<'_, R> {
    /// Receives the next record, or the end of the input.
    fn received(&mut self, record: Option<Result<Record, BulkError>>) -> Result<(), BulkError> {
        match record {
            Some(record) => self.records.add(record?, &mut self.to_send),
            None => self.records.end(),
        }
    }

    /// Takes the next record, and the records that can share its request.
    fn next_group(
        &mut self,
        input: &mut mpsc::Receiver<Result<Record, BulkError>>,
    ) -> Result<Option<Group>, BulkError> {
        let Some(first) = self.to_send.pop_front() else { return Ok(None) };
        let mut group = Group::new(&self.context.model_id, self.context.operation, first);
        while group.can_grow() {
            let Some(next) = self.to_send.pop_front() else {
                match input.try_recv() {
                    Ok(next) => self.records.add(next?, &mut self.to_send)?,
                    Err(_) => break,
                }
                continue;
            };
            if let Err(next) = group.add(next) {
                self.to_send.push_front(next);
                break;
            }
        }
        Ok(Some(group))
    }

    /// Returns records to the queue. They are sent before all others.
    fn send_again(&mut self, records: Vec<Record>) {
        for record in records.into_iter().rev() {
            self.to_send.push_front(record);
        }
    }

    async fn ended(&mut self, ended: Ended, is_last: bool) {
        let Ended { mut records, duration, result } = ended;
        let progress = &self.context.progress;
        let Some(result) = result else {
            progress.update(|counts| counts.in_flight -= 1);
            return;
        };
        // The quota limiter refuses a request before it is sent.
        let (calls, attempts) = match &result {
            Ok((_, metadata)) => (1, metadata.attempts),
            Err(error) => (u64::from(!matches!(error.kind(), ErrorKind::Quota(_))), error.attempts()),
        };
        progress.update(|counts| {
            counts.in_flight -= 1;
            counts.calls += calls;
            counts.retries += u64::from(attempts.saturating_sub(1));
        });
        let error = match result {
            Ok((outputs, metadata)) => {
                (self.pauses, self.paused_until) = (0, None);
                self.successes += 1;
                progress.add_duration(duration);
                let mut usage = Some(metadata.usage);
                for (record, output) in records.iter().zip(&outputs) {
                    // The service counts the tokens of the request.
                    let entry = Entry { usage: usage.take(), model_output: Some(output), ..Entry::default() };
                    self.finish(record, entry).await;
                }
                return;
            }
            Err(error) => error,
        };
        match Outcome::of(&error) {
            // One record may be the cause.
            Outcome::RecordFailed if records.len() > 1 && error.class() == FailureClass::Rejected => {
                records.iter_mut().for_each(|record| record.is_alone = true);
                self.send_again(records);
            }
            Outcome::RecordFailed => self.fail(&records, error).await,
            Outcome::EndRun => self.stop(Ok(RunEnd::Failed(error))),
            Outcome::SendAgain => self.send_again(records),
            Outcome::Throttled => {
                progress.update(|counts| counts.throttled += 1);
                self.send_again(records);
                self.pause(error);
            }
            Outcome::OverBudget => {
                self.send_again(records);
                // The calls in flight can use fewer tokens than they have reserved.
                match is_last {
                    true => self.stop(Ok(RunEnd::OverBudget(error))),
                    false => self.waits_for_call = true,
                }
            }
        }
    }

    /// Sets the reason for the end of the run. The first reason counts.
    fn stop(&mut self, end: Result<RunEnd, BulkError>) {
        self.end.get_or_insert(end);
    }

    /// Starts no call for a while, or ends the run if pauses do not help.
    fn pause(&mut self, error: Error) {
        if self.paused_until.is_some() {
            return;
        }
        if self.pauses == MAX_PAUSES {
            return self.stop(Ok(RunEnd::Throttled(error)));
        }
        let factor = 2_u32.saturating_pow(self.pauses).min(MAX_PAUSE_FACTOR);
        self.paused_until = Some(Instant::now() + self.context.throttle_pause * factor);
        self.pauses += 1;
    }

    /// Writes the error of a request to the journal, for each of its records.
    async fn fail(&mut self, records: &[Record], error: Error) {
        let error_code = error.status().map_or(NO_RESPONSE, |status| status.as_u16());
        let failure =
            RecordFailure { error_code, error_message: (self.context.error_text)(&error) }.to_json();
        for record in records {
            let copies = 1 + self.records.copies(record);
            let code = error.code().unwrap_or_else(|| error.class().as_str());
            self.context.progress.add_error(code, copies);
            let entry = Entry { class: Some(error.class()), error: Some(&failure), ..Entry::default() };
            self.finish(record, entry).await;
        }
        self.errors += 1;
        if self.successes == 0 && self.errors == MAX_FIRST_ERRORS {
            self.stop(Ok(RunEnd::TooManyErrors(error)));
        }
    }

    /// Adds the result of a record.
    async fn finish(&mut self, record: &Record, entry: Entry<'_>) {
        let key = record.key.to_string();
        let is_success = entry.error.is_none();
        let entry = Entry { finished: Some(key.into()), record_id: Some(record.id.as_str().into()), ..entry };
        let location = match &self.context.journal {
            Some(journal) => Some(self.write(journal, &entry).await),
            None => None,
        };
        let copies = self.records.copies(record);
        let is_ambiguous = entry.is_ambiguous();
        let progress = &self.context.progress;
        progress.add_tokens(&entry.usage.unwrap_or_default());
        progress.update(|counts| {
            counts.ambiguous += if is_ambiguous { 1 + copies } else { 0 };
            let count = if is_success { &mut counts.succeeded } else { &mut counts.failed };
            *count += 1 + copies;
            counts.duplicates += copies;
        });
        self.records.finish(record, &entry, location);
    }

    /// Writes an entry to the journal. If this fails, for example because the disk is full, tries again each second,
    /// because the result may have been billed.
    async fn write(&self, journal: &Journal, entry: &Entry<'_>) -> Location {
        let mut last = None;
        loop {
            let error = match journal.append(entry) {
                Ok(location) => return location,
                Err(error) => error.to_string(),
            };
            if last.as_ref() != Some(&error) {
                (self.context.on_warning)(&format!(
                    "{}: {error}: {} results wait in memory; free space, and the run continues",
                    journal.path().display(),
                    self.context.progress.counts().in_flight + 1,
                ));
                last = Some(error);
            }
            sleep(Duration::from_secs(1)).await;
        }
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
