//! Property tests that compare the quota stores with a model. The model stores every request, and counts all
//! requests at each step. One sequence of steps drives all stores: see `redis::tests` for the store in Redis. The
//! time is an argument of the steps.

use std::sync::Arc;
use std::time::Duration;

use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};
use tokio::time::Instant;

use super::budget::{Budget, BudgetPeriod, BudgetUnit};
use super::limits::{QuotaKey, QuotaLimit, QuotaLimits};
use super::memory::{NotAdmitted, Now};
use super::store::QuotaOutcome;
use super::window::{Blocked, ReservationId, SlidingWindow, WINDOW};
use super::{MemoryQuotaStore, QuotaRequest};

/// A store that decides at the time of its argument.
pub(super) trait TimedStore {
    /// Admits a request, or returns the reason why it is not admitted.
    fn admit(&mut self, now: Duration, request: &QuotaRequest) -> Result<(), Refusal>;

    /// Ends a request. Requests have the numbers 0, 1, 2 and so on in the order of their admission.
    fn end(&mut self, number: usize, outcome: QuotaOutcome);
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Refusal {
    /// `wait` is `None` if the request must wait for the end of another request.
    Limit {
        key: usize,
        limit: QuotaLimit,
        wait: Option<Duration>,
    },
    OverBudget {
        key: usize,
        used: u64,
    },
}

pub(super) struct Memory {
    store: MemoryQuotaStore,
    start: Instant,
    admitted: Vec<(Box<[usize]>, ReservationId)>,
}

impl Memory {
    pub(super) fn new() -> Self {
        Self { store: MemoryQuotaStore::default(), start: Instant::now(), admitted: Vec::new() }
    }
}

impl TimedStore for Memory {
    fn admit(&mut self, now: Duration, request: &QuotaRequest) -> Result<(), Refusal> {
        let mut windows = self.store.windows();
        let slots = windows.slots(&request.keys);
        let now = Now { instant: self.start + now, since_epoch: now };
        let id = windows.try_admit(request, &slots, now).map_err(|refused| match refused {
            NotAdmitted::Blocked(key, blocked) => {
                let wait = blocked.until.map(|until| until - now.instant);
                Refusal::Limit { key, limit: blocked.limit, wait }
            }
            NotAdmitted::OverBudget { key, used } => Refusal::OverBudget { key, used },
        })?;
        self.admitted.push((slots, id));
        Ok(())
    }

    fn end(&mut self, number: usize, outcome: QuotaOutcome) {
        let (slots, id) = &self.admitted[number];
        self.store.end(slots, *id, outcome);
    }
}

#[derive(Clone, Debug)]
enum Step {
    /// Lets time pass.
    Wait(Duration),
    /// Asks for a request of one of two limiters with this number of tokens.
    Admit(bool, u64),
    /// Ends one of the requests in flight.
    End(prop::sample::Index, QuotaOutcome),
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let outcome = prop_oneof![
        (0..=40_u64).prop_map(|tokens| QuotaOutcome::Used { tokens, cost: cost(tokens) }),
        Just(QuotaOutcome::NotSent),
        Just(QuotaOutcome::Unknown)
    ];
    let step = prop_oneof![
        1 => (0..40_u64).prop_map(|days| Step::Wait(Duration::from_secs(days * 86_400))),
        1 => (0..70_000_u64).prop_map(|time| Step::Wait(Duration::from_millis(time))),
        2 => (0..5_000_u64).prop_map(|time| Step::Wait(Duration::from_millis(time))),
        5 => (any::<bool>(), 0..=100_u64).prop_map(|(limiter, tokens)| Step::Admit(limiter, tokens)),
        3 => (any::<prop::sample::Index>(), outcome).prop_map(|(index, outcome)| Step::End(index, outcome)),
    ];
    prop::collection::vec(step, 0..300)
}

/// Returns the cost of a request in the tests.
fn cost(tokens: u64) -> u64 {
    tokens * 1_000_003
}

fn budgets() -> impl Strategy<Value = Budget> {
    let periods = [BudgetPeriod::Day, BudgetPeriod::Month, BudgetPeriod::Total];
    (any::<bool>(), 0..500_u64, prop::sample::select(periods.to_vec())).prop_map(
        |(tokens, amount, period)| match tokens {
            true => Budget::tokens(amount, period),
            false => Budget { amount: cost(amount), unit: BudgetUnit::Money, period },
        },
    )
}

fn limits() -> impl Strategy<Value = QuotaLimits> {
    let limits = (
        prop::option::of(1..8_u32),
        prop::option::of(1..20_u32),
        prop::option::of(100..400_u64),
        prop::option::weighted(0.3, budgets()),
    );
    limits.prop_map(|(max_concurrency, requests_per_minute, tokens_per_minute, budget)| QuotaLimits {
        max_concurrency,
        requests_per_minute,
        tokens_per_minute,
        budget,
    })
}

/// The keys of two limiters, which share the first key.
fn keys() -> impl Strategy<Value = [Arc<[QuotaKey]>; 2]> {
    (limits(), limits(), prop::option::of(limits())).prop_map(|(account, tenant, model)| {
        let (account, tenant) = (QuotaKey::new("account", account), QuotaKey::new("tenant", tenant));
        let model = model.map(|limits| QuotaKey::new("model", limits));
        [[account.clone()].into(), [account, tenant].into_iter().chain(model).collect()]
    })
}

/// An admitted request. The model removes a request that was certainly not sent.
struct Admitted {
    number: usize,
    limiter: bool,
    at: Duration,
    tokens: u64,
    cost: u64,
}

struct Model {
    keys: [Arc<[QuotaKey]>; 2],
    admitted: Vec<Admitted>,
    in_flight: Vec<(usize, bool)>,
}

impl Model {
    fn has_key(&self, limiter: bool, key: &QuotaKey) -> bool {
        self.keys[usize::from(limiter)].contains(key)
    }

