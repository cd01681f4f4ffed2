//! What holds of the ledger, whatever happens: against a book that keeps everything and adds it up each time.

use std::time::Duration;

use proptest::prelude::*;
use tokio::time::Instant;

use super::ledger::{Blocked, Entry, Ledger, Outcome};
use super::limits::{Limits, QuotaLimit};

const MINUTE: Duration = Duration::from_secs(60);

#[derive(Clone, Debug)]
enum Step {
    Pass(Duration),
    Enter(u64),
    /// Ends one of those in flight.
    End(prop::sample::Index, Outcome),
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let outcome =
        prop_oneof![(0..=40_u64).prop_map(Outcome::Used), Just(Outcome::NotSent), Just(Outcome::Kept),];
    let step = prop_oneof![
        1 => (0..70_000_u64).prop_map(|time| Step::Pass(Duration::from_millis(time))),
        2 => (0..5_000_u64).prop_map(|time| Step::Pass(Duration::from_millis(time))),
        5 => (0..=100_u64).prop_map(Step::Enter),
        3 => (any::<prop::sample::Index>(), outcome).prop_map(|(index, outcome)| Step::End(index, outcome)),
    ];
    prop::collection::vec(step, 0..300)
}

fn limits() -> impl Strategy<Value = Limits> {
    let limits = (prop::option::of(1..8_u32), prop::option::of(1..20_u32), prop::option::of(100..400_u64));
    limits.prop_map(|(concurrency, requests, tokens)| Limits { concurrency, requests, tokens })
}

/// A request that was entered, and still counts as one.
struct Kept {
    entry: Entry,
    at: Instant,
    tokens: u64,
}

#[derive(Default)]
struct Book {
    kept: Vec<Kept>,
    in_flight: Vec<Entry>,
}

impl Book {
    /// Requests and tokens of the minute that ends at `now`.
    fn of_minute(&self, now: Instant) -> (usize, u64) {
        let of_minute = || self.kept.iter().filter(|kept| kept.at + MINUTE > now);
        (of_minute().count(), of_minute().map(|kept| kept.tokens).sum())
    }

    /// Whether so much more fits.
    fn has_room(&self, limits: &Limits, now: Instant, reserved: u64) -> bool {
        let (requests, tokens) = self.of_minute(now);
        limits.concurrency.is_none_or(|most| self.in_flight.len() < most as usize)
            && limits.requests.is_none_or(|most| requests < most as usize)
            && limits.tokens.is_none_or(|most| tokens + reserved <= most)
    }

    fn end(&mut self, entry: Entry, outcome: Outcome) {
        self.in_flight.retain(|other| *other != entry);
        match outcome {
            Outcome::Kept => {}
            Outcome::NotSent => self.kept.retain(|kept| kept.entry != entry),
            Outcome::Used(tokens) => {
                self.kept.iter_mut().filter(|kept| kept.entry == entry).for_each(|kept| kept.tokens = tokens);
            }
        }
    }
}

proptest! {
    #[test]
    fn there_is_room_exactly_where_the_limits_leave_some(limits in limits(), steps in steps()) {
        let (mut ledger, mut book) = (Ledger::new(limits), Book::default());
        let start = Instant::now();
        let mut now = start;
        for step in steps {
            match step {
                Step::Pass(time) => now += time,
                Step::End(index, outcome) => {
                    if !book.in_flight.is_empty() {
                        let entry = *index.get(&book.in_flight);
                        ledger.end(entry, outcome);
                        book.end(entry, outcome);
                    }
                }
                Step::Enter(reserved) => match ledger.enter(now, reserved) {
                    Ok(entry) => {
                        prop_assert!(book.has_room(&limits, now, reserved));
                        book.in_flight.push(entry);
                        book.kept.push(Kept { entry, at: now, tokens: reserved });
                    }
                    Err(Blocked { limit: QuotaLimit::Concurrency, until: None }) => {
                        prop_assert_eq!(Some(book.in_flight.len()), limits.concurrency.map(|most| most as usize));
                    }
                    Err(Blocked { until, .. }) => {
                        let until = until.expect("time alone makes room");
                        prop_assert!(!book.has_room(&limits, now, reserved));
                        prop_assert!(!book.has_room(&limits, until - Duration::from_nanos(1), reserved));
                        prop_assert!(book.has_room(&limits, until, reserved));
                    }
                },
            }
            ledger.forget(now);
            prop_assert_eq!(ledger.in_flight() as usize, book.in_flight.len());
            if limits.per_minute() {
                prop_assert_eq!((ledger.requests(), ledger.tokens()), book.of_minute(now));
            }
        }
        for entry in book.in_flight {
            ledger.end(entry, Outcome::Kept);
        }
        ledger.forget(now + MINUTE);
        prop_assert_eq!((ledger.in_flight(), ledger.requests(), ledger.tokens()), (0, 0, 0));
    }

    /// Of any minute, wherever it begins, the book never has more than the limits, as long as nothing uses more than it
    /// reserved.
    #[test]
    fn no_minute_has_more_than_the_limits(limits in limits(), steps in steps()) {
        let mut ledger = Ledger::new(limits);
        let mut now = Instant::now();
        let mut entered = Vec::new();
        for step in steps {
            match step {
                Step::Pass(time) => now += time / 4,
                Step::Enter(reserved) => entered.extend(ledger.enter(now, reserved).map(|entry| {
                    // What is in flight is not what this is about.
                    ledger.end(entry, Outcome::Used(reserved / 2));
                    (now, reserved / 2)
                })),
                Step::End(..) => {}
            }
        }
        for (start, _) in &entered {
            let minute = || entered.iter().filter(|(at, _)| at >= start && *at < *start + MINUTE);
            prop_assert!(limits.requests.is_none_or(|most| minute().count() <= most as usize));
            prop_assert!(limits.tokens.is_none_or(|most| minute().map(|(_, used)| used).sum::<u64>() <= most));
        }
    }
}

#[test]
fn counts_of_any_size_do_not_overflow() {
    let mut ledger = Ledger::new(Limits { tokens: Some(u64::MAX), ..Limits::default() });
    let now = Instant::now();
    let entries: Vec<_> = (0..3).map(|_| ledger.enter(now, 0).unwrap()).collect();
    entries.into_iter().for_each(|entry| ledger.end(entry, Outcome::Used(u64::MAX)));
    assert!(matches!(
        ledger.enter(now, 2),
        Err(Blocked { limit: QuotaLimit::TokensPerMinute, until: Some(_) })
    ));
    assert_eq!(ledger.tokens(), u64::MAX);
    ledger.forget(now + MINUTE);
    assert_eq!(ledger.tokens(), 0);
}
