//! Connections that the endpoint closes or resets.

use invoke_model_client::FailureClass::Ambiguous;
use invoke_model_local::{ConnectionEnd, Fault, FaultPoint, FaultRule};

use super::super::row::{Row, Setting};
use super::unary;

pub(super) fn rows() -> Vec<Row> {
    let mut rows = before();
    rows.extend(after());
    rows
}

/// Before the endpoint has received the request completely.
fn before() -> Vec<Row> {
    let closed = unary(
        "connection closed when it is accepted, once",
        [FaultRule::reject_connection(ConnectionEnd::Close).first(1)],
    );
    let reset = unary(
        "connection reset when it is accepted, once",
        [FaultRule::reject_connection(ConnectionEnd::Reset).first(1)],
    );
    let begin = unary(
        "reset when the request begins, once",
        [FaultRule::break_request(0, ConnectionEnd::Reset).first(1)],
    );
    let midway = unary(
        "reset after 100 bytes of the request, once",
        [FaultRule::break_request(100, ConnectionEnd::Reset).first(1)],
    );
    use Setting::{Ambiguous as Risk, Default};
    // The client may have sent the request completely, so that the failure is ambiguous.
    vec![
        closed.fails(Default, "Send", Ambiguous, 1, (1, 0, 0)),
        closed.succeeds(Risk, 2, (2, 1, 1)),
        reset.fails(Default, "Send", Ambiguous, 1, (1, 0, 0)),
        reset.succeeds(Risk, 2, (2, 1, 1)),
        begin.fails(Default, "Send", Ambiguous, 1, (1, 0, 0)),
        begin.succeeds(Risk, 2, (2, 1, 1)),
        midway.fails(Default, "Send", Ambiguous, 1, (1, 0, 0)),
        midway.succeeds(Risk, 2, (2, 1, 1)),
    ]
}

/// After the endpoint has received the request completely.
fn after() -> Vec<Row> {
    let unexecuted = unary(
        "closed after the request, before it is executed, once",
        [Fault::new().break_at(FaultPoint::Request, ConnectionEnd::Close).first(1)],
    );
    let lost = unary(
        "reset after the request is executed, before the response, once",
        [Fault::new().break_at(FaultPoint::ResponseBytes(0), ConnectionEnd::Reset).first(1)],
    );
    let head = unary(
        "closed after 20 bytes of the response, once",
        [Fault::new().break_at(FaultPoint::ResponseBytes(20), ConnectionEnd::Close).first(1)],
    );
    let body = unary(
        "closed after 10 bytes of the body, once",
        [Fault::new().break_at(FaultPoint::BodyBytes(10), ConnectionEnd::Close).first(1)],
    );
    let reset = unary(
        "reset after 10 bytes of the body, once",
        [Fault::new().break_at(FaultPoint::BodyBytes(10), ConnectionEnd::Reset).first(1)],
    );
    let half = unary(
        "half-closed after 10 bytes of the body, once",
        [Fault::new().break_at(FaultPoint::BodyBytes(10), ConnectionEnd::HalfClose).first(1)],
    );
    let unended = unary(
        "closed before the last chunk, once",
        [Fault::new().break_at(FaultPoint::LastChunk, ConnectionEnd::Close).first(1)],
    );
    let longer =
        unary("Content-Length larger than the body, once", [Fault::new().content_length(100_000).first(1)]);
    use Setting::{Ambiguous as Risk, Default, Once};
    let mut rows = vec![
        unexecuted.fails(Default, "Send", Ambiguous, 1, (1, 1, 0)),
        unexecuted.succeeds(Risk, 2, (2, 2, 1)),
        lost.fails(Default, "Send", Ambiguous, 1, (1, 1, 1)),
        lost.fails(Once, "Send", Ambiguous, 1, (1, 1, 1)),
        lost.succeeds(Risk, 2, (2, 2, 2)),
        head.fails(Default, "Send", Ambiguous, 1, (1, 1, 1)),
        head.succeeds(Risk, 2, (2, 2, 2)),
    ];
    for truncated in [body, reset, half, unended, longer] {
        rows.push(truncated.fails(Default, "BodyIncomplete", Ambiguous, 1, (1, 1, 1)));
        rows.push(truncated.succeeds(Risk, 2, (2, 2, 2)));
    }
    rows
}
