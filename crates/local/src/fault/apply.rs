//! Applies a fault to a response.

use std::time::SystemTime;

use bytes::{BufMut, Bytes, BytesMut};
use http::header::{CONTENT_LENGTH, DATE, HeaderMap};
use http::{Response, StatusCode};

use super::call::Fault;
use super::effect::{FaultPoint, Replacement};
use crate::clock::{http_date, shifted};
use crate::response_body::ResponseBody;
use crate::service_error::ServiceError;
use crate::stream::{PlannedStreamFault, StreamFault};

impl Replacement {
    /// Returns the replacement as a response or error.
    pub(crate) fn response(&self) -> Result<Response<ResponseBody>, ServiceError> {
        let mut response = Response::new(ResponseBody::from(Bytes::new()));
        match self {
            Self::Error(error) => return Err(error.clone()),
            Self::Status(status) => *response.status_mut() = *status,
            Self::Garbage(_) => {}
        }
        Ok(response)
    }
}

impl Fault {
    /// Returns the fault to inject into a stream, or `None` if this fault does not break streams. A fault at
    /// [`FaultPoint::LastChunk`] truncates the stream at its end.
    pub(crate) fn planned_stream_fault(&self) -> Option<PlannedStreamFault> {
        let truncated_at_end = || {
            let fault = StreamFault::Truncate { bytes: 0 };
            matches!(self.disconnect, Some((FaultPoint::LastChunk, _)))
                .then_some(PlannedStreamFault { after_events: u64::MAX, fault })
        };
        self.stream_fault.clone().or_else(truncated_at_end)
    }

    /// Modifies the body and the headers of a response.
    pub(crate) fn modify(&self, response: Response<ResponseBody>, now: SystemTime) -> Response<ResponseBody> {
        let (mut head, mut body) = response.into_parts();
        if let Some(bytes) = &self.body {
            body = bytes.clone().into();
        }
        if let Some((FaultPoint::LastChunk, _)) = self.disconnect {
            body = body.unterminated();
        }
        let retry_after = self.retry_after.and_then(|retry_after| retry_after.header(self.skewed(now)));
        if let Some((name, value)) = retry_after {
            head.headers.insert(name, value);
        }
        if let Some(length) = self.content_length {
            head.headers.insert(CONTENT_LENGTH, length.into());
        }
        for (name, value) in &self.headers {
            match value {
                Some(value) => _ = head.headers.insert(name.clone(), value.clone()),
                None => _ = head.headers.remove(name),
            }
        }
        Response::from_parts(head, body)
    }

    /// Sets `Date`. Does not change `Date` if the fault sets or removes this header.
    pub(crate) fn set_date(&self, headers: &mut HeaderMap, now: SystemTime) {
        let is_overridden = self.headers.iter().any(|(name, _)| name == DATE);
        if let Some(date) = http_date(self.skewed(now)).filter(|_| !is_overridden) {
            headers.insert(DATE, date);
        }
    }

    /// Returns `true` if the response is not HTTP.
    pub(crate) fn is_garbage(&self) -> bool {
        matches!(self.replacement, Some(Replacement::Garbage(_)))
    }

    fn skewed(&self, now: SystemTime) -> SystemTime {
        shifted(shifted(now, self.clock_skew), self.date_skew)
    }

    /// Returns the bytes of a response that must be written without hyper, or `None` if hyper can write the
    /// response.
    pub(crate) fn raw_response(&self, response: &Response<ResponseBody>) -> Option<Bytes> {
        if let Some(Replacement::Garbage(bytes)) = &self.replacement {
            return Some(bytes.clone());
        }
        // Only buffered bodies must be written without hyper. hyper would correct the `Content-Length` of a
        // buffered body, but it keeps the `Content-Length` of a stream.
        let body = response.body().buffered()?;
        let (status, headers) = (response.status(), response.headers());
        headers.contains_key(CONTENT_LENGTH).then(|| message(status, headers, body))
    }
}

/// Serializes a message (RFC 9112 section 2.1) without checking its `Content-Length`.
fn message(status: StatusCode, headers: &HeaderMap, body: &[u8]) -> Bytes {
    let mut message = BytesMut::new();
    let reason = status.canonical_reason().unwrap_or_default();
    message.put_slice(format!("HTTP/1.1 {} {reason}\r\n", status.as_str()).as_bytes());
    for (name, value) in headers {
        message.put_slice(name.as_str().as_bytes());
        message.put_slice(b": ");
        message.put_slice(value.as_bytes());
        message.put_slice(b"\r\n");
    }
    message.put_slice(b"\r\n");
    message.put_slice(body);
    message.freeze()
}
