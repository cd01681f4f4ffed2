//! Errors and other responses in place of the output.

use bytes::Bytes;
use http::StatusCode;
use http::header::{CONTENT_TYPE, HeaderName, HeaderValue};
use invoke_model_client::FailureClass::{Ambiguous, Rejected, ServerError};
use invoke_model_client::types::{
    AccessDeniedException, InternalServerException, ModelErrorException, ModelNotReadyException,
    ModelTimeoutException, ResourceNotFoundException, ServiceQuotaExceededException,
    ServiceUnavailableException, ThrottlingException, ValidationException,
};
use invoke_model_local::{Fault, RetryAfter};

use super::super::row::{Row, Setting};
use super::unary;

pub(super) fn rows() -> Vec<Row> {
    let mut rows = rejections();
    rows.extend(failures());
    rows.extend(unmodeled());
    rows
}

fn daily() -> ThrottlingException {
    let mut error = ThrottlingException::default();
    error.message = Some("Too many tokens per day, please wait before trying again.".to_owned());
    error
}

/// The service rejects the request before executing it.
fn rejections() -> Vec<Row> {
    let throttled = || Fault::error(ThrottlingException::default());
    let once = unary("429 ThrottlingException, once", [throttled().first(1)]);
    let always = unary("429 ThrottlingException, always", [throttled().into()]);
    let seconds = unary(
        "429 with Retry-After of 30 s, once",
        [throttled().retry_after(RetryAfter::Seconds(30)).first(1)],
    );
    let hour = unary(
        "429 with Retry-After of an hour",
        [throttled().retry_after(RetryAfter::Seconds(3600)).first(1)],
    );
    let date = unary(
        "429 with Retry-After as a date in 20 s",
        [throttled().retry_after(RetryAfter::DateIn(20)).first(1)],
    );
    let quota = unary("429, token quota of the day", [Fault::error(daily()).into()]);
    let loading = unary(
        "429 ModelNotReadyException, four times",
        [Fault::error(ModelNotReadyException::default()).first(4)],
    );
    let busy = unary(
        "503 ServiceUnavailableException, once",
        [Fault::error(ServiceUnavailableException::default()).first(1)],
    );
    let proxy = unary(
        "503 with an HTML page of a proxy, once",
        [Fault::status(StatusCode::SERVICE_UNAVAILABLE)
            .body("<html>busy</html>")
            .header(CONTENT_TYPE, HeaderValue::from_static("text/html"))
            .first(1)],
    );
    let skew = unary("the endpoint's clock is two hours ahead", [Fault::new().clock_skew(7200).into()]);
    let denied = unary("403 AccessDeniedException", [Fault::error(AccessDeniedException::default()).into()]);
    let invalid = unary("400 ValidationException", [Fault::error(ValidationException::default()).into()]);
    let used_up = unary(
        "400 ServiceQuotaExceededException",
        [Fault::error(ServiceQuotaExceededException::default()).into()],
    );
    let missing =
        unary("404 ResourceNotFoundException", [Fault::error(ResourceNotFoundException::default()).into()]);
    use Setting::{Ambiguous as Risk, Default, Once, Operation};
    vec![
        once.succeeds(Default, 2, (1, 2, 1)),
        once.fails(Once, "ThrottlingException", Rejected, 1, (1, 1, 0)),
        once.succeeds(Operation, 2, (1, 2, 1)),
        always.fails(Default, "ThrottlingException", Rejected, 3, (1, 3, 0)),
        always.fails(Risk, "ThrottlingException", Rejected, 3, (1, 3, 0)),
        seconds.succeeds(Default, 2, (1, 2, 1)),
        hour.fails(Default, "ThrottlingException", Rejected, 1, (1, 1, 0)),
        date.succeeds(Default, 2, (1, 2, 1)),
        quota.fails(Default, "ThrottlingException", Rejected, 1, (1, 1, 0)),
        loading.succeeds(Default, 5, (1, 5, 1)),
        busy.succeeds(Default, 2, (1, 2, 1)),
        proxy.succeeds(Default, 2, (1, 2, 1)),
        skew.succeeds(Default, 2, (1, 2, 1)),
        denied.fails(Default, "AccessDeniedException", Rejected, 1, (1, 1, 0)),
        denied.fails(Risk, "AccessDeniedException", Rejected, 1, (1, 1, 0)),
        invalid.fails(Default, "ValidationException", Rejected, 1, (1, 1, 0)),
        used_up.fails(Default, "ServiceQuotaExceededException", Rejected, 1, (1, 1, 0)),
        missing.fails(Default, "ResourceNotFoundException", Rejected, 1, (1, 1, 0)),
    ]
}

