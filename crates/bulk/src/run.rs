//! Sends the records.

use std::collections::VecDeque;
use std::future::Future;
use std::pin::pin;
use std::time::Duration;

use bytes::Bytes;
use futures_util::stream::{FuturesUnordered, StreamExt};
use invoke_model_client::{Client, Error, ErrorKind, FailureClass, QuotaError};
use tokio::sync::{mpsc, watch};
use tokio::time::{Instant, sleep, sleep_until};

use crate::bulk::Bulk;
use crate::call::{Ended, Group, call};
use crate::error::BulkError;
use crate::input::Input;
use crate::journal::Entry;
use crate::output::{NO_RESPONSE, RecordFailure};
use crate::plan::Status;
use crate::record::{Key, Record};

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

/// The longest pause after a throttled call, as a multiple of the first pause.
const MAX_PAUSE_FACTOR: u32 = 64;

/// The run ends after this number of pauses without a successful call between them.
const MAX_PAUSES: u32 = 12;

/// The run ends if this number of calls failed before the first call has succeeded.
const MAX_FIRST_ERRORS: u64 = 100;

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
    let (stopped, is_stopped) = watch::channel(false);
    let mut calls = FuturesUnordered::new();
    let mut is_at_end = false;
    loop {
        let can_start = run.end.is_none() && calls.len() < run.bulk.max_concurrency && !run.waits_for_call;
        let pause = run.paused_until.filter(|_| can_start);
        let can_start = can_start && pause.is_none();
        if can_start && let Some(group) = run.next_group(&mut records)? {
            calls.push(call(run.bulk, client, group, is_stopped.clone()));
            continue;
        }
        if run.end.is_some() {
            stopped.send_replace(true);
        }
        let is_done = run.end.is_some() || (is_at_end && run.returned.is_empty());
        if calls.is_empty() && is_done {
            break;
        }
        tokio::select! {
            biased;
            () = &mut stop, if run.end.is_none() => run.stop(RunEnd::Stopped),
            Some(ended) = calls.next(), if !calls.is_empty() => {
                run.waits_for_call = false;
                run.ended(ended, calls.is_empty()).await?;
            }
            () = sleep_until(pause.unwrap_or_else(Instant::now)), if pause.is_some() => run.paused_until = None,
            record = records.recv(), if can_start && !is_at_end => match record {
                Some(record) => run.returned.push_back(record?),
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
            return Err(input.changed(index as u64 + 1));
        };
        let Some(key) = *key else { continue };
        if sender.blocking_send(Ok(input.record(index, key, &line)?)).is_err() {
            return Ok(());
        }
    }
    Ok(())
}

impl Run<'_> {
    /// Takes the next record, and the records that can share its request.
    fn next_group(
        &mut self,
        records: &mut mpsc::Receiver<Result<Record, BulkError>>,
    ) -> Result<Option<Group>, BulkError> {
        let Some(first) = self.returned.pop_front() else { return Ok(None) };
        let mut group = Group::new(&self.bulk.model_id, first);
        while group.can_grow() {
            let next = match self.returned.pop_front() {
                Some(next) => next,
                None => match records.try_recv() {
                    Ok(next) => next?,
                    Err(_) => break,
                },
            };
            if let Err(next) = group.add(next) {
                self.returned.push_front(next);
                break;
            }
        }
        Ok(Some(group))
    }

    /// Returns records to the queue. They are sent before all others.
    fn send_again(&mut self, records: Vec<Record>) {
        for record in records.into_iter().rev() {
            self.returned.push_front(record);
        }
    }

    async fn ended(&mut self, ended: Ended, is_last: bool) -> Result<(), BulkError> {
        let Ended { mut records, duration, result } = ended;
        let progress = self.bulk.progress();
        let Some(result) = result else {
            progress.update(|counts| counts.in_flight -= 1);
            return Ok(());
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
                    self.finish(record, entry).await?;
                }
                return Ok(());
            }
            Err(error) => error,
        };
        match Outcome::of(&error) {
            // One record may be the cause.
            Outcome::RecordFailed if records.len() > 1 && error.class() == FailureClass::Rejected => {
                records.iter_mut().for_each(|record| record.is_alone = true);
                self.send_again(records);
            }
            Outcome::RecordFailed => return self.fail(&records, error).await,
            Outcome::EndRun => self.stop(RunEnd::Failed(error)),
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

    /// Writes the error of a request to the journal, for each of its records.
    async fn fail(&mut self, records: &[Record], error: Error) -> Result<(), BulkError> {
        let message = error.to_string();
        let error_code = error.status().map_or(NO_RESPONSE, |status| status.as_u16());
        let failure = RecordFailure { error_code, error_message: &message }.to_json();
        for record in records {
            let copies = 1 + self.bulk.plan.copies(record.index);
            self.bulk.progress().add_error(error.code().unwrap_or_else(|| error.class().as_str()), copies);
            let entry = Entry { class: Some(error.class()), error: Some(&failure), ..Entry::default() };
            self.finish(record, entry).await?;
        }
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
