//! A cache that loads credentials once for all calls and refreshes them before they expire.
//!
//! If the cached credentials are valid, a call takes a read lock and clones an `Arc`. If a refresh is due,
//! the first call starts a background task. Until the refresh ends, all calls use the old credentials. A call
//! waits only if no valid credentials are cached. All waiting calls of a runtime wait for the same task.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock};
use std::time::{Duration, SystemTime};

use invoke_model_signing::Credentials;
use tokio::runtime::Handle;
use tokio::time::{Instant, timeout, timeout_at};

use super::config::CredentialsCacheConfig;
use super::load::{LoadOutcome, LoadTasks, LoadedCredentials, OutcomeReceiver, check_expiry};
use crate::error::CredentialsError;
use crate::provide::ProvideCredentials;
use crate::time_source::TimeSource;

/// The longest time for which a call waits for the task of another runtime. Then the call loads the
/// credentials itself, because the other runtime may not be polled.
const OTHER_RUNTIME: Duration = Duration::from_secs(1);

/// A cache of the credentials of one provider. Clones share the credentials.
#[derive(Clone)]
pub(super) struct RefreshingCache(Arc<CacheState>);

struct CacheState {
    provider: Arc<dyn ProvideCredentials>,
    config: CredentialsCacheConfig,
    time_source: TimeSource,
    current: RwLock<Option<LoadedCredentials>>,
    load_tasks: Mutex<LoadTasks>,
}

impl RefreshingCache {
    /// Returns `true` if both are clones of one cache.
    pub(super) fn is_clone_of(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }

    pub(super) fn new(
        provider: Arc<dyn ProvideCredentials>,
        config: CredentialsCacheConfig,
        time_source: TimeSource,
    ) -> Self {
        let (current, load_tasks) = (RwLock::default(), Mutex::default());
        Self(Arc::new(CacheState { provider, config, time_source, current, load_tasks }))
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
        let other = match self.join(true) {
            Joined::Loaded(credentials) => return Ok(credentials),
            Joined::Task(outcome) => return received(outcome).await.unwrap_or(ABORTED),
            Joined::OtherRuntime(outcome) => outcome,
        };
        // The timeout of a task depends on the clock of its runtime. Therefore the following code measures
        // the load timeout with the clock of this runtime.
        let after = self.0.config.load_timeout;
        let deadline = Instant::now().checked_add(after);
        if let Ok(Some(outcome)) = timeout(OTHER_RUNTIME.min(after / 4), received(other)).await {
            return outcome;
        }
        let outcome = match self.join(false) {
            Joined::Loaded(credentials) => return Ok(credentials),
            Joined::Task(outcome) | Joined::OtherRuntime(outcome) => received(outcome),
        };
        let outcome = match deadline {
            Some(deadline) => timeout_at(deadline, outcome).await,
            None => Ok(outcome.await),
        };
        outcome.map_or(Err(CredentialsError::TimedOut { after }), |outcome| outcome.unwrap_or(ABORTED))
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
    /// receiver of a load task. Starts a load task if this runtime has no task, and if no other runtime has a
    /// task, or if `may_join_other` is `false`.
    fn join(&self, may_join_other: bool) -> Joined {
        let mut tasks = self.0.load_tasks();
        // A task stores its credentials while it holds this lock. Check the cache again, because a task may
        // have stored credentials since the first check.
        if let Some(loaded) = self.0.valid(self.0.time_source.now()) {
            return Joined::Loaded(loaded.credentials);
        }
        if let Some(outcome) = tasks.of_runtime(Handle::current().id()) {
            return Joined::Task(outcome);
        }
        match tasks.of_any_runtime(self.0.config.load_timeout).filter(|_| may_join_other) {
            Some(outcome) => Joined::OtherRuntime(outcome),
            None => Joined::Task(self.start(&mut tasks)),
        }
    }

    /// Starts a background refresh. Does nothing if a load task is running, or if the backoff after the last
    /// task has not passed yet.
    fn refresh(&self) {
        // If the lock is taken, do nothing, because another call is about to start a load task, or a task is
        // about to finish.
        let Ok(mut tasks) = self.0.load_tasks.try_lock() else { return };
        let running = tasks.of_runtime(Handle::current().id());
        let running = running.or_else(|| tasks.of_any_runtime(self.0.config.load_timeout));
        if running.is_none() && tasks.may_refresh(Instant::now()) {
            self.start(&mut tasks);
        }
    }

    fn start(&self, tasks: &mut LoadTasks) -> OutcomeReceiver {
        // The task has only a weak reference to the cache, so the task does not keep the cache alive.
        let (cache, provider) = (Arc::downgrade(&self.0), self.0.provider.clone());
        let after = self.0.config.load_timeout;
        tasks.start(async move {
            let result = call_provider(&*provider, after).await;
            Some(cache.upgrade()?.store(result))
        })
    }
}

/// Cached credentials, or a task that loads credentials.
enum Joined {
    Loaded(Arc<Credentials>),
    /// A task of this runtime.
    Task(OutcomeReceiver),
    /// A task of another runtime, which may not be polled.
    OtherRuntime(OutcomeReceiver),
}

/// The outcome of a task that ended without an outcome.
const ABORTED: LoadOutcome = Err(CredentialsError::LoadAborted);

/// Waits for the outcome of a task. Returns `None` if the runtime of the task was shut down.
async fn received(mut outcome: OutcomeReceiver) -> Option<LoadOutcome> {
    outcome.wait_for(Option::is_some).await.ok()?.clone()
}

impl CacheState {
    fn load_tasks(&self) -> MutexGuard<'_, LoadTasks> {
        self.load_tasks.lock().unwrap_or_else(PoisonError::into_inner)
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
        let mut tasks = self.load_tasks();
        match &outcome {
            Ok(credentials) => {
                tracing::debug!("credentials loaded");
                let loaded = LoadedCredentials::new(credentials.clone(), &self.config, now);
                *self.current.write().unwrap_or_else(PoisonError::into_inner) = Some(loaded);
            }
            Err(error) => tracing::warn!(%error, "credentials could not be loaded"),
        }
        tasks.finish(Handle::current().id(), &outcome);
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
