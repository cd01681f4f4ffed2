//! Sends a call to the targets, one after the other.

use std::sync::Arc;

use invoke_model_protocol::Operation;
use invoke_model_transport::Deadline;
use tokio::time::Instant;

use super::breaker::Permit;
use super::delivery::{BeginError, FailoverDelivery};
use super::report::Report;
use super::target::{FailedTargets, FailoverTarget, OtherTarget, OtherTargetReason};
use super::{Entry, Failover, FailoverOutput, Inner};
use crate::call::Call;
use crate::error::{Error, ErrorKind};
use crate::metadata::Metadata;

impl Failover {
    /// Sends the calls that `build` returns, until a call succeeds, or fails and must not move to another target.
    pub(crate) async fn run<O, D>(
        &self,
        mut build: impl FnMut(&FailoverTarget) -> Call<O>,
    ) -> Result<FailoverOutput<D::Output>, Error>
    where
        O: Operation,
        D: FailoverDelivery<O>,
    {
        let mut progress = Progress { failover: &self.0, deadline: None, next: 0, others: Vec::new() };
        let (mut entry, mut permit) = progress.first();
        loop {
            let mut call = build(&entry.target);
            // The operation timeout of the first call covers the calls to all targets.
            let deadline = *progress.deadline.get_or_insert_with(|| call.deadline());
            let rules = Some(self.0.rules).filter(|_| progress.has_next());
            call.prepare_for_target(deadline, rules, entry.target.model_id.as_deref());
            match Box::pin(send::<O, D>(call)).await {
                Ok((output, metadata)) => {
                    D::report(&output, Report::new(permit, self.0.rules, entry));
                    let (target, other_targets) = (entry.target.name.clone(), progress.others);
                    return Ok(FailoverOutput { output, metadata, target, other_targets });
                }
                Err(error) => (entry, permit) = progress.move_on(entry, permit, error)?,
            }
        }
    }
}

/// Sends the call to one target, and waits for the beginning of its output.
async fn send<O, D>(call: Call<O>) -> Result<(D::Output, Metadata), Error>
where
    O: Operation,
    D: FailoverDelivery<O>,
{
    let (output, context) = call.deliver::<D>().await?;
    match D::begin(output).await {
        Ok(output) => Ok((output, context.into_metadata())),
        Err(BeginError::Stream(error)) => Err(error),
        Err(BeginError::Body(error)) => Err(context.into_error(ErrorKind::Transport(error))),
    }
}

/// The progress of a call in the list of targets.
struct Progress<'a> {
    failover: &'a Inner,
    /// The deadline of the calls to all targets. It is `None` before the first call.
    deadline: Option<Option<Deadline>>,
    /// The index of the next target.
    next: usize,
    /// The targets before `next` that failed or were skipped, in the order of the list.
    others: Vec<OtherTarget>,
}

impl<'a> Progress<'a> {
    /// Returns the first target whose circuit breaker admits the call. If no breaker does, returns the target
    /// whose breaker will be half-open first. Otherwise, a failover could fail a call that a client without a
    /// failover would have sent.
    fn first(&mut self) -> (&'a Entry, Permit) {
        if let Some(admitted) = self.next() {
            return admitted;
        }
        let (entries, now) = (&self.failover.entries, Instant::now());
        let opening = |entry: &Entry| entry.breaker.remaining(now);
        let index = (0..entries.len()).min_by_key(|index| opening(&entries[*index]));
        // The builder rejects an empty list.
        let index = index.unwrap_or_default();
        self.others.remove(index);
        let entry = &entries[index];
        (entry, entry.breaker.force())
    }

    /// Returns the next target whose circuit breaker admits the call.
    fn next(&mut self) -> Option<(&'a Entry, Permit)> {
        while let Some(entry) = self.failover.entries.get(self.next) {
            self.next += 1;
            let now = Instant::now();
            if let Some(permit) = entry.breaker.acquire(now) {
                return Some((entry, permit));
            }
            let (state, last_failure) = (entry.breaker.circuit_state(now), entry.breaker.last_failure());
            let reason = OtherTargetReason::Skipped { state, last_failure };
            self.others.push(OtherTarget { name: entry.target.name.clone(), reason });
        }
        None
    }

    /// Returns `true` if the circuit breaker of a later target admits calls.
    fn has_next(&self) -> bool {
        let now = Instant::now();
        self.failover.entries[self.next..].iter().any(|entry| entry.breaker.admits(now))
    }

    /// Reports the error of a call, and returns the next target.
    ///
    /// # Errors
    /// Returns the error if the call must not move to another target, or if no target is left.
    fn move_on(&mut self, entry: &Entry, permit: Permit, error: Error) -> Result<(&'a Entry, Permit), Error> {
        let (name, rules) = (&entry.target.name, self.failover.rules);
        Report::new(permit, rules, entry).result(Err(Some(&error)));
        let has_time = self.deadline.flatten().is_none_or(|deadline| !deadline.remaining().is_zero());
        let position = self.others.len();
        let next = if has_time && rules.moves_on_after(&error) { self.next() } else { None };
        let Some(next) = next else {
            let targets = FailedTargets { target: name.clone(), others: std::mem::take(&mut self.others) };
            return Err(error.with_targets(targets));
        };
        let next_name = next.0.target.name.as_str();
        tracing::info!(from = name.as_str(), to = next_name, %error, "the call moves to another target");
        let reason = OtherTargetReason::Failed(Arc::new(error));
        self.others.insert(position, OtherTarget { name: name.clone(), reason });
        Ok(next)
    }
}
