//! Rows in which a connection is closed or reset.

use bytes::Bytes;
use invoke_model_client::FailureClass::Ambiguous;
use invoke_model_local::{ConnectionEnd, Fault, FaultPoint, FaultRule};

use super::super::row::{Row, Setting};
use super::invoke;

pub(super) fn rows() -> Vec<Row> {
    let mut rows = before();
    rows.extend(after());
    rows.extend(without_delimiter());
    rows
}

/// Returns rows in which the end of the connection is the only end of the body.
fn without_delimiter() -> Vec<Row> {
    let raw = |description, response: &'static str| {
        invoke(description, [Fault::garbage(Bytes::from_static(response.as_bytes())).first(1)])
    };
    let http10 = raw(
        "JSON truncated over HTTP/1.0 without a length, once",
        "HTTP/1.0 200 OK\r\ncontent-type: application/json\r\n\r\n{\"embedding\":[0.1,0.2,0.",
    );
    let close = raw(
        "JSON truncated with `connection: close`, without a length, once",
        "HTTP/1.1 200 OK\r\nconnection: close\r\n\r\n{\"embedding\":[0.1,0.2,0.",
    );
    let gzip = raw(
        "JSON truncated with `transfer-encoding: chunked, gzip`, once",
        "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked, gzip\r\n\r\n{\"embedding\":[0.1,0.2,0.",
    );
    let text = raw(
        "text over HTTP/1.0 without a length, once",
        "HTTP/1.0 200 OK\r\ncontent-type: text/plain\r\n\r\nA text without an end",
    );
    let complete = raw(
        "complete JSON over HTTP/1.0 without a length, once",
        "HTTP/1.0 200 OK\r\ncontent-type: application/json\r\n\r\n{\"embedding\":[0.1,0.2]}\n",
    );
    use Setting::{Default, RetryAmbiguous};
    let mut rows = Vec::new();
    for truncated in [http10, close, gzip] {
        rows.push(truncated.fails(Default, "Truncated", Ambiguous, 1, (1, 1, 1)));
        rows.push(truncated.succeeds(RetryAmbiguous, 2, (2, 2, 2)));
    }
    rows.extend([
        text.fails(Default, "Truncated", Ambiguous, 1, (1, 1, 1)),
        text.fails(RetryAmbiguous, "Truncated", Ambiguous, 1, (1, 1, 1)),
        complete.succeeds(Default, 1, (1, 1, 1)),
    ]);
    rows
}

/// Returns rows in which the connection ends before the endpoint has read the complete request.
fn before() -> Vec<Row> {
    let closed = invoke(
        "connection closed after accept, once",
        [FaultRule::reject_connection(ConnectionEnd::Close).first(1)],
    );
    let reset = invoke(
        "connection reset after accept, once",
        [FaultRule::reject_connection(ConnectionEnd::Reset).first(1)],
    );
    let begun = invoke(
        "connection reset at the first byte of the request, once",
        [FaultRule::break_request(0, ConnectionEnd::Reset).first(1)],
    );
    let midway = invoke(
        "connection reset after 100 bytes of the request, once",
        [FaultRule::break_request(100, ConnectionEnd::Reset).first(1)],
    );
    use Setting::{Default, RetryAmbiguous};
    // These failures are ambiguous, because the client may already have sent the complete request.
    vec![
        closed.fails(Default, "Send", Ambiguous, 1, (1, 0, 0)),
        closed.succeeds(RetryAmbiguous, 2, (2, 1, 1)),
        reset.fails(Default, "Send", Ambiguous, 1, (1, 0, 0)),
        reset.succeeds(RetryAmbiguous, 2, (2, 1, 1)),
        begun.fails(Default, "Send", Ambiguous, 1, (1, 0, 0)),
        begun.succeeds(RetryAmbiguous, 2, (2, 1, 1)),
        midway.fails(Default, "Send", Ambiguous, 1, (1, 0, 0)),
        midway.succeeds(RetryAmbiguous, 2, (2, 1, 1)),
    ]
}

/// Returns rows in which the connection ends after the endpoint has read the complete request.
fn after() -> Vec<Row> {
    let unanswered = invoke(
        "connection closed after the request, before execution, once",
        [Fault::new().break_at(FaultPoint::Request, ConnectionEnd::Close).first(1)],
    );
    let lost = invoke(
        "connection reset after execution, before the response, once",
        [Fault::new().break_at(FaultPoint::ResponseBytes(0), ConnectionEnd::Reset).first(1)],
    );
    let head = invoke(
        "connection closed after 20 bytes of the response, once",
        [Fault::new().break_at(FaultPoint::ResponseBytes(20), ConnectionEnd::Close).first(1)],
    );
    let body = invoke(
        "connection closed after 10 bytes of the body, once",
        [Fault::new().break_at(FaultPoint::BodyBytes(10), ConnectionEnd::Close).first(1)],
    );
    let reset = invoke(
        "connection reset after 10 bytes of the body, once",
        [Fault::new().break_at(FaultPoint::BodyBytes(10), ConnectionEnd::Reset).first(1)],
    );
    let half = invoke(
        "connection half-closed after 10 bytes of the body, once",
        [Fault::new().break_at(FaultPoint::BodyBytes(10), ConnectionEnd::HalfClose).first(1)],
    );
    let unended = invoke(
        "connection closed before the last chunk, once",
        [Fault::new().break_at(FaultPoint::LastChunk, ConnectionEnd::Close).first(1)],
    );
    let longer =
        invoke("Content-Length larger than the body, once", [Fault::new().content_length(100_000).first(1)]);
    use Setting::{Default, NoRetries, RetryAmbiguous};
    let mut rows = vec![
        unanswered.fails(Default, "Send", Ambiguous, 1, (1, 1, 0)),
        unanswered.succeeds(RetryAmbiguous, 2, (2, 2, 1)),
        lost.fails(Default, "Send", Ambiguous, 1, (1, 1, 1)),
        lost.fails(NoRetries, "Send", Ambiguous, 1, (1, 1, 1)),
        lost.succeeds(RetryAmbiguous, 2, (2, 2, 2)),
        head.fails(Default, "Send", Ambiguous, 1, (1, 1, 1)),
        head.succeeds(RetryAmbiguous, 2, (2, 2, 2)),
    ];
    for truncated in [body, reset, half, unended, longer] {
        rows.push(truncated.fails(Default, "BodyIncomplete", Ambiguous, 1, (1, 1, 1)));
        rows.push(truncated.succeeds(RetryAmbiguous, 2, (2, 2, 2)));
    }
    rows
}
