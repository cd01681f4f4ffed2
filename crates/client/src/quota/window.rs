//! The state of a quota limiter: the requests in flight, and the requests and tokens of the last minute. The
//! caller passes the current time as an argument.

use std::collections::VecDeque;
use std::time::Duration;

use tokio::time::Instant;

use super::limits::{QuotaLimit, QuotaLimits};

/// The time for which a request counts against the per-minute limits.
const MINUTE: Duration = Duration::from_secs(60);

/// A sliding window over the requests of the last minute.
///
/// A token bucket would not be sufficient, because a bucket admits twice its size in the minute after a
/// pause. Fixed minutes would not be sufficient either, because the minutes of the service may start at other
/// times.
#[derive(Debug)]
pub(super) struct SlidingWindow {
    limits: QuotaLimits,
    in_flight: u32,
    /// The requests of the last minute, oldest first.
    reservations: VecDeque<Reservation>,
    /// The sum of the tokens of all reservations. Its type is `u128`, because a sum of `u64` values can
    /// overflow a `u64`.
    tokens: u128,
    next_id: ReservationId,
    blocked_by: Option<QuotaLimit>,
}

#[derive(Debug)]
struct Reservation {
    id: ReservationId,
    admitted_at: Instant,
    tokens: u64,
}

/// The id of a reservation. Ids increase in the order of admission.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct ReservationId(u64);

/// The outcome of a request.
#[derive(Clone, Copy, Debug)]
pub(super) enum Outcome {
    /// The request used this number of tokens.
    Used(u64),
    /// The request was certainly not sent.
    NotSent,
    /// The number of used tokens is unknown. The reservation remains.
    Unknown,
}

/// A limit that does not admit a request now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Blocked {
    /// The limit that blocks the request for the longest time.
    pub(super) limit: QuotaLimit,
    /// The time at which the limit admits the request. This time can change if another request ends earlier.
    /// `None` if the limit admits the request only after another request has ended.
    pub(super) until: Option<Instant>,
}

impl SlidingWindow {
    pub(super) fn new(limits: QuotaLimits) -> Self {
        Self {
            limits,
            in_flight: 0,
            reservations: VecDeque::new(),
            tokens: 0,
            next_id: ReservationId(0),
            blocked_by: None,
        }
    }

    /// Admits a request that reserves `tokens`, or returns the limit that blocks it.
    ///
    /// `tokens` must not exceed the limit for one minute. `now` must not be before the time of the last
    /// admission.
    pub(super) fn try_admit(&mut self, now: Instant, tokens: u64) -> Result<ReservationId, Blocked> {
        self.remove_expired(now);
        let blocked = self.blocked(tokens);
        self.blocked_by = blocked.map(|blocked| blocked.limit);
        if let Some(blocked) = blocked {
            return Err(blocked);
        }
        let id = self.next_id;
        self.next_id = ReservationId(id.0 + 1);
        self.in_flight += 1;
        if self.limits.has_per_minute() {
            self.reservations.push_back(Reservation { id, admitted_at: now, tokens });
            self.tokens += u128::from(tokens);
        }
        Ok(id)
    }

    /// Ends a request. If the reservation of the request has expired, this function only decreases the number
    /// of requests in flight.
    pub(super) fn end(&mut self, id: ReservationId, outcome: Outcome) {
        self.in_flight -= 1;
        let Ok(index) = self.reservations.binary_search_by_key(&id, |reservation| reservation.id) else {
            return;
        };
        let reservation = &mut self.reservations[index];
        match outcome {
            Outcome::Unknown => {}
            Outcome::Used(tokens) => {
                self.tokens = self.tokens - u128::from(reservation.tokens) + u128::from(tokens);
                reservation.tokens = tokens;
            }
            Outcome::NotSent => {
                self.tokens -= u128::from(reservation.tokens);
                self.reservations.remove(index);
            }
        }
    }

    /// Removes reservations that are older than a minute.
    pub(super) fn remove_expired(&mut self, now: Instant) {
        let is_expired = |reservation: &&Reservation| reservation.admitted_at + MINUTE <= now;
        while let Some(oldest) = self.reservations.front().filter(is_expired) {
            self.tokens -= u128::from(oldest.tokens);
            self.reservations.pop_front();
        }
    }

    pub(super) fn in_flight(&self) -> u32 {
        self.in_flight
    }

    pub(super) fn requests(&self) -> usize {
        self.reservations.len()
    }

    pub(super) fn tokens(&self) -> u64 {
        u64::try_from(self.tokens).unwrap_or(u64::MAX)
    }

    /// Returns the limit that blocked the last call of [`try_admit`](Self::try_admit). Returns `None` if that
    /// call admitted its request.
    pub(super) fn blocked_by(&self) -> Option<QuotaLimit> {
        self.blocked_by
    }

    fn blocked(&self, tokens: u64) -> Option<Blocked> {
        if self.limits.concurrency.is_some_and(|limit| self.in_flight >= limit) {
            return Some(Blocked { limit: QuotaLimit::Concurrency, until: None });
        }
        let requests = self.requests_until().map(|until| (until, QuotaLimit::RequestsPerMinute));
        let tokens = self.tokens_until(tokens).map(|until| (until, QuotaLimit::TokensPerMinute));
        let longest = requests.into_iter().chain(tokens).max_by_key(|(until, _)| *until);
        longest.map(|(until, limit)| Blocked { limit, until: Some(until) })
    }

    /// Returns the time at which the request limit admits another request. Returns `None` if the request
    /// limit admits a request now, or is not set.
    fn requests_until(&self) -> Option<Instant> {
        let limit = usize::try_from(self.limits.requests?).unwrap_or(usize::MAX);
        let last_to_expire = self.reservations.len().checked_sub(limit)?;
        Some(self.reservations.get(last_to_expire)?.admitted_at + MINUTE)
    }

    /// Returns the time at which the token limit admits another `tokens` tokens. Returns `None` if the token
    /// limit admits these tokens now, or is not set.
    fn tokens_until(&self, tokens: u64) -> Option<Instant> {
        let excess = (self.tokens + u128::from(tokens)).checked_sub(u128::from(self.limits.tokens?))?;
        if excess == 0 {
            return None;
        }
        let mut freed = 0;
        let last_to_expire = self.reservations.iter().find(|reservation| {
            freed += u128::from(reservation.tokens);
            freed >= excess
        });
        Some(last_to_expire?.admitted_at + MINUTE)
    }
}
