//! The permit to send one request.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use invoke_model_families::Usage;
use invoke_model_transport::RequestProgress;

use super::prices::Price;
use super::store::{QuotaOutcome, QuotaReservation};
use super::window::ReservationId;
use super::{Backend, State};
use crate::metadata::FailureClass;

/// The permit of a [`QuotaLimiter`](super::QuotaLimiter) to send one request. The request counts as in flight
/// until the permit is dropped or consumed. After that, the outcome determines the requests and tokens that
/// count against the per-minute limits, and the tokens or the cost that count against budgets:
///
/// | outcome of the request | method | counts |
/// |---|---|---|
/// | response | [`complete`](Self::complete) | the request, and the tokens that the service counted |
/// | [`NotSent`](FailureClass::NotSent) | [`fail`](Self::fail) or [`release`](Self::release) | nothing |
/// | [`Rejected`](FailureClass::Rejected) | [`fail`](Self::fail) | the request, but no tokens |
/// | other or unknown | [`fail`](Self::fail), or drop | the request, and the reserved tokens |
#[must_use = "a dropped permit no longer counts its request as in flight"]
pub struct QuotaPermit {
    state: Arc<State>,
    reservation: Reservation,
    reserved_tokens: u64,
    /// The price of the model, if a key has a budget in money. It is boxed to keep the futures of calls small.
    price: Option<Box<Price>>,
    /// `true` if the request has ended.
    has_ended: bool,
    /// The progress of the request, if the client sends it.
    progress: Option<RequestProgress>,
}

/// The reservation of an admitted request in the store of the limiter.
#[derive(Debug)]
pub(super) enum Reservation {
    Memory(ReservationId),
    /// `None` after the end of the request.
    Shared(Option<QuotaReservation>),
}

impl QuotaPermit {
    pub(super) fn new(
        state: Arc<State>,
        reservation: Reservation,
        reserved_tokens: u64,
        price: Option<Price>,
    ) -> Self {
        let price = price.map(Box::new);
        Self { state, reservation, reserved_tokens, price, has_ended: false, progress: None }
    }

    /// Makes a dropped permit count nothing as long as the request was certainly not sent. Without the
    /// progress, a call that is cancelled while it waits for a connection would keep its tokens for a minute.
    pub(crate) fn with_progress(mut self, progress: RequestProgress) -> Self {
        self.progress = Some(progress);
        self
    }

    /// Returns the progress of the request.
    pub(crate) fn progress(&self) -> Option<&RequestProgress> {
        self.progress.as_ref()
    }

    /// Returns the number of reserved tokens.
    pub fn reserved_tokens(&self) -> u64 {
        self.reserved_tokens
    }

    /// Ends a request that used the tokens in `usage`. The number of used tokens replaces the number of
    /// reserved tokens. If the request used more tokens than it reserved, later requests wait longer. If
    /// `usage` has no token counts, for example for images, the reserved tokens count.
    pub fn complete(mut self, usage: Usage) {
        let outcome = match usage.quota_tokens(self.state.settings.output_token_weight) {
            Some(tokens) => {
                let cost = self.price.as_ref().and_then(|price| price.cost(&usage)).unwrap_or_default();
                QuotaOutcome::Used { tokens, cost }
            }
            None => QuotaOutcome::Unknown,
        };
        self.end(outcome);
    }

    /// Ends a request that failed.
    pub fn fail(mut self, class: FailureClass) {
        self.end(match class {
            FailureClass::NotSent => QuotaOutcome::NotSent,
            FailureClass::Rejected => QuotaOutcome::Used { tokens: 0, cost: 0 },
            FailureClass::ServerError | FailureClass::Ambiguous => QuotaOutcome::Unknown,
        });
    }

    /// Ends a request that was not sent. The request and its tokens do not count.
    pub fn release(self) {
        self.fail(FailureClass::NotSent);
    }

    fn end(&mut self, mut outcome: QuotaOutcome) {
        if std::mem::replace(&mut self.has_ended, true) {
            return;
        }
        let is_not_sent = |progress: &RequestProgress| !progress.stage().may_have_been_sent();
        if matches!(outcome, QuotaOutcome::Unknown) && self.progress.as_ref().is_some_and(is_not_sent) {
            outcome = QuotaOutcome::NotSent;
        }
        match (&mut self.reservation, &self.state.backend) {
            (Reservation::Memory(id), Backend::Memory { store, slots }) => store.end(slots, *id, outcome),
            (Reservation::Shared(reservation), Backend::Shared { in_flight, request_ended, .. }) => {
                if let Some(reservation) = reservation.take() {
                    reservation.end(outcome);
                }
                in_flight.fetch_sub(1, Ordering::Relaxed);
                request_ended.notify_waiters();
            }
            // A permit has the kind of reservation that its limiter creates.
            _ => {}
        }
    }
}

impl Drop for QuotaPermit {
    fn drop(&mut self) {
        self.end(QuotaOutcome::Unknown);
    }
}

impl fmt::Debug for QuotaPermit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("QuotaPermit").field("reserved_tokens", &self.reserved_tokens).finish_non_exhaustive()
    }
}
