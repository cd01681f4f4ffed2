//! Tests of the circuit breaker.

use std::sync::Arc;
use std::time::Duration;

use proptest::prelude::*;
use tokio::time::Instant;

use super::breaker::{CircuitBreaker, Permit};
use super::*;

const SECOND: Duration = Duration::from_secs(1);

fn fail(permit: Permit, now: Instant, retry_after: Option<Duration>) {
    permit.failure(now, Arc::from("why"), retry_after);
}

/// Returns a breaker that a failure has opened at `now`, for 30 seconds.
fn open(now: Instant) -> CircuitBreaker {
    let breaker = CircuitBreaker::new(CircuitBreakerConfig::default().consecutive_failures(1));
    fail(breaker.acquire(now).unwrap(), now, None);
    breaker
}

#[test]
fn opens_after_consecutive_failures() {
    let (breaker, now) = (CircuitBreaker::new(CircuitBreakerConfig::default()), Instant::now());
    for _ in 0..4 {
        fail(breaker.acquire(now).unwrap(), now, None);
    }
    breaker.acquire(now).unwrap().success();
    for _ in 0..4 {
        fail(breaker.acquire(now).unwrap(), now, None);
        assert_eq!(breaker.circuit_state(now), CircuitState::Closed);
    }
    fail(breaker.acquire(now).unwrap(), now, None);
    assert_eq!(breaker.circuit_state(now), CircuitState::Open { remaining: SECOND * 30 });
    assert_eq!(breaker.last_failure().as_deref(), Some("why"));
    assert!(breaker.acquire(now + SECOND * 29).is_none());
}

#[test]
fn admits_one_probe_at_a_time() {
    let start = Instant::now();
    let now = start + SECOND * 30;
    let breaker = open(start);
    assert_eq!(breaker.circuit_state(now), CircuitState::HalfOpen);
    let probe = breaker.acquire(now).unwrap();
    assert!(breaker.acquire(now).is_none());
    // A cancelled probe does not count.
    drop(probe);
    let probe = breaker.acquire(now).unwrap();
    fail(probe, now, None);
    assert_eq!(breaker.circuit_state(now), CircuitState::Open { remaining: SECOND * 30 });
    let now = now + SECOND * 30;
    breaker.acquire(now).unwrap().success();
    assert_eq!(breaker.circuit_state(now), CircuitState::Closed);
}

#[test]
fn retry_after_opens_at_the_first_failure_within_the_maximum() {
    let now = Instant::now();
    for (requested, expected) in [(7, 7), (300, 300), (86_400, 300)] {
        let breaker = CircuitBreaker::new(CircuitBreakerConfig::default());
        fail(breaker.acquire(now).unwrap(), now, Some(SECOND * requested));
        assert_eq!(breaker.circuit_state(now), CircuitState::Open { remaining: SECOND * expected });
    }
}

#[test]
fn results_of_calls_before_a_transition_do_not_count() {
    let now = Instant::now();
    let breaker = CircuitBreaker::new(CircuitBreakerConfig::default().consecutive_failures(1));
    let (slow, other) = (breaker.acquire(now).unwrap(), breaker.acquire(now).unwrap());
    fail(breaker.acquire(now).unwrap(), now, None);
    slow.success();
    fail(other, now + SECOND * 20, None);
    assert_eq!(breaker.circuit_state(now), CircuitState::Open { remaining: SECOND * 30 });
}

#[test]
fn a_forced_call_closes_or_opens_again() {
    let now = Instant::now();
    let breaker = open(now);
    fail(breaker.force(), now + SECOND * 10, None);
    assert_eq!(breaker.circuit_state(now + SECOND * 10), CircuitState::Open { remaining: SECOND * 30 });
    breaker.force().success();
    assert_eq!(breaker.circuit_state(now), CircuitState::Closed);
}

