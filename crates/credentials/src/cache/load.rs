//! Loaded credentials, and the background task that loads them for all waiting calls.

use std::sync::Arc;
use std::time::SystemTime;

use invoke_model_signing::Credentials;
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

/// The load task of a cache, and the number of its previous failures.
///
/// Dropping this value aborts the task. The cache owns this value, so the value is dropped together with the
/// cache. At that time, no call waits for the task.
#[derive(Default)]
pub(super) struct LoadTask {
    running: Option<(OutcomeReceiver, AbortHandle)>,
    /// Consecutive failures.
    failures: u32,
    /// Earliest time of the next background refresh.
    not_before: Option<Instant>,
}

impl LoadTask {
    /// Returns the receiver of the running task, or `None` if no task is running. If the provider panics or
    /// the runtime of the task is shut down, the task ends without an outcome, and does not count as running.
    pub(super) fn running(&self) -> Option<OutcomeReceiver> {
        let (receiver, _) = self.running.as_ref()?;
        receiver.has_changed().is_ok().then(|| receiver.clone())
    }

    /// Returns `true` if the backoff after the last task has passed.
    pub(super) fn may_refresh(&self, now: Instant) -> bool {
        self.not_before.is_none_or(|not_before| not_before <= now)
    }

    /// Runs `load` in a separate task, so that `load` continues even if the call that started the task is
    /// dropped. `load` must return `None` if the cache was dropped.
    pub(super) fn start(
        &mut self,
        load: impl Future<Output = Option<LoadOutcome>> + Send + 'static,
    ) -> OutcomeReceiver {
        let (sender, receiver) = watch::channel(None);
        let task = tokio::spawn(async move {
            if let Some(outcome) = load.await {
                sender.send_replace(Some(outcome));
            }
        });
        self.running = Some((receiver.clone(), task.abort_handle()));
        // Set the backoff now, because the task never calls `finish` if the provider panics.
        self.back_off(self.failures.saturating_add(1));
        receiver
    }

    /// Records the outcome of the running task.
    pub(super) fn finish(&mut self, outcome: &LoadOutcome) {
        self.running = None;
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

impl Drop for LoadTask {
    fn drop(&mut self) {
        if let Some((_, task)) = &self.running {
            task.abort();
        }
    }
}