    fn in_flight(&self, key: &QuotaKey) -> u32 {
        self.in_flight.iter().filter(|(_, limiter)| self.has_key(*limiter, key)).count() as u32
    }

    /// Returns the number of requests and tokens of a key in the minute before `now`.
    fn last_minute(&self, key: &QuotaKey, now: Duration) -> (u32, u64) {
        let recent = |admitted: &&Admitted| admitted.at + WINDOW > now && self.has_key(admitted.limiter, key);
        let last_minute = || self.admitted.iter().filter(recent);
        (last_minute().count() as u32, last_minute().map(|admitted| admitted.tokens).sum())
    }

    /// Returns `true` if the per-minute limits of all keys admit another request.
    fn minute_admits(&self, now: Duration, request: &QuotaRequest) -> bool {
        request.keys.iter().all(|key| {
            let (requests, tokens) = self.last_minute(key, now);
            key.limits.requests_per_minute.is_none_or(|limit| requests < limit)
                && key.limits.tokens_per_minute.is_none_or(|limit| tokens + request.tokens <= limit)
        })
    }

    /// Returns the used and reserved amount of the budget in its current period.
    fn used(&self, key: &QuotaKey, budget: Budget, now: Duration) -> u64 {
        let number = |time| budget.period.number(time);
        let in_period = self
            .admitted
            .iter()
            .filter(|admitted| number(admitted.at) == number(now) && self.has_key(admitted.limiter, key));
        let amount = |admitted: &Admitted| match budget.unit {
            BudgetUnit::Tokens => admitted.tokens,
            BudgetUnit::Money => admitted.cost,
        };
        in_period.map(amount).sum()
    }

    /// Returns the index of the first key whose budget does not admit the request, and the used amount.
    fn over_budget(&self, now: Duration, request: &QuotaRequest) -> Option<(usize, u64)> {
        request.keys.iter().enumerate().find_map(|(index, key)| {
            let budget = key.limits.budget?;
            let used = self.used(key, budget, now);
            (used >= budget.amount || used + request.reserved(budget.unit) > budget.amount)
                .then_some((index, used))
        })
    }

    /// Returns `true` if a decision is correct.
    fn allows(&self, decision: Result<(), Refusal>, now: Duration, request: &QuotaRequest) -> bool {
        let is_full = |key: &QuotaKey| key.limits.max_concurrency == Some(self.in_flight(key));
        if let Some((key, used)) = self.over_budget(now, request) {
            return decision == Err(Refusal::OverBudget { key, used });
        }
        match decision {
            Err(Refusal::OverBudget { .. }) => false,
            Ok(()) => self.minute_admits(now, request) && !request.keys.iter().any(is_full),
            Err(Refusal::Limit { key, limit: QuotaLimit::Concurrency, wait: None }) => {
                is_full(&request.keys[key])
            }
            Err(
                Refusal::Limit { limit: QuotaLimit::Concurrency, .. } | Refusal::Limit { wait: None, .. },
            ) => false,
            Err(Refusal::Limit { wait: Some(wait), .. }) => {
                !self.minute_admits(now, request)
                    && !self.minute_admits(now + wait - Duration::from_micros(1), request)
                    && self.minute_admits(now + wait, request)
            }
        }
    }