/// The service or the model reports a failure.
fn failures() -> Vec<Row> {
    let failed = unary(
        "500 InternalServerException, once",
        [Fault::error(InternalServerException::default()).first(1)],
    );
    let always = unary(
        "500 InternalServerException, always",
        [Fault::error(InternalServerException::default()).into()],
    );
    let slow =
        unary("408 ModelTimeoutException, once", [Fault::error(ModelTimeoutException::default()).first(1)]);
    let model =
        unary("424 ModelErrorException, once", [Fault::error(ModelErrorException::default()).first(1)]);
    use Setting::{Ambiguous as Risk, Default};
    vec![
        failed.succeeds(Default, 2, (1, 2, 1)),
        always.fails(Default, "InternalServerException", ServerError, 3, (1, 3, 0)),
        slow.fails(Default, "ModelTimeoutException", Ambiguous, 1, (1, 1, 1)),
        slow.succeeds(Risk, 2, (1, 2, 2)),
        model.fails(Default, "ModelErrorException", Ambiguous, 1, (1, 1, 1)),
        model.succeeds(Risk, 2, (1, 2, 2)),
    ]
}

/// Responses that are not modeled.
fn unmodeled() -> Vec<Row> {
    let status = |name, status| unary(name, [Fault::status(status).body("<html></html>").first(1)]);
    let bad_gateway = status("502 of a proxy, once", StatusCode::BAD_GATEWAY);
    let timeout = status("504 of a proxy, once", StatusCode::GATEWAY_TIMEOUT);
    let failed = status("500 without an error code, once", StatusCode::INTERNAL_SERVER_ERROR);
    let large = status("413 of a proxy", StatusCode::PAYLOAD_TOO_LARGE);
    let garbage = unary(
        "bytes that are not HTTP, once",
        [Fault::garbage(Bytes::from_static(b"SSH-2.0-x\r\n\r\n")).first(1)],
    );
    let tier = HeaderName::from_static("x-amzn-bedrock-service-tier");
    let invalid = unary(
        "200 with a header that is not UTF-8",
        [Fault::new().header(tier, HeaderValue::from_bytes(b"\xff").unwrap()).first(1)],
    );
    use Setting::{Ambiguous as Risk, Default};
    vec![
        bad_gateway.fails(Default, "HTTP 502", Ambiguous, 1, (1, 1, 1)),
        bad_gateway.succeeds(Risk, 2, (1, 2, 2)),
        timeout.fails(Default, "HTTP 504", Ambiguous, 1, (1, 1, 1)),
        timeout.succeeds(Risk, 2, (1, 2, 2)),
        failed.fails(Default, "HTTP 500", Ambiguous, 1, (1, 1, 1)),
        failed.succeeds(Risk, 2, (1, 2, 2)),
        large.fails(Default, "HTTP 413", Rejected, 1, (1, 1, 0)),
        garbage.fails(Default, "ResponseHead", Ambiguous, 1, (1, 1, 1)),
        garbage.succeeds(Risk, 2, (2, 2, 2)),
        invalid.fails(Default, "Parse", Ambiguous, 1, (1, 1, 1)),
        invalid.fails(Risk, "Parse", Ambiguous, 1, (1, 1, 1)),
    ]
}