#[test]
fn a_duration_that_the_clock_cannot_represent() {
    let config = CircuitBreakerConfig::default().consecutive_failures(0).open_duration(Duration::MAX);
    let (breaker, now) = (CircuitBreaker::new(config), Instant::now());
    fail(breaker.acquire(now).unwrap(), now, None);
    assert!(!breaker.admits(now + SECOND * 86_400));
}

/// A step of a sequence of calls.
#[derive(Clone, Debug)]
enum Step {
    /// Starts a call.
    Start,
    /// Ends the call with this index, modulo the number of running calls.
    Succeed(usize),
    Fail(usize),
    Cancel(usize),
    /// Lets the next call be the probe.
    Release(usize),
    /// Time passes, in seconds.
    Wait(u32),
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        4 => Just(Step::Start),
        2 => any::<usize>().prop_map(Step::Succeed),
        3 => any::<usize>().prop_map(Step::Fail),
        1 => any::<usize>().prop_map(Step::Cancel),
        1 => any::<usize>().prop_map(Step::Release),
        2 => (0..40_u32).prop_map(Step::Wait),
    ]
}

proptest! {
    /// Compares the breaker with its documentation: the expected state follows from the last failures and the
    /// time.
    #[test]
    fn sequences_of_outcomes(steps in prop::collection::vec(step(), 0..80), limit in 1..5_u32) {
        let open_for = SECOND * 30;
        let config = CircuitBreakerConfig::default().consecutive_failures(limit).open_duration(open_for);
        let breaker = CircuitBreaker::new(config);
        let mut now = Instant::now();
        // A running call, its epoch, and `true` for a probe. Each transition starts an epoch.
        let mut running: Vec<(Permit, u64, bool)> = Vec::new();
        let (mut epoch, mut failures, mut opened_at) = (0, 0, None::<Instant>);
        for step in steps {
            let is_half_open = opened_at.is_some_and(|at| now >= at + open_for);
            let has_probe = running.iter().any(|(_, of, is_probe)| *is_probe && *of == epoch);
            match step {
                Step::Wait(seconds) => now += SECOND * seconds,
                Step::Start => {
                    let admitted = breaker.acquire(now);
                    let expected = opened_at.is_none() || (is_half_open && !has_probe);
                    prop_assert_eq!(admitted.is_some(), expected);
                    if let Some(permit) = admitted {
                        epoch += u64::from(is_half_open);
                        running.push((permit, epoch, is_half_open));
                    }
                }
                Step::Release(index) if !running.is_empty() => {
                    let index = index % running.len();
                    let (permit, of, is_probe) = &mut running[index];
                    permit.release_probe();
                    if std::mem::take(is_probe) && *of == epoch {
                        epoch += 1;
                        *of = epoch;
                    }
                }
                Step::Succeed(index) | Step::Fail(index) | Step::Cancel(index) if !running.is_empty() => {
                    let (permit, of, is_probe) = running.swap_remove(index % running.len());
                    match step {
                        Step::Succeed(_) => permit.success(),
                        Step::Fail(_) => fail(permit, now, None),
                        _ => drop(permit),
                    }
                    if of != epoch {
                        continue;
                    }
                    match step {
                        Step::Succeed(_) => {
                            failures = 0;
                            if opened_at.take().is_some() {
                                epoch += 1;
                            }
                        }
                        Step::Fail(_) => {
                            failures += 1;
                            if opened_at.is_some() || failures >= limit {
                                (opened_at, failures) = (Some(now), 0);
                                epoch += 1;
                            }
                        }
                        _ => epoch += u64::from(is_probe),
                    }
                }
                _ => {}
            }
            let expected = match opened_at {
                None => CircuitState::Closed,
                Some(at) if now >= at + open_for => CircuitState::HalfOpen,
                Some(at) => CircuitState::Open { remaining: at + open_for - now },
            };
            prop_assert_eq!(breaker.circuit_state(now), expected);
        }
    }
}
