//! Rows with event streams that end early, pause or contain errors.

use std::time::Duration;

use http::StatusCode;
use invoke_model_client::FailureClass::Ambiguous;
use invoke_model_client::types::{InternalServerException, ModelStreamErrorException, ThrottlingException};
use invoke_model_local::{ConnectionEnd, Fault, FaultPoint, FaultRule, ServiceError, StreamFault};

use super::super::row::{Row, Setting};
use super::stream;

fn stream_fault(after: u64, fault: StreamFault) -> FaultRule {
    Fault::new().break_stream(after, fault).into()
}

fn error(error: impl Into<ServiceError>) -> StreamFault {
    StreamFault::Error(error.into())
}

pub(super) fn rows() -> Vec<Row> {
    let second = Duration::from_secs(1);
    let throttled = stream(
        "429 ThrottlingException instead of a stream, once",
        [Fault::error(ThrottlingException::default()).first(1)],
    );
    let model_error = stream(
        "424 ModelStreamErrorException instead of a stream, once",
        [Fault::error(ModelStreamErrorException::default()).first(1)],
    );
    let gateway = stream(
        "503 with a page of a gateway that had forwarded the request, instead of a stream, once",
        [Fault::status(StatusCode::SERVICE_UNAVAILABLE).body("<html>busy</html>").worked_on(true).first(1)],
    );
    let first = stream(
        "throttlingException as the first event",
        [stream_fault(0, error(ThrottlingException::default()))],
    );
    let third_event = stream(
        "internalServerException after two events",
        [stream_fault(2, error(InternalServerException::default()))],
    );
    let unmodeled = stream(
        "an unmodeled error after two events",
        [stream_fault(2, StreamFault::unmodeled("InternalError", "why").unwrap())],
    );
    let checksum = stream("a wrong checksum after two events", [stream_fault(2, StreamFault::WrongChecksum)]);
    let unknown = stream(
        "an unknown event after two events",
        [stream_fault(2, StreamFault::unknown_event("news").unwrap())],
    );
    let between =
        stream("stream truncated between two events", [stream_fault(2, StreamFault::Truncate { bytes: 0 })]);
    let within =
        stream("stream truncated within an event", [stream_fault(2, StreamFault::Truncate { bytes: 30 })]);
    let no_last_chunk = stream(
        "connection closed before the last chunk",
        [Fault::new().break_at(FaultPoint::LastChunk, ConnectionEnd::Close).into()],
    );
    let reset = stream(
        "connection reset after 200 bytes of the body",
        [Fault::new().break_at(FaultPoint::BodyBytes(200), ConnectionEnd::Reset).into()],
    );
    let paused = stream("pause of 57 s before each event", [Fault::new().pace(second * 57).into()]);
    let stalled = stream(
        "stall after 200 bytes of the body",
        [Fault::new().break_at(FaultPoint::BodyBytes(200), ConnectionEnd::Stall).into()],
    );
    use Setting::{Default, Idle, Operation, RetryAmbiguous};
    vec![
        throttled.succeeds(Default, 2, (1, 2, 1)),
        model_error.fails(Default, "ModelStreamErrorException", Ambiguous, 1, (1, 1, 1)),
        model_error.succeeds(RetryAmbiguous, 2, (1, 2, 2)),
        gateway.fails(Default, "HTTP 503", Ambiguous, 1, (1, 1, 1)),
        gateway.succeeds(RetryAmbiguous, 2, (1, 2, 2)),
        first.fails(Default, "ThrottlingException", Ambiguous, 1, (1, 1, 1)),
        first.fails(RetryAmbiguous, "ThrottlingException", Ambiguous, 1, (1, 1, 1)),
        third_event.fails(Default, "InternalServerException", Ambiguous, 1, (1, 1, 1)),
        unmodeled.fails(Default, "InternalError", Ambiguous, 1, (1, 1, 1)),
        checksum.fails(Default, "Decode", Ambiguous, 1, (1, 1, 1)),
        unknown.succeeds(Default, 1, (1, 1, 1)),
        between.fails(Default, "Truncated", Ambiguous, 1, (1, 1, 1)),
        between.fails(RetryAmbiguous, "Truncated", Ambiguous, 1, (1, 1, 1)),
        within.fails(Default, "Truncated", Ambiguous, 1, (1, 1, 1)),
        no_last_chunk.fails(Default, "Truncated", Ambiguous, 1, (1, 1, 1)),
        reset.fails(Default, "Truncated", Ambiguous, 1, (1, 1, 1)),
        paused.succeeds(Default, 1, (1, 1, 1)),
        paused.succeeds(Idle, 1, (1, 1, 1)),
        paused.fails(Operation, "Timeout(Operation)", Ambiguous, 1, (1, 1, 1)),
        stalled.fails(Default, "Timeout(Idle)", Ambiguous, 1, (1, 1, 1)),
        stalled.fails(Idle, "Timeout(Idle)", Ambiguous, 1, (1, 1, 1)),
    ]
}
