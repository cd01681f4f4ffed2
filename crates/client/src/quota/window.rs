//! The state of a quota limiter: the requests in flight, and the requests and tokens of the last minute. The
//! caller passes the current time as an argument.

use std::collections::VecDeque;
use std::time::Duration;

use tokio::time::Instant;

use super::limits::{QuotaLimit, QuotaLimits};
use super::store::QuotaOutcome;

/// The time for which a request counts against the per-minute limits: a minute and one second.
///
/// The service counts a request when it arrives. The request that opens a connection arrives later after its admission
/// than the next ones. With a window of 60 seconds, the service could therefore receive more requests in 60 seconds than
/// the limit.
pub(super) const WINDOW: Duration = Duration::from_secs(61);

/// A sliding window over the requests of the last minute of one key.
///
/// A token bucket would not be sufficient, because a bucket admits twice its size in the minute after a
/// pause. Fixed minutes would not be sufficient either, because the minutes of the service may start at other
/// times.
#[derive(Debug)]
pub(super) struct SlidingWindow {
    /// [`WINDOW`]. Only tests use other values.
    length: Duration,
    in_flight: u32,
    /// The requests of the last minute, oldest first.
    reservations: VecDeque<Reservation>,
    /// The sum of the tokens of all reservations. Its type is `u128`, because a sum of `u64` values can
    /// overflow a `u64`.
    tokens: u128,
}

#[derive(Debug)]
struct Reservation {
    id: ReservationId,
    admitted_at: Instant,
    tokens: u64,
}

/// The id of a reservation. Ids increase in the order of admission.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct ReservationId(pub(super) u64);

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
    pub(super) fn new(length: Duration) -> Self {
        Self { length, in_flight: 0, reservations: VecDeque::new(), tokens: 0 }
    }

    /// Counts an admitted request. `is_recorded` is `true` if the key has a per-minute limit. `now` must not
    /// be before the time of the last admission, and `id` must be greater than the id of the last admission.
    pub(super) fn admit(&mut self, id: ReservationId, now: Instant, tokens: u64, is_recorded: bool) {
        self.in_flight += 1;
        if is_recorded {
            // A window that only records the requests of another store would otherwise grow forever.
            self.remove_expired(now);
            self.reservations.push_back(Reservation { id, admitted_at: now, tokens });
            self.tokens += u128::from(tokens);
        }
    }

    /// Ends a request. If the reservation of the request has expired, this function only decreases the number
    /// of requests in flight.
    pub(super) fn end(&mut self, id: ReservationId, outcome: QuotaOutcome) {
        self.in_flight -= 1;
        let Ok(index) = self.reservations.binary_search_by_key(&id, |reservation| reservation.id) else {
            return;
        };
        let reservation = &mut self.reservations[index];
        match outcome {
            QuotaOutcome::Unknown => {}
            QuotaOutcome::Used { tokens, .. } => {
                self.tokens = self.tokens - u128::from(reservation.tokens) + u128::from(tokens);
                reservation.tokens = tokens;
            }
            QuotaOutcome::NotSent => {
                self.tokens -= u128::from(reservation.tokens);
                self.reservations.remove(index);
            }
        }
    }

    /// Removes reservations that are older than a minute.
    pub(super) fn remove_expired(&mut self, now: Instant) {
        let length = self.length;
        let is_expired = |reservation: &&Reservation| reservation.admitted_at + length <= now;
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

    /// Returns the limit that does not admit a request that reserves `tokens`. The caller must first remove
    /// expired reservations. `tokens` must not exceed the limit for one minute.
    pub(super) fn blocked(&self, limits: &QuotaLimits, tokens: u64) -> Option<Blocked> {
        if limits.max_concurrency.is_some_and(|limit| self.in_flight >= limit) {
            return Some(Blocked { limit: QuotaLimit::Concurrency, until: None });
        }
        let requests = self.requests_until(limits).map(|until| (until, QuotaLimit::RequestsPerMinute));
        let tokens = self.tokens_until(limits, tokens).map(|until| (until, QuotaLimit::TokensPerMinute));
        let longest = requests.into_iter().chain(tokens).max_by_key(|(until, _)| *until);
        longest.map(|(until, limit)| Blocked { limit, until: Some(until) })
    }

    /// Returns the time at which the request limit admits another request. Returns `None` if the request
    /// limit admits a request now, or is not set.
    fn requests_until(&self, limits: &QuotaLimits) -> Option<Instant> {
        let limit = usize::try_from(limits.requests_per_minute?).unwrap_or(usize::MAX);
        let last_to_expire = self.reservations.len().checked_sub(limit)?;
        Some(self.reservations.get(last_to_expire)?.admitted_at + self.length)
    }

    /// Returns the time at which the token limit admits another `tokens` tokens. Returns `None` if the token
    /// limit admits these tokens now, or is not set.
    fn tokens_until(&self, limits: &QuotaLimits, tokens: u64) -> Option<Instant> {
        let limit = u128::from(limits.tokens_per_minute?);
        let excess = (self.tokens + u128::from(tokens)).checked_sub(limit)?;
        if excess == 0 {
            return None;
        }
        let mut freed = 0;
        let last_to_expire = self.reservations.iter().find(|reservation| {
            freed += u128::from(reservation.tokens);
            freed >= excess
        });
        Some(last_to_expire?.admitted_at + self.length)
    }
}
