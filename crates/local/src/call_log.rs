//! The calls that have arrived, for tests to read.

use std::collections::VecDeque;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use bytes::Bytes;
use http::header::AUTHORIZATION;
use http::request::Parts;
use http::{HeaderMap, Method};

use crate::answering::Sent;
use crate::stream::{Progress, StreamRecord};

/// A call: what was asked, and how it ended.
///
/// `Debug` hides what may be sensitive: the body and the request metadata.
#[derive(Clone)]
#[non_exhaustive]
pub struct CallRecord {
    /// The method.
    pub method: Method,
    /// The target as it stood on the wire: `/model/amazon.titan-embed-text-v2%3A0/invoke`.
    pub target: String,
    /// The model id or ARN, percent-decoded; none if the target is of no operation.
    pub model_id: Option<String>,
    /// The header fields, without `authorization` and `x-amz-security-token`.
    pub headers: HeaderMap,
    /// The body; of one that is too long, the first 25,000,001 bytes.
    pub body: Bytes,
    /// Whether a SigV4 signature was verified.
    pub signed: bool,
    /// The id under which the call was answered.
    pub request_id: String,
    /// Over which connection it came: 1 for the first that was accepted.
    pub connection: u64,
    /// Whether it was worked on: an answer was made, which the service would bill, whether or not it arrived. What a fault
    /// says in place of an answer counts as [`Fault::worked_on`](crate::Fault::worked_on) says.
    pub worked_on: bool,
    /// How many bytes of the answer had been written, its head included, when
    /// [`LocalEndpoint::calls`](crate::LocalEndpoint::calls) was called.
    pub written: u64,
    /// Whether all of the answer had been written by then.
    pub written_whole: bool,
    /// The status of the answer; 0 where none was made that has one.
    pub status: u16,
    /// The code of the error, `ThrottlingException`; none for a success.
    pub error_code: Option<String>,
    /// Tokens read, for a success.
    pub input_tokens: Option<u64>,
    /// Tokens generated, for a success.
    pub output_tokens: Option<u64>,
    /// How far the stream of a streamed answer had come when [`LocalEndpoint::calls`](crate::LocalEndpoint::calls) was called; none for
    /// other answers.
    pub stream: Option<StreamRecord>,
    pub(crate) progress: Option<Arc<Progress>>,
    pub(crate) sent: Arc<Sent>,
}

impl CallRecord {
    /// A call of which no more is known than what arrived.
    pub(crate) fn new(request: &Parts, body: Bytes, request_id: String) -> Self {
        let mut headers = request.headers.clone();
        headers.remove(AUTHORIZATION);
        headers.remove("x-amz-security-token");
        if let Some(metadata) = headers.get_mut("x-amzn-bedrock-request-metadata") {
            metadata.set_sensitive(true);
        }
        Self {
            method: request.method.clone(),
            target: request.uri.to_string(),
            model_id: None,
            headers,
            body,
            signed: false,
            request_id,
            connection: 0,
            worked_on: false,
            written: 0,
            written_whole: false,
            status: 0,
            error_code: None,
            input_tokens: None,
            output_tokens: None,
            stream: None,
            progress: None,
            sent: Arc::default(),
        }
    }
}

impl fmt::Debug for CallRecord {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CallRecord")
            .field("method", &self.method)
            .field("target", &self.target)
            .field("model_id", &self.model_id)
            .field("headers", &self.headers)
            .field("body", &format_args!("[{} bytes]", self.body.len()))
            .field("signed", &self.signed)
            .field("request_id", &self.request_id)
            .field("connection", &self.connection)
            .field("worked_on", &self.worked_on)
            .field("written", &self.written)
            .field("written_whole", &self.written_whole)
            .field("status", &self.status)
            .field("error_code", &self.error_code)
            .field("input_tokens", &self.input_tokens)
            .field("output_tokens", &self.output_tokens)
            .field("stream", &self.stream)
            .finish()
    }
}

/// The latest calls in the order of their answers.
#[derive(Debug, Default)]
pub(crate) struct CallLog(Mutex<Calls>);

#[derive(Debug, Default)]
struct Calls {
    records: VecDeque<CallRecord>,
    /// The length of all bodies together.
    bytes: usize,
}

impl CallLog {
    /// An endpoint may be served for days: older calls are dropped beyond this number ..
    const MAX_CALLS: usize = 10_000;
    /// .. and beyond this many bytes of bodies.
    const MAX_BYTES: usize = 256 << 20;

    pub(crate) fn push(&self, call: CallRecord) {
        let mut calls = self.lock();
        calls.bytes += call.body.len();
        calls.records.push_back(call);
        while calls.records.len() > Self::MAX_CALLS || calls.bytes > Self::MAX_BYTES {
            let dropped = calls.records.pop_front().map_or(0, |call| call.body.len());
            calls.bytes -= dropped;
        }
    }

    pub(crate) fn calls(&self) -> Vec<CallRecord> {
        let mut calls: Vec<_> = self.lock().records.iter().cloned().collect();
        for call in &mut calls {
            call.stream = call.progress.as_deref().map(Progress::record);
            (call.written, call.written_whole) = (call.sent.bytes(), call.sent.is_complete());
        }
        calls
    }

    pub(crate) fn clear(&self) {
        *self.lock() = Calls::default();
    }

    fn lock(&self) -> MutexGuard<'_, Calls> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(lengths: &[usize], kept: usize) {
        let log = CallLog::default();
        let largest = Bytes::from(vec![0; CallLog::MAX_BYTES / 2]);
        let (parts, ()) = http::Request::new(()).into_parts();
        for length in lengths {
            log.push(CallRecord::new(&parts, largest.slice(..*length), String::new()));
        }
        assert_eq!(log.calls().len(), kept);
        log.clear();
        assert_eq!(log.calls().len(), 0);
    }

    #[test]
    fn the_oldest_calls_are_dropped() {
        let half = CallLog::MAX_BYTES / 2;
        check(&[half, half], 2);
        check(&[1, half, half], 2);
        check(&[half, half, 1], 2);
        check(&vec![0; CallLog::MAX_CALLS + 3], CallLog::MAX_CALLS);
    }

    #[test]
    fn nothing_secret_is_kept_and_nothing_sensitive_is_shown() {
        let request = http::Request::builder()
            .header("authorization", "Bearer secret-1")
            .header("x-amz-security-token", "secret-2")
            .header("x-amzn-bedrock-request-metadata", "{\"who\":\"secret-3\"}");
        let (parts, ()) = request.body(()).unwrap().into_parts();
        let call = CallRecord::new(&parts, Bytes::from_static(b"secret-4"), String::new());
        assert_eq!(call.headers.len(), 1);
        assert_eq!(call.body, "secret-4");
        assert!(!format!("{call:?}").contains("secret-"), "{call:?}");
    }
}
