//! Property tests that compare the sliding window with a model. The model stores every request, and counts
//! all requests at each step.

use std::time::Duration;

use proptest::prelude::*;
use tokio::time::Instant;

use super::limits::{QuotaLimit, QuotaLimits};
use super::window::{Blocked, Outcome, ReservationId, SlidingWindow};

const MINUTE: Duration = Duration::from_secs(60);

#[derive(Clone, Debug)]
enum Step {
    /// Lets time pass.
    Wait(Duration),
    /// Admits a request with this number of tokens.
    Admit(u64),
    /// Ends one of the requests in flight.
    End(prop::sample::Index, Outcome),
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let outcome =
        prop_oneof![(0..=40_u64).prop_map(Outcome::Used), Just(Outcome::NotSent), Just(Outcome::Unknown)];
    let step = prop_oneof![
        1 => (0..70_000_u64).prop_map(|time| Step::Wait(Duration::from_millis(time))),
        2 => (0..5_000_u64).prop_map(|time| Step::Wait(Duration::from_millis(time))),
        5 => (0..=100_u64).prop_map(Step::Admit),
        3 => (any::<prop::sample::Index>(), outcome).prop_map(|(index, outcome)| Step::End(index, outcome)),
    ];
    prop::collection::vec(step, 0..300)
}

fn limits() -> impl Strategy<Value = QuotaLimits> {
    let limits = (prop::option::of(1..8_u32), prop::option::of(1..20_u32), prop::option::of(100..400_u64));
    limits.prop_map(|(concurrency, requests, tokens)| QuotaLimits { concurrency, requests, tokens })
}

/// An admitted request. The model removes a request that was certainly not sent.
struct Admitted {
    id: ReservationId,
    at: Instant,
    tokens: u64,
}

#[derive(Default)]
struct Model {
    admitted: Vec<Admitted>,
    in_flight: Vec<ReservationId>,
}

impl Model {
    /// Returns the number of requests and tokens of the minute before `now`.
    fn last_minute(&self, now: Instant) -> (usize, u64) {
        let last_minute = || self.admitted.iter().filter(|admitted| admitted.at + MINUTE > now);
        (last_minute().count(), last_minute().map(|admitted| admitted.tokens).sum())
    }

    /// Returns `true` if the limits admit another request.
    fn admits(&self, limits: &QuotaLimits, now: Instant, reserved: u64) -> bool {
        let (requests, tokens) = self.last_minute(now);
        limits.concurrency.is_none_or(|limit| self.in_flight.len() < limit as usize)
            && limits.requests.is_none_or(|limit| requests < limit as usize)
            && limits.tokens.is_none_or(|limit| tokens + reserved <= limit)
    }

    fn end(&mut self, id: ReservationId, outcome: Outcome) {
        self.in_flight.retain(|other| *other != id);
        match outcome {
            Outcome::Unknown => {}
            Outcome::NotSent => self.admitted.retain(|admitted| admitted.id != id),
            Outcome::Used(tokens) => {
                let ended = self.admitted.iter_mut().filter(|admitted| admitted.id == id);
                ended.for_each(|admitted| admitted.tokens = tokens);
            }
        }
    }
}

proptest! {
    #[test]
    fn admits_a_request_if_and_only_if_all_limits_admit_it(limits in limits(), steps in steps()) {
        let (mut window, mut model) = (SlidingWindow::new(limits), Model::default());
        let mut now = Instant::now();
        for step in steps {
            match step {
                Step::Wait(time) => now += time,
                Step::End(index, outcome) => {
                    if !model.in_flight.is_empty() {
                        let id = *index.get(&model.in_flight);
                        window.end(id, outcome);
                        model.end(id, outcome);
                    }
                }
                Step::Admit(tokens) => match window.try_admit(now, tokens) {
                    Ok(id) => {
                        prop_assert!(model.admits(&limits, now, tokens));
                        model.in_flight.push(id);
                        model.admitted.push(Admitted { id, at: now, tokens });
                    }
                    Err(Blocked { limit: QuotaLimit::Concurrency, until: None }) => {
                        let limit = limits.concurrency.map(|limit| limit as usize);
                        prop_assert_eq!(Some(model.in_flight.len()), limit);
                    }
                    Err(Blocked { until, .. }) => {
                        let until = until.expect("per-minute limits admit the request after some time");
                        prop_assert!(!model.admits(&limits, now, tokens));
                        prop_assert!(!model.admits(&limits, until - Duration::from_nanos(1), tokens));
                        prop_assert!(model.admits(&limits, until, tokens));
                    }
                },
            }
            window.remove_expired(now);
            prop_assert_eq!(window.in_flight() as usize, model.in_flight.len());
            if limits.has_per_minute() {
                prop_assert_eq!((window.requests(), window.tokens()), model.last_minute(now));
            }
        }
        for id in model.in_flight {
            window.end(id, Outcome::Unknown);
        }
        window.remove_expired(now + MINUTE);
        prop_assert_eq!((window.in_flight(), window.requests(), window.tokens()), (0, 0, 0));
    }

    /// Checks the minute that starts at each request. Each request uses half of its reserved tokens.
    #[test]
    fn no_minute_exceeds_the_limits(limits in limits(), steps in steps()) {
        let mut window = SlidingWindow::new(limits);
        let mut now = Instant::now();
        let mut admitted = Vec::new();
        for step in steps {
            match step {
                Step::Wait(time) => now += time / 4,
                Step::Admit(reserved) => admitted.extend(window.try_admit(now, reserved).map(|id| {
                    // End the request immediately, because this test does not check the concurrency limit.
                    window.end(id, Outcome::Used(reserved / 2));
                    (now, reserved / 2)
                })),
                Step::End(..) => {}
            }
        }
        for (start, _) in &admitted {
            let minute = || admitted.iter().filter(|(at, _)| at >= start && *at < *start + MINUTE);
            prop_assert!(limits.requests.is_none_or(|limit| minute().count() <= limit as usize));
            prop_assert!(limits.tokens.is_none_or(|limit| minute().map(|(_, used)| used).sum::<u64>() <= limit));
        }
    }
}

#[test]
fn token_counts_do_not_overflow() {
    let mut window = SlidingWindow::new(QuotaLimits { tokens: Some(u64::MAX), ..QuotaLimits::default() });
    let now = Instant::now();
    let ids: Vec<_> = (0..3).map(|_| window.try_admit(now, 0).unwrap()).collect();
    ids.into_iter().for_each(|id| window.end(id, Outcome::Used(u64::MAX)));
    assert!(matches!(
        window.try_admit(now, 2),
        Err(Blocked { limit: QuotaLimit::TokensPerMinute, until: Some(_) })
    ));
    assert_eq!(window.tokens(), u64::MAX);
    window.remove_expired(now + MINUTE);
    assert_eq!(window.tokens(), 0);
}
