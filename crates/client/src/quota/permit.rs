//! The permit to send one request.

use std::fmt;
use std::sync::Arc;

use invoke_model_families::Usage;
use invoke_model_transport::RequestProgress;

use super::State;
use super::window::{Outcome, ReservationId};
use crate::metadata::FailureClass;

/// The permit of a [`QuotaLimiter`](super::QuotaLimiter) to send one request. The request counts as in flight
/// until the permit is dropped or consumed. After that, the outcome determines the requests and tokens that
/// count against the per-minute limits:
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
    id: ReservationId,
    reserved_tokens: u64,
    outcome: Outcome,
    /// The progress of the request, if the client sends it.
    progress: Option<RequestProgress>,
}

impl QuotaPermit {
    pub(super) fn new(state: Arc<State>, id: ReservationId, reserved_tokens: u64) -> Self {
        Self { state, id, reserved_tokens, outcome: Outcome::Unknown, progress: None }
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
        if let Some(tokens) = usage.quota_tokens(self.state.output_token_weight) {
            self.outcome = Outcome::Used(tokens);
        }
    }

    /// Ends a request that failed.
    pub fn fail(mut self, class: FailureClass) {
        self.outcome = match class {
            FailureClass::NotSent => Outcome::NotSent,
            FailureClass::Rejected => Outcome::Used(0),
            FailureClass::ServerError | FailureClass::Ambiguous => Outcome::Unknown,
        };
    }

    /// Ends a request that was not sent. The request and its tokens do not count.
    pub fn release(self) {
        self.fail(FailureClass::NotSent);
    }
}

impl Drop for QuotaPermit {
    fn drop(&mut self) {
        let is_not_sent = |progress: &RequestProgress| !progress.stage().may_have_been_sent();
        if matches!(self.outcome, Outcome::Unknown) && self.progress.as_ref().is_some_and(is_not_sent) {
            self.outcome = Outcome::NotSent;
        }
        self.state.window().end(self.id, self.outcome);
        self.state.request_ended.notify_one();
    }
}

impl fmt::Debug for QuotaPermit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("QuotaPermit").field("reserved_tokens", &self.reserved_tokens).finish_non_exhaustive()
    }
}
