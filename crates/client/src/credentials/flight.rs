//! One question to the provider, for all that wait for its answer.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;
use tokio::task::AbortHandle;
use tokio::time::{Instant, timeout};

use super::cache::Shared;
use super::{Credentials, CredentialsError, Loaded, ProvideCredentials, cache_config};

/// Where a flight's outcome will be; `None` as long as it is under way.
pub(super) type Landing = watch::Receiver<Option<Outcome>>;

type Outcome = Result<Arc<Loaded>, CredentialsError>;

/// The flight of a cache, and what came of the last ones. Dropping it ends the flight: when the cache is gone, nobody
/// waits any more.
#[derive(Default)]
pub(super) struct Flight {
    under_way: Option<(Landing, AbortHandle)>,
    /// How many failed since one succeeded.
    failures: u32,
    /// Until then nothing is refreshed ahead of its time.
    not_before: Option<Instant>,
}

impl Flight {
    /// Where to wait, if one is under way. One whose task is gone, with the provider's panic or with its runtime, is
    /// not.
    pub(super) fn landing(&self) -> Option<Landing> {
        let (landing, _) = self.under_way.as_ref()?;
        landing.has_changed().is_ok().then(|| landing.clone())
    }

    pub(super) fn may_refresh(&self, now: Instant) -> bool {
        self.not_before.is_none_or(|not_before| not_before <= now)
    }

    /// Asks the provider in a task of its own, so that no call that is given up takes the answer with it.
    pub(super) fn start(&mut self, shared: &Arc<Shared>) -> Landing {
        let (sender, landing) = watch::channel(None);
        // The task does not keep the cache alive.
        let (cache, provider, refresh) = (Arc::downgrade(shared), shared.provider.clone(), shared.refresh);
        let task = tokio::spawn(async move {
            let answer = ask(&*provider, refresh.timeout).await;
            if let Some(shared) = cache.upgrade() {
                sender.send_replace(Some(land(&shared, answer)));
            }
        });
        self.under_way = Some((landing.clone(), task.abort_handle()));
        // For a flight that never lands, because the provider panics.
        self.rest(self.failures.saturating_add(1));
        landing
    }

    fn rest(&mut self, failures: u32) {
        self.not_before = Instant::now().checked_add(cache_config::wait(failures));
    }

    fn landed(&mut self, outcome: &Outcome) {
        self.under_way = None;
        self.failures = match outcome {
            Ok(_) => 0,
            Err(_) => self.failures.saturating_add(1),
        };
        self.rest(self.failures);
    }
}

impl Drop for Flight {
    fn drop(&mut self) {
        if let Some((_, task)) = &self.under_way {
            task.abort();
        }
    }
}

async fn ask(provider: &dyn ProvideCredentials, after: Duration) -> Result<Credentials, CredentialsError> {
    match timeout(after, provider.provide_credentials()).await {
        Ok(provided) => provided.map_err(|error| CredentialsError::Provider(error.into())),
        Err(_) => Err(CredentialsError::TimedOut { after }),
    }
}

/// Keeps what is good, and says what it was.
fn land(shared: &Shared, answer: Result<Credentials, CredentialsError>) -> Outcome {
    // After the answer, which can take its time.
    let now = shared.clock.now();
    let outcome = answer.and_then(|given| {
        let loaded = Loaded::renewable(given, &shared.refresh, now);
        loaded.check(now).map(|()| Arc::new(loaded))
    });
    let mut flight = shared.flight();
    match &outcome {
        Ok(loaded) => {
            tracing::debug!("credentials loaded");
            shared.keep(loaded.clone());
        }
        Err(error) => tracing::warn!(%error, "credentials could not be loaded"),
    }
    flight.landed(&outcome);
    outcome
}
