//! Loaded credentials, and the background tasks that load them for all waiting calls.

use std::sync::Arc;
use std::thread;
use std::time::{Duration, SystemTime};

use invoke_model_signing::Credentials;
use tokio::runtime::{Handle, Id};
use tokio::sync::watch;
use tokio::task::AbortHandle;
use tokio::time::Instant;

use super::config::{CredentialsCacheConfig, backoff};
use crate::error::CredentialsError;
use crate::provide::CredentialsSource;

/// Returns an error if the credentials have expired. Expired credentials are never used.
pub(super) fn check_expiry(credentials: &Credentials, now: SystemTime) -> Result<(), CredentialsError> {
    match credentials.expiry() {
        Some(at) if at <= now => {
            let from = credentials.source().map(CredentialsSource::new);
            Err(CredentialsError::Expired { at, now, from })
        }
        _ => Ok(()),
    }
}

/// Credentials of a provider, and the time of their next refresh.
#[derive(Clone)]
pub(super) struct LoadedCredentials {
    pub(super) credentials: Arc<Credentials>,
    /// The time of the next refresh, or `None` if `SystemTime` cannot represent that time.
    refresh_at: Option<SystemTime>,
}

impl LoadedCredentials {
    /// Wraps credentials that a provider returned at `now`.
    pub(super) fn new(
        credentials: Arc<Credentials>,
        config: &CredentialsCacheConfig,
        now: SystemTime,
    ) -> Self {
        Self { refresh_at: config.refresh_at(credentials.expiry(), now), credentials }
    }

    /// Returns `true` if the credentials are due for a refresh.
    pub(super) fn is_due(&self, now: SystemTime) -> bool {
        self.refresh_at.is_some_and(|refresh_at| refresh_at <= now)
    }
}

/// The outcome of a load task.
pub(super) type LoadOutcome = Result<Arc<Credentials>, CredentialsError>;

/// Receives the outcome of a load task. The value is `None` while the task is running.
pub(super) type OutcomeReceiver = watch::Receiver<Option<LoadOutcome>>;

/// The load tasks of a cache, and the number of previous failures.
///
/// Usually at most one task is running. A task makes progress only while its runtime is polled. Therefore the
/// calls of another runtime wait for the task only for a limited time, and then start their own task.
///
/// Dropping this value aborts the tasks. The cache owns this value, so the value is dropped together with the
/// cache. At that time, no call waits for a task.
#[derive(Default)]
pub(super) struct LoadTasks {
    running: Vec<LoadTask>,
    /// Consecutive failures.
    failures: u32,
    /// Earliest time of the next background refresh.
    not_before: Option<Instant>,
}

struct LoadTask {
    outcome: OutcomeReceiver,
    task: AbortHandle,
    runtime: Id,
    started: Instant,
}

impl LoadTask {
    /// Returns `true` if the task is running. If the provider panics or the runtime of the task is shut down,
    /// the task ends without calling [`LoadTasks::finish`], and does not count as running.
    fn is_running(&self) -> bool {
        self.outcome.has_changed().is_ok()
    }
}

impl LoadTasks {
    /// Returns the receiver of the running task of this runtime, or `None` if no such task is running.
    pub(super) fn of_runtime(&self, runtime: Id) -> Option<OutcomeReceiver> {
        self.find(|task| task.runtime == runtime)
    }

    /// Returns the receiver of a running task of any runtime, or `None` if no such task is running. Ignores
    /// tasks that have been running for longer than the load timeout, because such a task is not polled.
    pub(super) fn of_any_runtime(&self, load_timeout: Duration) -> Option<OutcomeReceiver> {
        self.find(|task| task.started.elapsed() < load_timeout)
    }

    fn find(&self, is_match: impl Fn(&LoadTask) -> bool) -> Option<OutcomeReceiver> {
        let task = self.running.iter().rev().find(|task| is_match(task) && task.is_running())?;
        Some(task.outcome.clone())
    }

    /// Returns `true` if the backoff after the last task has passed.
    pub(super) fn may_refresh(&self, now: Instant) -> bool {
        self.not_before.is_none_or(|not_before| not_before <= now)
    }

    /// Runs `load` in a separate task of the current runtime, so that `load` continues even if the call that
    /// started the task is dropped. `load` must return `None` if the cache was dropped.
    pub(super) fn start(
        &mut self,
        load: impl Future<Output = Option<LoadOutcome>> + Send + 'static,
    ) -> OutcomeReceiver {
        let runtime = Handle::current();
        let (sender, outcome) = watch::channel(None);
        let sender = PanicGuard(sender);
        let task = runtime.spawn(async move {
            if let Some(outcome) = load.await {
                sender.0.send_replace(Some(outcome));
            }
        });
        self.running.retain(LoadTask::is_running);
        self.running.push(LoadTask {
            outcome: outcome.clone(),
            task: task.abort_handle(),
            runtime: runtime.id(),
            started: Instant::now(),
        });
        // Set the backoff now, because the task never calls `finish` if the provider panics.
        self.back_off(self.failures.saturating_add(1));
        outcome
    }

    /// Records the outcome of the running task of this runtime.
    pub(super) fn finish(&mut self, runtime: Id, outcome: &LoadOutcome) {
        self.running.retain(|task| task.runtime != runtime);
        self.failures = match outcome {
            Ok(_) => 0,
            Err(_) => self.failures.saturating_add(1),
        };
        self.back_off(self.failures);
    }

    fn back_off(&mut self, failures: u32) {
        self.not_before = Instant::now().checked_add(backoff(failures));
    }
}

impl Drop for LoadTasks {
    fn drop(&mut self) {
        self.running.iter().for_each(|running| running.task.abort());
    }
}

/// Reports a panic of the provider to the waiting calls. If the runtime of the task is shut down, reports
/// nothing, and the waiting calls of other runtimes load the credentials again.
struct PanicGuard(watch::Sender<Option<LoadOutcome>>);

impl Drop for PanicGuard {
    fn drop(&mut self) {
        if thread::panicking() {
            self.0.send_replace(Some(Err(CredentialsError::LoadAborted)));
        }
    }
}
