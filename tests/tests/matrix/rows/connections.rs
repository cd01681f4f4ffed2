//! Connections that break.

use invoke_model_client::FailureClass::Ambiguous;
use invoke_model_local::{ConnectionEnd, Fault, FaultPoint, FaultRule};

use super::super::row::{Row, Setting};
use super::whole;

pub(super) fn rows() -> Vec<Row> {
    let mut rows = before();
    rows.extend(after());
    rows
}

/// Before the whole request was read.
fn before() -> Vec<Row> {
    let refused = whole(
        "connection closed when it is accepted, once",
        [FaultRule::reject_connection(ConnectionEnd::Close).first(1)],
    );
    let reset = whole(
        "connection reset when it is accepted, once",
        [FaultRule::reject_connection(ConnectionEnd::Reset).first(1)],
    );
    let begun = whole(
        "reset when the request begins, once",
        [FaultRule::break_request(0, ConnectionEnd::Reset).first(1)],
    );
    let midway = whole(
        "reset after 100 bytes of the request, once",
        [FaultRule::break_request(100, ConnectionEnd::Reset).first(1)],
    );
    use Setting::{Ambiguous as Risk, Default};
    // The client has sent it all by then, so that it cannot know.
    vec![
        refused.fails(Default, "Send", Ambiguous, 1, (1, 0, 0)),
        refused.answered(Risk, 2, (2, 1, 1)),
        reset.fails(Default, "Send", Ambiguous, 1, (1, 0, 0)),
        reset.answered(Risk, 2, (2, 1, 1)),
        begun.fails(Default, "Send", Ambiguous, 1, (1, 0, 0)),
        begun.answered(Risk, 2, (2, 1, 1)),
        midway.fails(Default, "Send", Ambiguous, 1, (1, 0, 0)),
        midway.answered(Risk, 2, (2, 1, 1)),
    ]
}

/// After the whole request was read.
fn after() -> Vec<Row> {
    let unanswered = whole(
        "closed after the request, before any work, once",
        [Fault::new().break_at(FaultPoint::Request, ConnectionEnd::Close).first(1)],
    );
    let lost = whole(
        "reset after the work, before the answer, once",
        [Fault::new().break_at(FaultPoint::ResponseBytes(0), ConnectionEnd::Reset).first(1)],
    );
    let head = whole(
        "closed after 20 bytes of the answer, once",
        [Fault::new().break_at(FaultPoint::ResponseBytes(20), ConnectionEnd::Close).first(1)],
    );
    let body = whole(
        "closed after 10 bytes of the body, once",
        [Fault::new().break_at(FaultPoint::BodyBytes(10), ConnectionEnd::Close).first(1)],
    );
    let reset = whole(
        "reset after 10 bytes of the body, once",
        [Fault::new().break_at(FaultPoint::BodyBytes(10), ConnectionEnd::Reset).first(1)],
    );
    let half = whole(
        "half-closed after 10 bytes of the body, once",
        [Fault::new().break_at(FaultPoint::BodyBytes(10), ConnectionEnd::HalfClose).first(1)],
    );
    let unended = whole(
        "closed before the last chunk, once",
        [Fault::new().break_at(FaultPoint::LastChunk, ConnectionEnd::Close).first(1)],
    );
    let longer =
        whole("a Content-Length beyond the body, once", [Fault::new().content_length(100_000).first(1)]);
    use Setting::{Ambiguous as Risk, Default, Once};
    let mut rows = vec![
        unanswered.fails(Default, "Send", Ambiguous, 1, (1, 1, 0)),
        unanswered.answered(Risk, 2, (2, 2, 1)),
        lost.fails(Default, "Send", Ambiguous, 1, (1, 1, 1)),
        lost.fails(Once, "Send", Ambiguous, 1, (1, 1, 1)),
        lost.answered(Risk, 2, (2, 2, 2)),
        head.fails(Default, "Send", Ambiguous, 1, (1, 1, 1)),
        head.answered(Risk, 2, (2, 2, 2)),
    ];
    for cut in [body, reset, half, unended, longer] {
        rows.push(cut.fails(Default, "BodyIncomplete", Ambiguous, 1, (1, 1, 1)));
        rows.push(cut.answered(Risk, 2, (2, 2, 2)));
    }
    rows
}
