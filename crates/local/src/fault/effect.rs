//! The effects of a fault: ends of connections, retry hints and replaced responses.

use std::time::{Duration, SystemTime};

use bytes::Bytes;
use http::StatusCode;
use http::header::{HeaderName, HeaderValue, RETRY_AFTER};
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::Value;

use crate::clock::http_date;
use crate::json_form::alternative;
use crate::service_error::ServiceError;

/// The point at which the connection of a call ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum FaultPoint {
    /// The connection ends when the endpoint has read the complete request. The endpoint does not process the
    /// call, so the call does not count as worked on.
    Request,
    /// The connection ends after a number of bytes of the response. The number includes the head. If the
    /// response is shorter, the connection ends after the complete response.
    ResponseBytes(u64),
    /// The connection ends after the head of the response and a number of bytes of the body. In a chunked
    /// body, the number includes the chunk headers. If the body is shorter, the connection ends after the
    /// complete response.
    BodyBytes(u64),
    /// The connection ends before the last chunk of the response. The last chunk has no data and terminates
    /// the body (RFC 9112 section 7.1). The endpoint sends every response with this fault in chunks, without
    /// `Content-Length`.
    LastChunk,
}

/// The way in which a connection ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum ConnectionEnd {
    /// Closes the connection (FIN). The client reads the end of the connection. If the client then sends more
    /// data, the client receives RST.
    Close,
    /// Resets the connection (RST). The client may lose data that it has not read yet.
    Reset,
    /// Closes only the sending direction (FIN). The endpoint reads and discards data from the client, until
    /// the client closes the connection.
    HalfClose,
    /// Keeps the connection open until the client closes it or the endpoint stops. The endpoint does not read
    /// or send any more data.
    Stall,
}

impl<'de> Deserialize<'de> for ConnectionEnd {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let expected = "\"close\", \"reset\", \"half_close\" or \"stall\"";
        alternative(deserializer, expected, |name, value| {
            Ok(match name {
                _ if value.is_some() => None,
                "close" => Some(Self::Close),
                "reset" => Some(Self::Reset),
                "half_close" => Some(Self::HalfClose),
                "stall" => Some(Self::Stall),
                _ => None,
            })
        })
    }
}

/// A retry hint in a response.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum RetryAfter {
    /// `Retry-After` as a number of seconds (RFC 9110 section 10.2.3).
    Seconds(u64),
    /// `Retry-After` as a date: a number of seconds after the date of the response.
    DateIn(u64),
    /// `x-amz-retry-after` as a number of milliseconds. The AWS SDKs read this header.
    Milliseconds(u64),
}

impl<'de> Deserialize<'de> for RetryAfter {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let expected =
            "{\"seconds\": N}, {\"date_in\": N} or {\"milliseconds\": N}; N is an integer of 0 or more";
        alternative(deserializer, expected, |name, value| {
            let number = value.and_then(Value::as_u64);
            Ok(number.and_then(|number| match name {
                "seconds" => Some(Self::Seconds(number)),
                "date_in" => Some(Self::DateIn(number)),
                "milliseconds" => Some(Self::Milliseconds(number)),
                _ => None,
            }))
        })
    }
}

impl RetryAfter {
    /// Returns the header for a response that is sent at `now`. Returns `None` if the date is out of the
    /// range of HTTP dates.
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
    Error(ServiceError),
    /// A status without headers and without a body.
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
