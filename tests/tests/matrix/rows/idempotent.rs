//! Rows with an idempotent operation.

use http::StatusCode;
use invoke_model_client::FailureClass::{Ambiguous, Rejected};
use invoke_model_client::types::ValidationException;
use invoke_model_local::{ConnectionEnd, Fault, FaultPoint};

use super::super::row::{Row, Setting};
use super::count_tokens;

pub(super) fn rows() -> Vec<Row> {
    let lost = || Fault::new().break_at(FaultPoint::ResponseBytes(0), ConnectionEnd::Reset);
    let lost_once = count_tokens("connection reset before the response, once", [lost().first(1)]);
    let lost_always = count_tokens("connection reset before the response, always", [lost().into()]);
    let body = count_tokens(
        "connection closed after 10 bytes of the body, once",
        [Fault::new().break_at(FaultPoint::BodyBytes(10), ConnectionEnd::Close).first(1)],
    );
    let bad_gateway = count_tokens(
        "502 from a proxy, once",
        [Fault::status(StatusCode::BAD_GATEWAY).worked_on(false).first(1)],
    );
    let stalled = || Fault::new().break_at(FaultPoint::Request, ConnectionEnd::Stall);
    let stalled_once = count_tokens("stall after the request, once", [stalled().first(1)]);
    let stalled_always = count_tokens("stall after the request", [stalled().into()]);
    let invalid =
        count_tokens("400 ValidationException", [Fault::error(ValidationException::default()).into()]);
    use Setting::{Default, FirstByte, NoRetries, Operation};
    vec![
        lost_once.succeeds(Default, 2, (2, 2, 0)),
        lost_once.fails(NoRetries, "Send", Ambiguous, 1, (1, 1, 0)),
        lost_always.fails(Default, "Send", Ambiguous, 3, (3, 3, 0)),
        body.succeeds(Default, 2, (2, 2, 0)),
        bad_gateway.succeeds(Default, 2, (1, 2, 0)),
        stalled_once.succeeds(FirstByte, 2, (2, 2, 0)),
        stalled_always.fails(Operation, "Timeout(Operation)", Ambiguous, 1, (1, 1, 0)),
        invalid.fails(Default, "ValidationException", Rejected, 1, (1, 1, 0)),
    ]
}
