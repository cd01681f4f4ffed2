//! The circuit breaker of a target.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

/// The configuration of the circuit breaker of each target.
///
/// A breaker is closed at first. It opens after [`consecutive_failures`](Self::consecutive_failures) failures
/// without a success between them, and stays open for [`open_duration`](Self::open_duration). Then it is
/// half-open, and one call at a time is the probe. A probe that succeeds closes the breaker, and a probe that
/// fails opens it again.
///
/// If the service requests a delay with `Retry-After`, the breaker opens at the first failure, for the
/// requested time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct CircuitBreakerConfig {
    /// Number of consecutive failures that opens the breaker. Default: 5. The value 0 has the same effect as 1.
    pub consecutive_failures: u32,
    /// Time for which the breaker stays open. Default: 30 seconds.
    pub open_duration: Duration,
    /// Maximum time for which `Retry-After` opens the breaker. Default: 5 minutes.
    pub max_retry_after: Duration,
}

impl CircuitBreakerConfig {
    const DEFAULT: Self = Self {
        consecutive_failures: 5,
        open_duration: Duration::from_secs(30),
        max_retry_after: Duration::from_secs(300),
    };

    /// Sets [`consecutive_failures`](Self::consecutive_failures).
    #[must_use]
    pub const fn consecutive_failures(self, failures: u32) -> Self {
        Self { consecutive_failures: failures, ..self }
    }

    /// Sets [`open_duration`](Self::open_duration).
    #[must_use]
    pub const fn open_duration(self, duration: Duration) -> Self {
        Self { open_duration: duration, ..self }
    }

    /// Sets [`max_retry_after`](Self::max_retry_after).
    #[must_use]
    pub const fn max_retry_after(self, duration: Duration) -> Self {
        Self { max_retry_after: duration, ..self }
    }
}

impl Default for CircuitBreakerConfig {
    fn default() -> Self {
        Self::DEFAULT
    }
}

/// The state of the circuit breaker of a target.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum CircuitState {
    /// Calls use the target.
    Closed,
    /// Calls skip the target.
    Open {
        /// The time until the breaker is half-open.
        remaining: Duration,
    },
    /// One call at a time uses the target as a probe. All other calls skip the target.
    HalfOpen,
}

/// The circuit breaker of a target. Clones share its state. Time is an argument.
#[derive(Clone)]
pub(super) struct CircuitBreaker {
    config: CircuitBreakerConfig,
    state: Arc<Mutex<State>>,
}

struct State {
    phase: Phase,
    /// The number of transitions. The result of a call counts only if no transition has occurred since the call
    /// was admitted. Therefore calls that were admitted before an outage cannot close a breaker.
    transitions: u64,
    /// The text of the last failure.
    last_failure: Option<Arc<str>>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Phase {
    Closed {
        failures: u32,
    },
    /// Open before this time, and half-open after it.
    Open {
        until: Instant,
    },
    /// Half-open, with a probe that has not ended.
    Probing {
        until: Instant,
    },
}

impl CircuitBreaker {
    pub(super) fn new(config: CircuitBreakerConfig) -> Self {
        let state = State { phase: Phase::Closed { failures: 0 }, transitions: 0, last_failure: None };
        Self { config, state: Arc::new(Mutex::new(state)) }
    }

    /// Admits a call. Returns `None` if the breaker is open, or half-open with a running probe.
    pub(super) fn acquire(&self, now: Instant) -> Option<Permit> {
        let mut state = self.state();
        match state.phase {
            Phase::Closed { .. } => Some(self.permit(&state, false)),
            Phase::Open { until } if until <= now => {
                state.change(Phase::Probing { until });
                Some(self.permit(&state, true))
            }
            Phase::Open { .. } | Phase::Probing { .. } => None,
        }
    }

    /// Admits a call in every state.
    pub(super) fn force(&self) -> Permit {
        self.permit(&self.state(), false)
    }

    /// Returns `true` if [`acquire`](Self::acquire) would admit a call.
    pub(super) fn admits(&self, now: Instant) -> bool {
        match self.state().phase {
            Phase::Closed { .. } => true,
            Phase::Open { until } => until <= now,
            Phase::Probing { .. } => false,
        }
    }

    /// Returns the time until the breaker is half-open, or zero if it is not open.
    pub(super) fn remaining(&self, now: Instant) -> Duration {
        match self.circuit_state(now) {
            CircuitState::Open { remaining } => remaining,
            CircuitState::Closed | CircuitState::HalfOpen => Duration::ZERO,
        }
    }

    pub(super) fn circuit_state(&self, now: Instant) -> CircuitState {
        match self.state().phase {
            Phase::Closed { .. } => CircuitState::Closed,
            Phase::Open { until } if until > now => CircuitState::Open { remaining: until - now },
            Phase::Open { .. } | Phase::Probing { .. } => CircuitState::HalfOpen,
        }
    }

    pub(super) fn last_failure(&self) -> Option<Arc<str>> {
        self.state().last_failure.clone()
    }

    fn permit(&self, state: &State, is_probe: bool) -> Permit {
        Permit { breaker: self.clone(), transitions: state.transitions, is_probe }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn change(&mut self, phase: Phase) {
        self.phase = phase;
        self.transitions += 1;
    }
}

/// The admission of one call. If the permit is dropped without a result, for example because the call was
/// cancelled, the call does not count. If this call was the probe, the next call is the probe.
pub(super) struct Permit {
    breaker: CircuitBreaker,
    transitions: u64,
    is_probe: bool,
}

impl Permit {
    /// Records that the target works.
    pub(super) fn success(self) {
        let Some(mut state) = self.current() else { return };
        match &mut state.phase {
            Phase::Closed { failures } => *failures = 0,
            Phase::Open { .. } | Phase::Probing { .. } => state.change(Phase::Closed { failures: 0 }),
        }
    }

    /// Records a failure of the target. `retry_after` is the delay that the service requested.
    pub(super) fn failure(self, now: Instant, text: Arc<str>, retry_after: Option<Duration>) {
        let Some(mut state) = self.current() else { return };
        state.last_failure = Some(text);
        let CircuitBreakerConfig { consecutive_failures, open_duration, max_retry_after } =
            self.breaker.config;
        let duration = match (state.phase, retry_after) {
            (_, Some(requested)) => requested.min(max_retry_after),
            (Phase::Closed { failures }, None) if failures.saturating_add(1) < consecutive_failures => {
                state.phase = Phase::Closed { failures: failures + 1 };
                return;
            }
            (_, None) => open_duration,
        };
        // If the clock cannot represent the end, the breaker stays open for a year.
        let until = now.checked_add(duration).unwrap_or(now + Duration::from_secs(365 * 86_400));
        state.change(Phase::Open { until });
    }

    /// If this call is the probe, lets the next call be the probe. The result of this call counts unless another call
    /// becomes the probe before.
    pub(super) fn release_probe(&mut self) {
        if !std::mem::take(&mut self.is_probe) {
            return;
        }
        let Some(mut state) = self.current() else { return };
        if let Phase::Probing { until } = state.phase {
            state.change(Phase::Open { until });
        }
        let transitions = state.transitions;
        drop(state);
        self.transitions = transitions;
    }

    /// Returns the state, or `None` if a transition has occurred since the call was admitted.
    fn current(&self) -> Option<MutexGuard<'_, State>> {
        let state = self.breaker.state();
        (state.transitions == self.transitions).then_some(state)
    }
}

impl Drop for Permit {
    fn drop(&mut self) {
        self.release_probe();
    }
}
