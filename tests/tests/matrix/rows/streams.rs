//! Faults of event streams.

use std::time::Duration;

use invoke_model_client::FailureClass::Ambiguous;
use invoke_model_client::types::{
    InternalServerException, ModelStreamErrorException, ResponseStreamError, ThrottlingException,
};
use invoke_model_local::{ConnectionEnd, Fault, FaultPoint, FaultRule, StreamFault};

use super::super::row::{Row, Setting};
use super::stream;

fn broken(after: u64, fault: StreamFault) -> FaultRule {
    Fault::new().break_stream(after, fault).into()
}

fn error(error: impl Into<ResponseStreamError>) -> StreamFault {
    StreamFault::Error(error.into())
}

pub(super) fn rows() -> Vec<Row> {
    let second = Duration::from_secs(1);
    let throttled = stream(
        "429 ThrottlingException in place of the stream, once",
        [Fault::error(ThrottlingException::default()).first(1)],
    );
    let refused = stream(
        "424 ModelStreamErrorException in place of the stream",
        [Fault::error(ModelStreamErrorException::default()).first(1)],
    );
    let first =
        stream("throttlingException as the first event", [broken(0, error(ThrottlingException::default()))]);
    let midway = stream(
        "internalServerException after two events",
        [broken(2, error(InternalServerException::default()))],
    );
    let unmodeled = stream(
        "an error that is not modeled, after two events",
        [broken(2, StreamFault::unmodeled("InternalError", "why").unwrap())],
    );
    let checksum = stream("a wrong checksum after two events", [broken(2, StreamFault::WrongChecksum)]);
    let unknown = stream(
        "an event of an unknown type after two events",
        [broken(2, StreamFault::unknown_event("news").unwrap())],
    );
    let between = stream("truncated between two events", [broken(2, StreamFault::Truncate { bytes: 0 })]);
    let inside = stream("truncated within an event", [broken(2, StreamFault::Truncate { bytes: 30 })]);
    let unended = stream(
        "closed before the last chunk",
        [Fault::new().break_at(FaultPoint::LastChunk, ConnectionEnd::Close).into()],
    );
    let reset = stream(
        "reset after 200 bytes of the body",
        [Fault::new().break_at(FaultPoint::BodyBytes(200), ConnectionEnd::Reset).into()],
    );
    let paused = stream("57 s before each event", [Fault::new().pace(second * 57).into()]);
    let silent = stream(
        "no data after 200 bytes of the body",
        [Fault::new().break_at(FaultPoint::BodyBytes(200), ConnectionEnd::Stall).into()],
    );
    use Setting::{Ambiguous as Risk, Default, Idle, Operation};
    vec![
        throttled.succeeds(Default, 2, (1, 2, 1)),
        refused.fails(Default, "ModelStreamErrorException", Ambiguous, 1, (1, 1, 1)),
        refused.succeeds(Risk, 2, (1, 2, 2)),
        first.fails(Default, "ThrottlingException", Ambiguous, 1, (1, 1, 1)),
        first.fails(Risk, "ThrottlingException", Ambiguous, 1, (1, 1, 1)),
        midway.fails(Default, "InternalServerException", Ambiguous, 1, (1, 1, 1)),
        unmodeled.fails(Default, "InternalError", Ambiguous, 1, (1, 1, 1)),
        checksum.fails(Default, "Frame", Ambiguous, 1, (1, 1, 1)),
        unknown.succeeds(Default, 1, (1, 1, 1)),
        between.fails(Default, "Truncated", Ambiguous, 1, (1, 1, 1)),
        between.fails(Risk, "Truncated", Ambiguous, 1, (1, 1, 1)),
        inside.fails(Default, "Truncated", Ambiguous, 1, (1, 1, 1)),
        unended.fails(Default, "Truncated", Ambiguous, 1, (1, 1, 1)),
        reset.fails(Default, "Truncated", Ambiguous, 1, (1, 1, 1)),
        paused.succeeds(Default, 1, (1, 1, 1)),
        paused.succeeds(Idle, 1, (1, 1, 1)),
        paused.fails(Operation, "Timeout(Operation)", Ambiguous, 1, (1, 1, 1)),
        silent.fails(Default, "Timeout(Idle)", Ambiguous, 1, (1, 1, 1)),
        silent.fails(Idle, "Timeout(Idle)", Ambiguous, 1, (1, 1, 1)),
    ]
}
