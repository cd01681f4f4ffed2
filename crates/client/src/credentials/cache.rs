//! Credentials that are loaded once for all calls, and anew before they expire.
//!
//! A call takes what is there: one lock for reading, held for the clone of an `Arc`. When that is due to expire, the
//! first call that sees it starts a [flight](super::flight) and goes on with what it has, as do all others until the
//! very end of its life. Only a call that finds nothing good waits, and however many wait, they wait for one flight.

use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock};
use std::time::SystemTime;

use tokio::time::Instant;

use super::flight::{Flight, Landing};
use super::{CredentialsCacheConfig, CredentialsError, Loaded, ProvideCredentials};
use crate::config::Clock;

/// The credentials of a provider. Clones share them.
#[derive(Clone)]
pub(crate) struct CredentialsCache(Arc<Shared>);

/// What calls and flights share.
pub(super) struct Shared {
    pub(super) provider: Arc<dyn ProvideCredentials>,
    pub(super) refresh: CredentialsCacheConfig,
    pub(super) clock: Clock,
    current: RwLock<Option<Arc<Loaded>>>,
    flight: Mutex<Flight>,
}

impl CredentialsCache {
    pub(crate) fn new(
        provider: Arc<dyn ProvideCredentials>,
        refresh: CredentialsCacheConfig,
        clock: Clock,
    ) -> Self {
        let (current, flight) = (RwLock::default(), Mutex::default());
        Self(Arc::new(Shared { provider, refresh, clock, current, flight }))
    }

    /// Credentials that are good now. Giving the future up gives up the wait alone: the provider goes on for others.
    ///
    /// # Errors
    /// None are there, and the provider gave none, gave expired ones or was not done in time.
    ///
    /// # Panics
    /// Where the provider has to be asked, outside of a tokio runtime with time enabled.
    pub(crate) async fn load(&self) -> Result<Arc<Loaded>, CredentialsError> {
        let now = self.0.clock.now();
        if let Some(loaded) = self.0.good(now) {
            if loaded.is_due(now) {
                self.refresh();
            }
            return Ok(loaded);
        }
        match self.join() {
            Ok(landed) => Ok(landed),
            Err(mut landing) => match landing.wait_for(Option::is_some).await.as_deref() {
                Ok(Some(outcome)) => outcome.clone(),
                _ => Err(CredentialsError::Abandoned),
            },
        }
    }

    /// Forgets these, and only these: of many calls that were refused together the first one forgets, and the others
    /// do not take away what was loaded since.
    pub(crate) fn invalidate(&self, refused: &Arc<Loaded>) {
        let mut current = self.0.current.write().unwrap_or_else(PoisonError::into_inner);
        if current.as_ref().is_some_and(|current| Arc::ptr_eq(current, refused)) {
            *current = None;
        }
    }

    /// What has landed in the meantime, or where to wait for it.
    fn join(&self) -> Result<Arc<Loaded>, Landing> {
        let mut flight = self.0.flight();
        // A flight lands under this lock: without a second look the one that has just landed would be flown again.
        match (self.0.good(self.0.clock.now()), flight.landing()) {
            (Some(landed), _) => Ok(landed),
            (None, Some(landing)) => Err(landing),
            (None, None) => Err(flight.start(&self.0)),
        }
    }

    /// Starts a flight that nobody waits for, unless there is one, or the last one was a moment ago.
    fn refresh(&self) {
        // Whoever holds the lock is about to do the same.
        let Ok(mut flight) = self.0.flight.try_lock() else { return };
        if flight.landing().is_none() && flight.may_refresh(Instant::now()) {
            flight.start(&self.0);
        }
    }
}

impl Shared {
    pub(super) fn flight(&self) -> MutexGuard<'_, Flight> {
        self.flight.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn keep(&self, loaded: Arc<Loaded>) {
        *self.current.write().unwrap_or_else(PoisonError::into_inner) = Some(loaded);
    }

    /// Those that are kept, if they have not expired.
    pub(super) fn good(&self, now: SystemTime) -> Option<Arc<Loaded>> {
        let current = self.current.read().unwrap_or_else(PoisonError::into_inner).clone();
        current.filter(|loaded| loaded.check(now).is_ok())
    }
}

impl fmt::Debug for CredentialsCache {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("CredentialsCache")
    }
}
