//! What is in flight, and what was let through in the last minute. No clock, no waiting.

use std::collections::VecDeque;
use std::time::Duration;

use tokio::time::Instant;

use super::QuotaLimit;
use super::limits::Limits;

/// How long a request counts.
const MINUTE: Duration = Duration::from_secs(60);

/// The book of one admission.
///
/// Each request of the last minute has its own line, and not a share of a bucket that fills with time: a bucket lets
/// through twice its size in the minute after a pause, and the service need not count from where we do.
#[derive(Debug)]
pub(super) struct Ledger {
    limits: Limits,
    in_flight: u32,
    /// The requests of the last minute, oldest first.
    lines: VecDeque<Line>,
    /// The sum of their tokens. Of a `u64` each, it cannot overflow.
    tokens: u128,
    next: Entry,
    held_up_by: Option<QuotaLimit>,
}

#[derive(Debug)]
struct Line {
    entry: Entry,
    at: Instant,
    tokens: u64,
}

/// Names a request, in the order of admission.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Entry(u64);

/// How a request ended.
#[derive(Clone, Copy, Debug)]
pub(super) enum Outcome {
    /// It used so many tokens.
    Used(u64),
    /// It was certainly not sent.
    NotSent,
    /// Nobody knows what it used: at most what is reserved.
    Kept,
}

/// There is no room.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Blocked {
    /// What keeps the request waiting longest.
    pub(super) limit: QuotaLimit,
    /// When there is room if nothing ends before; `None` if something must end.
    pub(super) until: Option<Instant>,
}

impl Ledger {
    pub(super) fn new(limits: Limits) -> Self {
        Self { limits, in_flight: 0, lines: VecDeque::new(), tokens: 0, next: Entry(0), held_up_by: None }
    }

    /// Enters a request that reserves so many tokens, at most those of a minute, if there is room. `now` is never before
    /// that of the entry before.
    pub(super) fn enter(&mut self, now: Instant, reserved: u64) -> Result<Entry, Blocked> {
        self.forget(now);
        let blocked = self.blocked(reserved);
        self.held_up_by = blocked.map(|blocked| blocked.limit);
        if let Some(blocked) = blocked {
            return Err(blocked);
        }
        let entry = self.next;
        self.next = Entry(entry.0 + 1);
        self.in_flight += 1;
        if self.limits.per_minute() {
            self.lines.push_back(Line { entry, at: now, tokens: reserved });
            self.tokens += u128::from(reserved);
        }
        Ok(entry)
    }

    /// The request has ended. After its minute only its place in flight is left to be freed.
    pub(super) fn end(&mut self, entry: Entry, outcome: Outcome) {
        self.in_flight -= 1;
        let Ok(index) = self.lines.binary_search_by_key(&entry, |line| line.entry) else { return };
        let line = &mut self.lines[index];
        match outcome {
            Outcome::Kept => {}
            Outcome::Used(used) => {
                self.tokens = self.tokens - u128::from(line.tokens) + u128::from(used);
                line.tokens = used;
            }
            Outcome::NotSent => {
                self.tokens -= u128::from(line.tokens);
                self.lines.remove(index);
            }
        }
    }

    /// Forgets what is older than a minute.
    pub(super) fn forget(&mut self, now: Instant) {
        while let Some(oldest) = self.lines.front().filter(|line| line.at + MINUTE <= now) {
            self.tokens -= u128::from(oldest.tokens);
            self.lines.pop_front();
        }
    }

    pub(super) fn in_flight(&self) -> u32 {
        self.in_flight
    }

    pub(super) fn requests(&self) -> usize {
        self.lines.len()
    }

    pub(super) fn tokens(&self) -> u64 {
        u64::try_from(self.tokens).unwrap_or(u64::MAX)
    }

    /// What kept the last request that asked waiting, if it was not admitted.
    pub(super) fn held_up_by(&self) -> Option<QuotaLimit> {
        self.held_up_by
    }

    fn blocked(&self, reserved: u64) -> Option<Blocked> {
        if self.limits.concurrency.is_some_and(|most| self.in_flight >= most) {
            return Some(Blocked { limit: QuotaLimit::Concurrency, until: None });
        }
        let requests = self.requests_until().map(|until| (until, QuotaLimit::RequestsPerMinute));
        let tokens = self.tokens_until(reserved).map(|until| (until, QuotaLimit::TokensPerMinute));
        let longest = requests.into_iter().chain(tokens).max_by_key(|(until, _)| *until);
        longest.map(|(until, limit)| Blocked { limit, until: Some(until) })
    }

    /// When there are few enough requests for one more, if there are not.
    fn requests_until(&self) -> Option<Instant> {
        let most = usize::try_from(self.limits.requests?).unwrap_or(usize::MAX);
        let last_to_go = self.lines.len().checked_sub(most)?;
        Some(self.lines.get(last_to_go)?.at + MINUTE)
    }

    /// When there are few enough tokens for so many more, if there are not.
    fn tokens_until(&self, reserved: u64) -> Option<Instant> {
        let excess = (self.tokens + u128::from(reserved)).checked_sub(u128::from(self.limits.tokens?))?;
        if excess == 0 {
            return None;
        }
        let mut gone = 0;
        let last_to_go = self.lines.iter().find(|line| {
            gone += u128::from(line.tokens);
            gone >= excess
        });
        Some(last_to_go?.at + MINUTE)
    }
}
