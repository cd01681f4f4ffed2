//! Rows in which the endpoint is slow or stalls.

use std::time::Duration;

use invoke_model_client::FailureClass::{Ambiguous, NotSent, Rejected};
use invoke_model_client::types::ThrottlingException;
use invoke_model_local::{ConnectionEnd, Fault, FaultPoint, FaultRule, RetryAfter};

use super::super::row::{Row, Setting, Situation};
use super::{invoke, stream};

pub(super) fn rows() -> Vec<Row> {
    let mut rows = before_sending();
    rows.extend(after_sending());
    rows
}

/// Returns rows in which the call waits before its request is sent.
fn before_sending() -> Vec<Row> {
    let stalled_once = || Fault::new().break_at(FaultPoint::Request, ConnectionEnd::Stall).first(1);
    let occupied = invoke("another call uses the only connection for 62 s", [stalled_once()])
        .in_situation(Situation::NoFreeConnection);
    let occupied_stream = stream("another call uses the only connection for 62 s", [stalled_once()])
        .in_situation(Situation::NoFreeConnection);
    let no_handshake = invoke(
        "TLS handshake that never ends, connect timeout of 120 s",
        [FaultRule::reject_connection(ConnectionEnd::Stall)],
    )
    .in_situation(Situation::Tls);
    use Setting::{Default, FirstByte, Operation};
    vec![
        occupied.succeeds(Default, 1, (1, 1, 1)),
        occupied.succeeds(FirstByte, 2, (1, 1, 1)),
        occupied.fails(Operation, "Timeout(Operation)", NotSent, 1, (0, 0, 0)),
        occupied_stream.succeeds(FirstByte, 2, (1, 1, 1)),
        occupied_stream.fails(Operation, "Timeout(Operation)", NotSent, 1, (0, 0, 0)),
        no_handshake.fails(Default, "ConnectTimeout", NotSent, 3, (3, 0, 0)),
        no_handshake.fails(FirstByte, "Timeout(FirstByte)", NotSent, 3, (3, 0, 0)),
        no_handshake.fails(Operation, "Timeout(Operation)", NotSent, 1, (1, 0, 0)),
    ]
}

/// Returns rows in which the endpoint or the service is slow after it has received the request.
fn after_sending() -> Vec<Row> {
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
