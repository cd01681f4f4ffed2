//! A fault, done to a response.

use std::time::SystemTime;

use bytes::{BufMut, Bytes, BytesMut};
use http::header::{CONTENT_LENGTH, DATE, HeaderMap};
use http::{Response, StatusCode};

use super::call::{Fault, Instead};
use super::point::FaultPoint;
use crate::body::AnswerBody;
use crate::date::{self, shifted};
use crate::refuse::Refused;
use crate::stream::{Planned, StreamFault};

impl Instead {
    /// The response that is given instead.
    pub(crate) fn response(&self) -> Result<Response<AnswerBody>, Refused> {
        let mut response = Response::new(AnswerBody::from(Bytes::new()));
        match self {
            Self::Error(error) => return Err(Refused::Modeled(error.clone())),
            Self::Status(status) => *response.status_mut() = *status,
            Self::Garbage(_) => {}
        }
        Ok(response)
    }
}

impl Fault {
    /// Where a stream breaks, if it does.
    pub(crate) fn planned(&self) -> Option<Planned> {
        let unended = || {
            let fault = StreamFault::Cut { bytes: 0 };
            matches!(self.broken, Some((FaultPoint::LastChunk, _)))
                .then_some(Planned { after_events: u64::MAX, fault })
        };
        self.stream.clone().or_else(unended)
    }

    /// Body and fields as they shall be.
    pub(crate) fn dress(&self, response: Response<AnswerBody>, now: SystemTime) -> Response<AnswerBody> {
        let (mut head, mut body) = response.into_parts();
        if let Some(bytes) = &self.body {
            body = bytes.clone().into();
        }
        if let Some((FaultPoint::LastChunk, _)) = self.broken {
            body = body.unended();
        }
        let said = self.retry_after.and_then(|retry_after| retry_after.field(self.dated(now)));
        if let Some((name, value)) = said {
            head.headers.insert(name, value);
        }
        if let Some(length) = self.content_length {
            head.headers.insert(CONTENT_LENGTH, length.into());
        }
        for (name, value) in &self.fields {
            match value {
                Some(value) => _ = head.headers.insert(name.clone(), value.clone()),
                None => _ = head.headers.remove(name),
            }
        }
        Response::from_parts(head, body)
    }

    /// Dates an answer, unless its date is said or taken away.
    pub(crate) fn date(&self, headers: &mut HeaderMap, now: SystemTime) {
        let is_said = self.fields.iter().any(|(name, _)| name == DATE);
        if let Some(date) = date::field(self.dated(now)).filter(|_| !is_said) {
            headers.insert(DATE, date);
        }
    }

    fn dated(&self, now: SystemTime) -> SystemTime {
        shifted(shifted(now, self.clock_skew), self.date_skew)
    }

    /// The bytes of a response that hyper would not write.
    pub(crate) fn raw(&self, response: &Response<AnswerBody>) -> Option<Bytes> {
        if let Some(Instead::Garbage(bytes)) = &self.instead {
            return Some(bytes.clone());
        }
        // Of a body whose length it does not know, hyper believes what is said.
        let body = response.body().whole()?;
        let (status, headers) = (response.status(), response.headers());
        headers.contains_key(CONTENT_LENGTH).then(|| message(status, headers, body))
    }
}

/// A message as RFC 9112 section 2.1 writes it, whatever its fields say of its length.
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
