//! Rows in which the endpoint is slow or stalls.

use std::time::Duration;

use invoke_model_client::FailureClass::{Ambiguous, Rejected};
use invoke_model_client::types::ThrottlingException;
use invoke_model_local::{ConnectionEnd, Fault, FaultPoint, RetryAfter};

use super::super::row::{Row, Setting};
use super::invoke;

pub(super) fn rows() -> Vec<Row> {
    let second = Duration::from_secs(1);
    let hour = invoke("response after one hour", [Fault::new().delay(second * 3600).into()]);
    let slow = invoke("response after 59 s", [Fault::new().delay(second * 59).into()]);
    let drip = invoke("response with one byte every 50 s", [Fault::new().drip(1, second * 50).into()]);
    let stalled = invoke(
        "stall after the request",
        [Fault::new().break_at(FaultPoint::Request, ConnectionEnd::Stall).into()],
    );
    let stalled_once = invoke(
        "stall after the request, once",
        [Fault::new().break_at(FaultPoint::Request, ConnectionEnd::Stall).first(1)],
    );
    let stalled_body = invoke(
        "stall within the body",
        [Fault::new().break_at(FaultPoint::BodyBytes(10), ConnectionEnd::Stall).into()],
    );
    let retry_after = invoke(
        "429 with Retry-After of 59 s, twice",
        [Fault::error(ThrottlingException::default()).retry_after(RetryAfter::Seconds(59)).first(2)],
    );
    let retry_after_too_long = invoke(
        "429 with Retry-After of 60 s",
        [Fault::error(ThrottlingException::default()).retry_after(RetryAfter::Seconds(60)).into()],
    );
    use Setting::{Default, FirstByte, Idle, Operation, OperationRetryAmbiguous, RetryAmbiguous};
    vec![
        hour.succeeds(Default, 1, (1, 1, 1)),
        hour.fails(FirstByte, "Timeout(FirstByte)", Ambiguous, 1, (1, 1, 1)),
        hour.succeeds(Idle, 1, (1, 1, 1)),
        hour.fails(Operation, "Timeout(Operation)", Ambiguous, 1, (1, 1, 1)),
        slow.succeeds(FirstByte, 1, (1, 1, 1)),
        slow.succeeds(Operation, 1, (1, 1, 1)),
        drip.fails(Operation, "Timeout(Operation)", Ambiguous, 1, (1, 1, 1)),
        stalled.row(Default, "waits forever", None, 1, (1, 1, 0)),
        stalled.fails(FirstByte, "Timeout(FirstByte)", Ambiguous, 1, (1, 1, 0)),
        stalled.fails(Operation, "Timeout(Operation)", Ambiguous, 1, (1, 1, 0)),
        stalled_once.fails(FirstByte, "Timeout(FirstByte)", Ambiguous, 1, (1, 1, 0)),
        stalled.fails(OperationRetryAmbiguous, "Timeout(Operation)", Ambiguous, 1, (1, 1, 0)),
        stalled_body.fails(Default, "Timeout(Idle)", Ambiguous, 1, (1, 1, 1)),
        stalled_body.fails(Idle, "Timeout(Idle)", Ambiguous, 1, (1, 1, 1)),
        stalled_body.fails(RetryAmbiguous, "Timeout(Idle)", Ambiguous, 3, (3, 3, 3)),
        retry_after.succeeds(Default, 3, (1, 3, 1)),
        retry_after.fails(Operation, "ThrottlingException", Rejected, 2, (1, 2, 0)),
        retry_after_too_long.fails(Operation, "ThrottlingException", Rejected, 1, (1, 1, 0)),
    ]
}
