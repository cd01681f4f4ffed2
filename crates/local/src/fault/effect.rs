//! The parts of a fault: where a connection ends and how, retry hints, and replacements of a response.

use std::time::{Duration, SystemTime};

use bytes::Bytes;
use http::StatusCode;
use http::header::{HeaderName, HeaderValue, RETRY_AFTER};
use invoke_model_types::InvokeModelWithResponseStreamError;
use serde::Deserialize;

use crate::clock::http_date;

/// The point at which the connection of a call ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum FaultPoint {
    /// After the complete request was read and before it is processed, so the call is not worked on.
    Request,
    /// After a number of bytes of the response, including its head. A shorter response is sent completely.
    ResponseBytes(u64),
    /// After the head of the response and a number of bytes of its body as it is on the wire, including chunk
    /// headers. A shorter body is sent completely.
    BodyBytes(u64),
    /// After the complete response except for its last chunk, which terminates the body (RFC 9112 section
    /// 7.1). A response with `Content-Length` is sent in chunks instead.
    LastChunk,
}

/// The way in which a connection ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum ConnectionEnd {
    /// Closes the connection (FIN). The client reads the end of the connection. If it sends more data, it
    /// receives RST.
    Close,
    /// Resets the connection (RST). The client may lose data that it has not read yet.
    Reset,
    /// Closes the sending direction only (FIN). Data from the client is still read and discarded, until the
    /// client closes, too.
    HalfClose,
    /// Keeps the connection open and neither reads nor sends, until the client closes it or the endpoint
    /// stops.
    Stall,
}

/// A retry hint in a response.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum RetryAfter {
    /// `Retry-After` as a number of seconds (RFC 9110 section 10.2.3).
    Seconds(u64),
    /// `Retry-After` as a date, which is a number of seconds after the date of the response.
    DateIn(u64),
    /// `x-amz-retry-after` as a number of milliseconds, which AWS SDKs read.
    Milliseconds(u64),
}

impl RetryAfter {
    /// Returns the header for a response at the time `now`, or `None` if the date cannot be expressed.
    pub(super) fn header(self, now: SystemTime) -> Option<(HeaderName, HeaderValue)> {
        match self {
            Self::Seconds(seconds) => Some((RETRY_AFTER, seconds.into())),
            Self::DateIn(seconds) => {
                let date = now.checked_add(Duration::from_secs(seconds))?;
                Some((RETRY_AFTER, http_date(date)?))
            }
            Self::Milliseconds(milliseconds) => {
                Some((HeaderName::from_static("x-amz-retry-after"), milliseconds.into()))
            }
        }
    }
}

/// A response that replaces the response of the model.
#[derive(Clone, Debug)]
pub(crate) enum Replacement {
    /// A modeled or unmodeled error.
    Error(InvokeModelWithResponseStreamError),
    /// A status without body and headers.
    Status(StatusCode),
    /// Raw bytes instead of an HTTP response.
    Garbage(Bytes),
}

/// The rate of a response that is sent in small pieces.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Drip {
    /// The maximum number of bytes of one write.
    pub(crate) bytes: usize,
    /// The delay between two writes.
    pub(crate) interval: Duration,
}
