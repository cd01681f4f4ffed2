//! A cache that loads credentials once for all calls and refreshes them before they expire.
//!
//! If the cached credentials are valid, a call takes a read lock and clones an `Arc`. If a refresh is due,
//! the first call starts a background task. Until the refresh ends, all calls use the old credentials. A call
//! waits only if no valid credentials are cached. All waiting calls wait for the same task.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock};
use std::time::{Duration, SystemTime};

use invoke_model_signing::Credentials;
use tokio::time::{Instant, timeout};

use super::config::CredentialsCacheConfig;
use super::load::{LoadOutcome, LoadTask, LoadedCredentials, OutcomeReceiver, check_expiry};
use crate::error::CredentialsError;
use crate::provide::ProvideCredentials;
use crate::time_source::TimeSource;

/// A cache of the credentials of one provider. Clones share the credentials.
#[derive(Clone)]
pub(super) struct RefreshingCache(Arc<CacheState>);

struct CacheState {
    provider: Arc<dyn ProvideCredentials>,
    config: CredentialsCacheConfig,
    time_source: TimeSource,
    current: RwLock<Option<LoadedCredentials>>,
    load_task: Mutex<LoadTask>,
}

impl RefreshingCache {
    pub(super) fn new(
        provider: Arc<dyn ProvideCredentials>,
        config: CredentialsCacheConfig,
        time_source: TimeSource,
    ) -> Self {
        let (current, load_task) = (RwLock::default(), Mutex::default());
        Self(Arc::new(CacheState { provider, config, time_source, current, load_task }))
    }

    /// Returns valid credentials. Dropping the future does not cancel the provider, because other calls may
    /// wait for the provider.
    ///
    /// # Errors
    /// Returns an error if no valid credentials are cached, and the provider then fails, times out or returns
    /// expired credentials.
    ///
    /// # Panics
    /// Panics if this function must call the provider, but no tokio runtime is running, or the runtime has no
    /// timers.
    pub(super) async fn load(&self) -> Result<Arc<Credentials>, CredentialsError> {
        let now = self.0.time_source.now();
        if let Some(loaded) = self.0.valid(now) {
            if loaded.is_due(now) {
                self.refresh();
            }
            return Ok(loaded.credentials);
        }
        match self.join() {
            Ok(credentials) => Ok(credentials),
            Err(mut receiver) => match receiver.wait_for(Option::is_some).await.as_deref() {
                Ok(Some(outcome)) => outcome.clone(),
                _ => Err(CredentialsError::LoadAborted),
            },
        }
    }

    /// Discards the given credentials if they are still cached.
    ///
    /// The service may reject several calls with the same credentials. The first of these calls discards the
    /// credentials. The other calls must not discard the credentials that were loaded in the meantime.
    pub(super) fn invalidate(&self, rejected: &Arc<Credentials>) {
        let mut current = self.0.current.write().unwrap_or_else(PoisonError::into_inner);
        if current.as_ref().is_some_and(|current| Arc::ptr_eq(&current.credentials, rejected)) {
            *current = None;
        }
    }

    /// Returns the cached credentials if a task has loaded them in the meantime. Otherwise, returns the
    /// receiver of the load task as the error. Starts a load task if no task is running.
    fn join(&self) -> Result<Arc<Credentials>, OutcomeReceiver> {
        let mut load_task = self.0.load_task();
        // A task stores its credentials while it holds this lock. Check the cache again, because a task may
        // have stored credentials since the first check.
        match (self.0.valid(self.0.time_source.now()), load_task.running()) {
            (Some(loaded), _) => Ok(loaded.credentials),
            (None, Some(receiver)) => Err(receiver),
            (None, None) => Err(self.start(&mut load_task)),
        }
    }

    /// Starts a background refresh. Does nothing if a load task is running, or if the backoff after the last
    /// task has not passed yet.
    fn refresh(&self) {
        // If the lock is taken, do nothing, because another call is about to start a load task, or a task is
        // about to finish.
        let Ok(mut load_task) = self.0.load_task.try_lock() else { return };
        if load_task.running().is_none() && load_task.may_refresh(Instant::now()) {
            self.start(&mut load_task);
        }
    }

    fn start(&self, load_task: &mut LoadTask) -> OutcomeReceiver {
        // The task has only a weak reference to the cache, so the task does not keep the cache alive.
        let (cache, provider) = (Arc::downgrade(&self.0), self.0.provider.clone());
        let after = self.0.config.load_timeout;
        load_task.start(async move {
            let result = call_provider(&*provider, after).await;
            Some(cache.upgrade()?.store(result))
        })
    }
}

impl CacheState {
    fn load_task(&self) -> MutexGuard<'_, LoadTask> {
        self.load_task.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Returns the cached credentials if they have not expired.
    fn valid(&self, now: SystemTime) -> Option<LoadedCredentials> {
        let current = self.current.read().unwrap_or_else(PoisonError::into_inner).clone();
        current.filter(|loaded| check_expiry(&loaded.credentials, now).is_ok())
    }

    /// Stores the credentials of the provider if they are valid, and returns the outcome for the waiting
    /// calls.
    fn store(&self, result: Result<Credentials, CredentialsError>) -> LoadOutcome {
        // Read the time after loading, because loading can take seconds.
        let now = self.time_source.now();
        let outcome = result.and_then(|credentials| {
            check_expiry(&credentials, now)?;
            Ok(Arc::new(credentials))
        });
        let mut load_task = self.load_task();
        match &outcome {
            Ok(credentials) => {
                tracing::debug!("credentials loaded");
                let loaded = LoadedCredentials::new(credentials.clone(), &self.config, now);
                *self.current.write().unwrap_or_else(PoisonError::into_inner) = Some(loaded);
            }
            Err(error) => tracing::warn!(%error, "credentials could not be loaded"),
        }
        load_task.finish(&outcome);
        outcome
    }
}

async fn call_provider(
    provider: &dyn ProvideCredentials,
    after: Duration,
) -> Result<Credentials, CredentialsError> {
    match timeout(after, provider.provide_credentials()).await {
        Ok(provided) => provided.map_err(|error| CredentialsError::Provider(error.into())),
        Err(_) => Err(CredentialsError::TimedOut { after }),
    }
}