    fn end(&mut self, number: usize, outcome: QuotaOutcome) {
        self.in_flight.retain(|(other, _)| *other != number);
        match outcome {
            QuotaOutcome::Unknown => {}
            QuotaOutcome::NotSent => self.admitted.retain(|admitted| admitted.number != number),
            QuotaOutcome::Used { tokens, cost } => {
                let ended = self.admitted.iter_mut().filter(|admitted| admitted.number == number);
                ended.for_each(|admitted| (admitted.tokens, admitted.cost) = (tokens, cost));
            }
        }
    }
}

/// Runs the steps, and compares the decisions of all stores with the model and with each other.
pub(super) fn check_stores(cases: u32, stores: impl Fn() -> Vec<Box<dyn TimedStore>>) {
    let mut runner = TestRunner::new(Config { source_file: Some(file!()), ..Config::with_cases(cases) });
    let result = runner.run(&(keys(), steps()), |(keys, steps)| {
        let mut stores = stores();
        let mut model = Model { keys: keys.clone(), admitted: Vec::new(), in_flight: Vec::new() };
        let (mut now, mut number) = (WINDOW, 0);
        for step in steps {
            match step {
                Step::Wait(time) => now += time,
                Step::End(index, outcome) => {
                    if !model.in_flight.is_empty() {
                        let (number, _) = *index.get(&model.in_flight);
                        stores.iter_mut().for_each(|store| store.end(number, outcome));
                        model.end(number, outcome);
                    }
                }
                Step::Admit(limiter, tokens) => {
                    let request = QuotaRequest {
                        cost: cost(tokens),
                        ..QuotaRequest::new(keys[usize::from(limiter)].clone(), tokens)
                    };
                    let decisions: Vec<_> =
                        stores.iter_mut().map(|store| store.admit(now, &request)).collect();
                    for decision in &decisions {
                        prop_assert!(model.allows(*decision, now, &request), "{decision:?} of {request:?}");
                        prop_assert_eq!(*decision, decisions[0]);
                    }
                    if decisions[0].is_ok() {
                        model.in_flight.push((number, limiter));
                        model.admitted.push(Admitted {
                            number,
                            limiter,
                            at: now,
                            tokens,
                            cost: request.cost,
                        });
                        number += 1;
                    }
                }
            }
        }
        Ok(())
    });
    result.unwrap();
}

#[test]
fn admits_a_request_if_and_only_if_all_limits_admit_it() {
    check_stores(256, || vec![Box::new(Memory::new())]);
}

proptest! {
    /// Checks the minute that starts at each request. Each request uses half of its reserved tokens.
    #[test]
    fn no_minute_exceeds_the_limits(limits in limits(), steps in steps()) {
        let limits = QuotaLimits { max_concurrency: None, ..limits };
        let request = |tokens| QuotaRequest::new([QuotaKey::new("default", limits)].into(), tokens);
        let (mut store, mut now, mut admitted) = (Memory::new(), Duration::ZERO, Vec::new());
        for step in steps {
            match step {
                Step::Wait(time) => now += time / 4,
                Step::Admit(_, reserved) => {
                    if store.admit(now, &request(reserved)).is_ok() {
                        store.end(admitted.len(), QuotaOutcome::Used { tokens: reserved / 2, cost: 0 });
                        admitted.push((now, reserved / 2));
                    }
                }
                Step::End(..) => {}
            }
        }
        for (start, _) in &admitted {
            let minute = || admitted.iter().filter(|(at, _)| at >= start && *at < *start + WINDOW);
            prop_assert!(limits.requests_per_minute.is_none_or(|limit| minute().count() <= limit as usize));
            let used = minute().map(|(_, used)| used).sum::<u64>();
            prop_assert!(limits.tokens_per_minute.is_none_or(|limit| used <= limit));
        }
    }
}

#[test]
fn nothing_remains_after_a_minute() {
    let mut window = SlidingWindow::new(WINDOW);
    let now = Instant::now();
    window.admit(ReservationId(0), now, 5, true);
    window.admit(ReservationId(1), now, 7, true);
    assert_eq!((window.in_flight(), window.requests(), window.tokens()), (2, 2, 12));
    window.end(ReservationId(0), QuotaOutcome::Unknown);
    window.remove_expired(now + WINDOW);
    window.end(ReservationId(1), QuotaOutcome::Used { tokens: 3, cost: 0 });
    assert_eq!((window.in_flight(), window.requests(), window.tokens()), (0, 0, 0));
}

#[test]
fn an_admission_removes_expired_requests() {
    let (mut window, start) = (SlidingWindow::new(WINDOW), Instant::now());
    for id in 0..10_u32 {
        window.admit(ReservationId(id.into()), start + WINDOW * id, 5, true);
        window.end(ReservationId(id.into()), QuotaOutcome::Unknown);
    }
    assert_eq!((window.requests(), window.tokens()), (1, 5));
}

#[test]
fn token_counts_do_not_overflow() {
    let limits = QuotaLimits::default().tokens_per_minute(u64::MAX);
    let mut window = SlidingWindow::new(WINDOW);
    let now = Instant::now();
    for id in 0..3 {
        assert_eq!(window.blocked(&limits, 0), None);
        window.admit(ReservationId(id), now, 0, true);
    }
    (0..3).for_each(|id| window.end(ReservationId(id), QuotaOutcome::Used { tokens: u64::MAX, cost: 0 }));
    assert!(matches!(
        window.blocked(&limits, 2),
        Some(Blocked { limit: QuotaLimit::TokensPerMinute, until: Some(_) })
    ));
    assert_eq!(window.tokens(), u64::MAX);
    window.remove_expired(now + WINDOW);
    assert_eq!(window.tokens(), 0);
}
