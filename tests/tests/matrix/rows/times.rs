//! Slow endpoints, and endpoints that stop sending.

use std::time::Duration;

use invoke_model_client::FailureClass::{Ambiguous, Rejected};
use invoke_model_client::types::ThrottlingException;
use invoke_model_local::{ConnectionEnd, Fault, FaultPoint, RetryAfter};

use super::super::row::{Row, Setting};
use super::unary;

pub(super) fn rows() -> Vec<Row> {
    let second = Duration::from_secs(1);
    let hour = unary("response after an hour", [Fault::new().delay(second * 3600).into()]);
    let slow = unary("response after 59 s", [Fault::new().delay(second * 59).into()]);
    let drip = unary("one byte every 50 s", [Fault::new().drip(1, second * 50).into()]);
    let stalled =
        unary("no response", [Fault::new().break_at(FaultPoint::Request, ConnectionEnd::Stall).into()]);
    let once = unary(
        "no response, once",
        [Fault::new().break_at(FaultPoint::Request, ConnectionEnd::Stall).first(1)],
    );
    let midway = unary(
        "no data after 10 bytes of the body",
        [Fault::new().break_at(FaultPoint::BodyBytes(10), ConnectionEnd::Stall).into()],
    );
    let later = unary(
        "429 with Retry-After of 59 s, twice",
        [Fault::error(ThrottlingException::default()).retry_after(RetryAfter::Seconds(59)).first(2)],
    );
    let too_late = unary(
        "429 with Retry-After of 60 s",
        [Fault::error(ThrottlingException::default()).retry_after(RetryAfter::Seconds(60)).into()],
    );
    use Setting::{Ambiguous as Risk, Default, FirstByte, Idle, Operation, OperationAmbiguous};
    vec![
        hour.succeeds(Default, 1, (1, 1, 1)),
        hour.fails(FirstByte, "Timeout(FirstByte)", Ambiguous, 1, (1, 1, 1)),
        hour.succeeds(Idle, 1, (1, 1, 1)),
        hour.fails(Operation, "Timeout(Operation)", Ambiguous, 1, (1, 1, 1)),
        slow.succeeds(FirstByte, 1, (1, 1, 1)),
        slow.succeeds(Operation, 1, (1, 1, 1)),
        drip.fails(Operation, "Timeout(Operation)", Ambiguous, 1, (1, 1, 1)),
        stalled.row(Default, "still waiting", None, 1, (1, 1, 0)),
        stalled.fails(FirstByte, "Timeout(FirstByte)", Ambiguous, 1, (1, 1, 0)),
        stalled.fails(Operation, "Timeout(Operation)", Ambiguous, 1, (1, 1, 0)),
        once.fails(FirstByte, "Timeout(FirstByte)", Ambiguous, 1, (1, 1, 0)),
        stalled.fails(OperationAmbiguous, "Timeout(Operation)", Ambiguous, 1, (1, 1, 0)),
        midway.fails(Default, "Timeout(Idle)", Ambiguous, 1, (1, 1, 1)),
        midway.fails(Idle, "Timeout(Idle)", Ambiguous, 1, (1, 1, 1)),
        midway.fails(Risk, "Timeout(Idle)", Ambiguous, 3, (3, 3, 3)),
        later.succeeds(Default, 3, (1, 3, 1)),
        later.fails(Operation, "ThrottlingException", Rejected, 2, (1, 2, 0)),
        too_late.fails(Operation, "ThrottlingException", Rejected, 1, (1, 1, 0)),
    ]
}
