//! Why a request cannot be signed, and why a signature is refused.

use std::time::{Duration, SystemTime};

use crate::date::{AmzDate, AmzDateError};
use crate::mismatch::SignatureMismatch;

/// A request that cannot be signed. Nothing in it is secret.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SignError {
    /// The signature must cover the host, and the request names none.
    #[error("cannot sign: the request has neither a `host` field nor a host in its URI")]
    MissingHost,

    /// A header field holds bytes that are not text, so the canonical request has no form for it.
    #[error("cannot sign: the value of header field `{name}` is not UTF-8 text")]
    InvalidHeader {
        /// The field's name.
        name: String,
    },

    /// A part of the signature that is empty or cannot stand in a header field.
    #[error("cannot sign: the {parameter} is empty or has a character that it must not have")]
    InvalidParameter {
        /// What it is: `access key id`, `region`, `service`, `session token` or `bearer token`.
        parameter: &'static str,
    },

    /// A presigned request is good for 1 second to seven days.
    #[error("cannot presign: the expiry must be 1 second to 7 days")]
    InvalidExpiry,

    /// The target with the signature in it is longer than a URI can be here (65,534 bytes).
    #[error("cannot presign: the URI is too long with the signature in it")]
    UriTooLong,

    /// The time is before 1970 or after 9999.
    #[error("cannot sign: the time is not between 1970 and 9999")]
    TimeOutOfRange,
}

impl From<AmzDateError> for SignError {
    fn from(_: AmzDateError) -> Self {
        Self::TimeOutOfRange
    }
}

/// A signature that is refused. The client is at fault in all of them; no secret is in any of them.
#[derive(Debug, Clone, thiserror::Error)]
#[non_exhaustive]
pub enum VerifyError {
    /// The request has no `authorization` field.
    #[error("the request is not signed: it has no `authorization` field")]
    MissingAuthentication,

    /// A field that the signature rests on cannot be read.
    #[error("header field `{name}` {problem}")]
    MalformedHeader {
        /// The field's name.
        name: String,
        /// What is wrong with it, as the rest of a sentence.
        problem: &'static str,
    },

    /// Nobody has this access key.
    #[error("access key `{access_key_id}` is not known")]
    UnknownAccessKey {
        /// The access key id that the client sent.
        access_key_id: String,
    },

    /// The session token is missing, or is not the one that belongs to the access key.
    #[error("`x-amz-security-token` is missing or does not belong to access key `{access_key_id}`")]
    WrongSessionToken {
        /// The access key id that the client sent.
        access_key_id: String,
    },

    /// Signed too long ago or too far in the future.
    #[error("signed at {}, which is more than {} s away from {}", stamp(.signed_at), .max_skew.as_secs(), stamp(.now))]
    ClockSkew {
        /// The time in `x-amz-date`.
        signed_at: SystemTime,
        /// The time of verification.
        now: SystemTime,
        /// How far apart they may be.
        max_skew: Duration,
    },

    /// Signed for another day than that of `x-amz-date`, for another region, or for another service.
    #[error("signed for `{found}`, but should be for `{expected}`")]
    WrongScope {
        /// The credential scope that would be accepted.
        expected: String,
        /// The credential scope that the client sent.
        found: String,
    },

    /// A field that must be signed when present is not.
    #[error("header field `{name}` must be signed, but is not in SignedHeaders")]
    UnsignedHeader {
        /// `host`, or a field that starts with `x-amz-`.
        name: String,
    },

    /// `x-amz-content-sha256` speaks of another body than the one received.
    #[error("`x-amz-content-sha256` says `{declared}`, but the hash of the body is `{actual}`")]
    PayloadMismatch {
        /// What the field says.
        declared: String,
        /// The hash of the body as received.
        actual: String,
    },

    /// All is in order but the signature: the client signed something else, or with another secret.
    #[error("the signature does not match: {}", .0.summary())]
    SignatureMismatch(Box<SignatureMismatch>),
}

fn stamp(time: &SystemTime) -> String {
    AmzDate::try_from(*time).map_or("a time outside 1970 to 9999".to_owned(), |date| date.to_string())
}
