//! The permission to send one request.

use std::fmt;
use std::sync::Arc;

use super::Shared;
use super::ledger::{Entry, Outcome};
use crate::{FailureClass, Usage};

/// The permission to send one request; until it ends, the request is in flight.
///
/// | how the request ended | the permit is | what counts |
/// |---|---|---|
/// | answered | [`settled`](Self::settle) | the request, and what the service counted |
/// | [`NotSent`](FailureClass::NotSent) | [`failed`](Self::failed) or [`released`](Self::release) | nothing |
/// | [`Rejected`](FailureClass::Rejected) | [`failed`](Self::failed) | the request, no tokens |
/// | otherwise, or unknown | [`failed`](Self::failed) or dropped | the request, and what it reserved |
#[must_use = "a permit that is dropped is a request that has ended"]
pub struct QuotaPermit {
    shared: Arc<Shared>,
    entry: Entry,
    reserved: u64,
    outcome: Outcome,
}

impl QuotaPermit {
    pub(super) fn new(shared: Arc<Shared>, entry: Entry, reserved: u64) -> Self {
        Self { shared, entry, reserved, outcome: Outcome::Kept }
    }

    /// The tokens that are reserved.
    pub fn reserved(&self) -> u64 {
        self.reserved
    }

    /// The request was answered, and this is what it used. It is counted in place of the reservation, even where it is
    /// more: then others wait longer. Where nothing is counted, as for images, the reservation stays.
    pub fn settle(mut self, usage: Usage) {
        if let Some(tokens) = usage.burndown(self.shared.output_token_weight) {
            self.outcome = Outcome::Used(tokens);
        }
    }

    /// The request failed.
    pub fn failed(mut self, class: FailureClass) {
        self.outcome = match class {
            FailureClass::NotSent => Outcome::NotSent,
            FailureClass::Rejected => Outcome::Used(0),
            FailureClass::ServerError | FailureClass::Ambiguous => Outcome::Kept,
        };
    }

    /// The request was not sent: neither it nor its tokens count.
    pub fn release(self) {
        self.failed(FailureClass::NotSent);
    }
}

impl Drop for QuotaPermit {
    fn drop(&mut self) {
        self.shared.ledger().end(self.entry, self.outcome);
        self.shared.changed.notify_one();
    }
}

impl fmt::Debug for QuotaPermit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("QuotaPermit").field("reserved", &self.reserved).finish_non_exhaustive()
    }
}
