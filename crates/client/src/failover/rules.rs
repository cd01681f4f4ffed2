//! The rules that select the failures after which a call moves to the next target.

use invoke_model_credentials::CredentialsError;
use invoke_model_transport::{TimeoutKind, TransportErrorKind};

use crate::error::{Error, ErrorKind, ServiceErrorDetails, class, is_transient, status_of};
use crate::metadata::FailureClass;
use crate::quota::QuotaError;

/// The rules of a [`Failover`](super::Failover). They are part of the retry configuration of each call, because
/// a call does not wait for a retry if it can move to another target.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct FailoverRules {
    /// The maximum number of attempts on a target, for failures after which the call moves on.
    pub(crate) max_attempts: u32,
    pub(crate) on_access_denied: bool,
    pub(crate) on_server_error: bool,
    pub(crate) on_ambiguous: bool,
}

impl FailoverRules {
    pub(super) const DEFAULT: Self =
        Self { max_attempts: 1, on_access_denied: false, on_server_error: false, on_ambiguous: false };

    /// Returns `true` if a call moves to the next target after this failure of an attempt.
    pub(crate) fn moves_on<E: ServiceErrorDetails>(&self, kind: &ErrorKind<E>) -> bool {
        match (class(kind), kind) {
            // The operation timeout covers all targets. The other two kinds are mistakes of the caller.
            (_, ErrorKind::Transport(error)) if is_of_call(error.kind()) => false,
            (FailureClass::NotSent, ErrorKind::Transport(_)) => true,
            // The credentials of the call are the same for all targets.
            (_, ErrorKind::Credentials(error)) => !matches!(error, CredentialsError::CallProvider(_)),
            (_, ErrorKind::Sign(_)) => true,
            // These limits belong to the caller, and not to the target. The call would wait for them again.
            (
                _,
                ErrorKind::Quota(QuotaError::OverBudget { .. } | QuotaError::TimedOut { of_tag: true, .. }),
            ) => false,
            (_, ErrorKind::Quota(_)) => true,
            (FailureClass::Rejected, ErrorKind::Service { error, response }) => {
                is_unavailable(error, status_of(error, response))
                    || (self.on_access_denied && kind.is_access_denied())
            }
            (FailureClass::ServerError, _) => self.on_server_error,
            (FailureClass::Ambiguous, ErrorKind::Transport(error)) => {
                self.on_ambiguous && is_transient(error.kind())
            }
            (
                FailureClass::Ambiguous,
                ErrorKind::Service { .. }
                | ErrorKind::Truncated(_)
                | ErrorKind::Decode(_)
                | ErrorKind::StreamException { .. },
            ) => self.on_ambiguous,
            // A mistake of the caller, or a complete response that cannot be parsed.
            _ => false,
        }
    }

    /// Returns `true` if the retries of a target end because the call moves to the next target. After an earlier
    /// ambiguous attempt, the call does not move on, so it continues with its retries.
    pub(crate) fn ends_retries<E: ServiceErrorDetails>(
        &self,
        kind: &ErrorKind<E>,
        attempts: u32,
        retries_ambiguous: bool,
    ) -> bool {
        let may_be_ambiguous = attempts > 1 && retries_ambiguous && !self.on_ambiguous;
        attempts >= self.max_attempts && !may_be_ambiguous && self.moves_on(kind)
    }

    /// Returns `true` if a call moves to the next target after its last attempt has failed with this error.
    pub(super) fn moves_on_after(&self, error: &Error) -> bool {
        let may_be_billed = error.class() == FailureClass::Ambiguous;
        self.moves_on(error.kind()) && (self.on_ambiguous || !may_be_billed)
    }

    /// Returns the statement of a failure about the target.
    pub(super) fn verdict(&self, error: &Error) -> Verdict {
        match error.kind() {
            // These failures need no request, so a breaker would save nothing.
            ErrorKind::Quota(_)
            | ErrorKind::Sign(_)
            | ErrorKind::Credentials(CredentialsError::CallProvider(_) | CredentialsError::WithoutTls) => {
                Verdict::Unknown
            }
            ErrorKind::Transport(transport) if is_of_call(transport.kind()) => Verdict::Unknown,
            kind if self.moves_on(kind) => Verdict::Fails,
            kind => match class(kind) {
                FailureClass::Rejected => Verdict::Works,
                FailureClass::ServerError | FailureClass::Ambiguous if error.is_retryable() => Verdict::Fails,
                _ => Verdict::Unknown,
            },
        }
    }
}

/// The statement of a failed call about its target.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    /// The target has responded, and the request was wrong.
    Works,
    Fails,
    /// The failure depends on the call and not on the target.
    Unknown,
}

/// Returns `true` if the failure would be the same for every target, or if the call has no time left.
fn is_of_call(kind: TransportErrorKind) -> bool {
    use TransportErrorKind::{InvalidRequest, RequestBody, Timeout};
    matches!(kind, InvalidRequest | RequestBody | Timeout(TimeoutKind::Operation))
}

/// Returns `true` if the target cannot process requests now: it throttles them, it is unavailable, the model is
/// not ready, or a quota of the account is exhausted.
fn is_unavailable<E: ServiceErrorDetails>(error: &E, status: u16) -> bool {
    // The status of this error is 400, and no trait of the model distinguishes it from an invalid input.
    let is_quota = error.code() == Some("ServiceQuotaExceededException");
    matches!(status, 429 | 503) || error.retryable().is_some() || is_quota
}
