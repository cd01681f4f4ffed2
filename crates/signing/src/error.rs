//! Errors of signing and verification.

use std::time::{Duration, SystemTime};

use crate::date::{AmzDate, AmzDateError};
use crate::mismatch::SignatureMismatch;

/// An error about a request that cannot be signed. The error does not contain secrets.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SignError {
    /// The signature must cover the host, but the request does not contain a host.
    #[error("cannot sign: the request has neither a `host` header nor a host in its URI")]
    MissingHost,

    /// A header value is not UTF-8, so it cannot be part of the canonical request.
    #[error("cannot sign: the value of header `{name}` is not UTF-8")]
    InvalidHeader {
        /// Name of the header, in lower case.
        name: String,
    },

    /// A signing parameter is empty, or contains a character that is not allowed in the header with the
    /// parameter. For the secret access key: it ends with a line break.
    #[error("cannot sign: the {parameter} is empty or contains a character that is not allowed")]
    InvalidParameter {
        /// `access key id`, `secret access key`, `region`, `service`, `session token` or `bearer token`.
        parameter: &'static str,
    },

    /// The expiry of a presigned request is not between 1 second and
    /// [`MAX_PRESIGN_EXPIRY`](crate::MAX_PRESIGN_EXPIRY).
    #[error("cannot presign: the expiry must be between 1 second and 7 days")]
    InvalidExpiry,

    /// The presigned URI is longer than 65,534 bytes, the limit of [`http::Uri`].
    #[error("cannot presign: the URI with the signature is longer than 65,534 bytes")]
    UriTooLong,

    /// The signing time is not in the years 1970 to 9999.
    #[error("cannot sign: the time is not in the years 1970 to 9999")]
    TimeOutOfRange,
}

impl From<AmzDateError> for SignError {
    fn from(_: AmzDateError) -> Self {
        Self::TimeOutOfRange
    }
}

/// The reason why the verifier rejects a request. All variants are errors of the client. The variants do not
/// contain secrets.
#[derive(Clone, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum VerifyError {
    /// The request has neither an `authorization` header nor the query parameters of a presigned request.
    #[error("the request is not signed: it has no `authorization` header")]
    MissingAuthentication,

    /// A header that the verifier needs is missing, repeated or malformed.
    #[error("header `{name}` {problem}")]
    MalformedHeader {
        /// Name of the header, in lower case.
        name: String,
        /// A verb phrase that describes the problem. The error text contains it after the header's name.
        problem: &'static str,
    },

    /// A query parameter of a presigned request is missing, repeated or malformed.
    #[error("query parameter `{name}` {problem}")]
    MalformedParameter {
        /// Name of the parameter.
        name: &'static str,
        /// A verb phrase that describes the problem. The error text contains it after the parameter's name.
        problem: &'static str,
    },

    /// The access key id is unknown.
    #[error("unknown access key `{access_key_id}`")]
    UnknownAccessKey {
        /// The access key id that the client sent.
        access_key_id: String,
    },

    /// The request's session token is missing, or does not belong to the access key.
    #[error("`x-amz-security-token` is missing or does not belong to access key `{access_key_id}`")]
    WrongSessionToken {
        /// The access key id that the client sent.
        access_key_id: String,
    },

    /// The signing time differs too much from the time of verification.
    #[error(
        "the signing time {} differs by more than {} s from the current time {}",
        stamp(.signed_at), .max_skew.as_secs(), stamp(.now)
    )]
    ClockSkew {
        /// The time in `x-amz-date`, or in `:date` of an event.
        signed_at: SystemTime,
        /// The time of verification.
        now: SystemTime,
        /// The maximum difference between the two times, in either direction.
        max_skew: Duration,
    },

    /// The presigned request has expired.
    #[error("the presigned request expired at {}, and the current time is {}", stamp(.expired_at), stamp(.now))]
    Expired {
        /// The end of the validity: the time in `X-Amz-Date` plus `X-Amz-Expires`.
        expired_at: SystemTime,
        /// The time of verification.
        now: SystemTime,
    },

    /// The day, region or service in the credential scope is wrong. The day must be the day of `x-amz-date`.
    #[error("signed for credential scope `{found}`, but `{expected}` is required")]
    WrongScope {
        /// The required credential scope.
        expected: String,
        /// The credential scope that the client sent.
        found: String,
    },

    /// The signature does not cover a header that must be signed.
    #[error("header `{name}` must be signed, but is not in SignedHeaders")]
    UnsignedHeader {
        /// `host`, or a name that starts with `x-amz-`.
        name: String,
    },

    /// The hash in `x-amz-content-sha256` is not the hash of the received body.
    #[error("`x-amz-content-sha256` is `{declared}`, but the hash of the body is `{actual}`")]
    PayloadMismatch {
        /// The value of the header.
        declared: String,
        /// The hash of the received body.
        actual: String,
    },

    /// The signature does not match, although all other checks passed. The client signed another canonical
    /// request, or used another secret access key.
    #[error("the signature does not match: {}", .0.summary())]
    SignatureMismatch(Box<SignatureMismatch>),

    /// The signature of a message of an event stream does not match. The client signed another message,
    /// another time or another position in the stream, or used another secret access key.
    #[error("the signature of the event does not match; sign each event once, in the order of the stream")]
    EventSignatureMismatch,
}

fn stamp(time: &SystemTime) -> String {
    AmzDate::try_from(*time)
        .map_or("a time outside the years 1970 to 9999".to_owned(), |date| date.to_string())
}
