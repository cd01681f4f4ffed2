//! Endpoints that are slow, and that fall silent.

use std::time::Duration;

use invoke_model_client::FailureClass::{Ambiguous, Rejected};
use invoke_model_client::types::ThrottlingException;
use invoke_model_local::{ConnectionEnd, Fault, FaultPoint, RetryAfter};

use super::super::row::{Row, Setting};
use super::whole;

pub(super) fn rows() -> Vec<Row> {
    let second = Duration::from_secs(1);
    let hour = whole("an hour of thinking", [Fault::new().delay(second * 3600).into()]);
    let slow = whole("59 s of thinking", [Fault::new().delay(second * 59).into()]);
    let drip = whole("a byte each 50 s", [Fault::new().drip(1, second * 50).into()]);
    let stalled = whole(
        "silence after the request",
        [Fault::new().break_at(FaultPoint::Request, ConnectionEnd::Stall).into()],
    );
    let once = whole(
        "silence after the request, once",
        [Fault::new().break_at(FaultPoint::Request, ConnectionEnd::Stall).first(1)],
    );
    let midway = whole(
        "silence in the midst of the body",
        [Fault::new().break_at(FaultPoint::BodyBytes(10), ConnectionEnd::Stall).into()],
    );
    let later = whole(
        "429 with Retry-After of 59 s, twice",
        [Fault::error(ThrottlingException::default()).retry_after(RetryAfter::Seconds(59)).first(2)],
    );
    let no_time = whole(
        "429 with Retry-After of 60 s",
        [Fault::error(ThrottlingException::default()).retry_after(RetryAfter::Seconds(60)).into()],
    );
    use Setting::{Ambiguous as Risk, Default, FirstByte, Idle, Total, TotalAmbiguous};
    vec![
        hour.answered(Default, 1, (1, 1, 1)),
        hour.fails(FirstByte, "Timeout(FirstByte)", Ambiguous, 1, (1, 1, 1)),
        hour.answered(Idle, 1, (1, 1, 1)),
        hour.fails(Total, "Timeout(Operation)", Ambiguous, 1, (1, 1, 1)),
        slow.answered(FirstByte, 1, (1, 1, 1)),
        slow.answered(Total, 1, (1, 1, 1)),
        drip.fails(Total, "Timeout(Operation)", Ambiguous, 1, (1, 1, 1)),
        stalled.row(Default, "still waiting", None, 1, (1, 1, 0)),
        stalled.fails(FirstByte, "Timeout(FirstByte)", Ambiguous, 1, (1, 1, 0)),
        stalled.fails(Total, "Timeout(Operation)", Ambiguous, 1, (1, 1, 0)),
        once.fails(FirstByte, "Timeout(FirstByte)", Ambiguous, 1, (1, 1, 0)),
        stalled.fails(TotalAmbiguous, "Timeout(Operation)", Ambiguous, 1, (1, 1, 0)),
        midway.fails(Default, "Timeout(Idle)", Ambiguous, 1, (1, 1, 1)),
        midway.fails(Idle, "Timeout(Idle)", Ambiguous, 1, (1, 1, 1)),
        midway.fails(Risk, "Timeout(Idle)", Ambiguous, 3, (3, 3, 3)),
        later.answered(Default, 3, (1, 3, 1)),
        later.fails(Total, "ThrottlingException", Rejected, 2, (1, 2, 0)),
        no_time.fails(Total, "ThrottlingException", Rejected, 1, (1, 1, 0)),
    ]
}
