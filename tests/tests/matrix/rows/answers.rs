//! What the endpoint says in place of an answer.

use bytes::Bytes;
use http::StatusCode;
use http::header::{CONTENT_TYPE, HeaderName, HeaderValue};
use invoke_model_client::FailureClass::{Ambiguous, Rejected, ServerError};
use invoke_model_client::types::{
    AccessDeniedException, InternalServerException, ModelErrorException, ModelNotReadyException,
    ModelTimeoutException, ResourceNotFoundException, ServiceQuotaExceededException,
    ServiceUnavailableException, ThrottlingException, ValidationException,
};
use invoke_model_local::{Fault as At, RetryAfter};

use super::super::row::{Row, Setting};
use super::whole;

pub(super) fn rows() -> Vec<Row> {
    let mut rows = refusals();
    rows.extend(failures());
    rows.extend(unmodelled());
    rows
}

fn daily() -> ThrottlingException {
    let mut error = ThrottlingException::default();
    error.message = Some("Too many tokens per day, please wait before trying again.".to_owned());
    error
}

/// Refused before any work.
fn refusals() -> Vec<Row> {
    let throttled = || At::error(ThrottlingException::default());
    let once = whole("429 ThrottlingException, once", [throttled().first(1)]);
    let storm = whole("429 ThrottlingException, always", [throttled().into()]);
    let asked = whole(
        "429 with Retry-After of 30 s, once",
        [throttled().retry_after(RetryAfter::Seconds(30)).first(1)],
    );
    let hour = whole(
        "429 with Retry-After of an hour",
        [throttled().retry_after(RetryAfter::Seconds(3600)).first(1)],
    );
    let date = whole(
        "429 with Retry-After as a date in 20 s",
        [throttled().retry_after(RetryAfter::DateIn(20)).first(1)],
    );
    let quota = whole("429, the quota of tokens for the day", [At::error(daily()).into()]);
    let loading = whole(
        "429 ModelNotReadyException, four times",
        [At::error(ModelNotReadyException::default()).first(4)],
    );
    let busy = whole(
        "503 ServiceUnavailableException, once",
        [At::error(ServiceUnavailableException::default()).first(1)],
    );
    let proxy = whole(
        "503 with a page of a proxy, once",
        [At::status(StatusCode::SERVICE_UNAVAILABLE)
            .body("<html>busy</html>")
            .header(CONTENT_TYPE, HeaderValue::from_static("text/html"))
            .first(1)],
    );
    let skew = whole("the endpoint's clock is two hours ahead", [At::new().clock_skew(7200).into()]);
    let denied = whole("403 AccessDeniedException", [At::error(AccessDeniedException::default()).into()]);
    let invalid = whole("400 ValidationException", [At::error(ValidationException::default()).into()]);
    let used_up = whole(
        "400 ServiceQuotaExceededException",
        [At::error(ServiceQuotaExceededException::default()).into()],
    );
    let missing =
        whole("404 ResourceNotFoundException", [At::error(ResourceNotFoundException::default()).into()]);
    use Setting::{Ambiguous as Risk, Default, Once, Total};
    vec![
        once.answered(Default, 2, (1, 2, 1)),
        once.fails(Once, "ThrottlingException", Rejected, 1, (1, 1, 0)),
        once.answered(Total, 2, (1, 2, 1)),
        storm.fails(Default, "ThrottlingException", Rejected, 3, (1, 3, 0)),
        storm.fails(Risk, "ThrottlingException", Rejected, 3, (1, 3, 0)),
        asked.answered(Default, 2, (1, 2, 1)),
        hour.fails(Default, "ThrottlingException", Rejected, 1, (1, 1, 0)),
        date.answered(Default, 2, (1, 2, 1)),
        quota.fails(Default, "ThrottlingException", Rejected, 1, (1, 1, 0)),
        loading.answered(Default, 5, (1, 5, 1)),
        busy.answered(Default, 2, (1, 2, 1)),
        proxy.answered(Default, 2, (1, 2, 1)),
        skew.answered(Default, 2, (1, 2, 1)),
        denied.fails(Default, "AccessDeniedException", Rejected, 1, (1, 1, 0)),
        denied.fails(Risk, "AccessDeniedException", Rejected, 1, (1, 1, 0)),
        invalid.fails(Default, "ValidationException", Rejected, 1, (1, 1, 0)),
        used_up.fails(Default, "ServiceQuotaExceededException", Rejected, 1, (1, 1, 0)),
        missing.fails(Default, "ResourceNotFoundException", Rejected, 1, (1, 1, 0)),
    ]
}

/// The service, or the model, says that it failed.
fn failures() -> Vec<Row> {
    let failed =
        whole("500 InternalServerException, once", [At::error(InternalServerException::default()).first(1)]);
    let always =
        whole("500 InternalServerException, always", [At::error(InternalServerException::default()).into()]);
    let slow =
        whole("408 ModelTimeoutException, once", [At::error(ModelTimeoutException::default()).first(1)]);
    let broke = whole("424 ModelErrorException, once", [At::error(ModelErrorException::default()).first(1)]);
    use Setting::{Ambiguous as Risk, Default};
    vec![
        failed.answered(Default, 2, (1, 2, 1)),
        always.fails(Default, "InternalServerException", ServerError, 3, (1, 3, 0)),
        slow.fails(Default, "ModelTimeoutException", Ambiguous, 1, (1, 1, 1)),
        slow.answered(Risk, 2, (1, 2, 2)),
        broke.fails(Default, "ModelErrorException", Ambiguous, 1, (1, 1, 1)),
        broke.answered(Risk, 2, (1, 2, 2)),
    ]
}

/// Answers that the model does not have.
fn unmodelled() -> Vec<Row> {
    let status = |words, status| whole(words, [At::status(status).body("<html></html>").first(1)]);
    let bad_gateway = status("502 of a proxy, once", StatusCode::BAD_GATEWAY);
    let timeout = status("504 of a proxy, once", StatusCode::GATEWAY_TIMEOUT);
    let failed = status("500 without an error of the model, once", StatusCode::INTERNAL_SERVER_ERROR);
    let large = status("413 of a proxy", StatusCode::PAYLOAD_TOO_LARGE);
    let garbage = whole(
        "bytes that are no HTTP, once",
        [At::garbage(Bytes::from_static(b"SSH-2.0-x\r\n\r\n")).first(1)],
    );
    let tier = HeaderName::from_static("x-amzn-bedrock-service-tier");
    let unread = whole(
        "a success with a header field that is not UTF-8",
        [At::new().header(tier, HeaderValue::from_bytes(b"\xff").unwrap()).first(1)],
    );
    use Setting::{Ambiguous as Risk, Default};
    vec![
        bad_gateway.fails(Default, "HTTP 502", Ambiguous, 1, (1, 1, 1)),
        bad_gateway.answered(Risk, 2, (1, 2, 2)),
        timeout.fails(Default, "HTTP 504", Ambiguous, 1, (1, 1, 1)),
        timeout.answered(Risk, 2, (1, 2, 2)),
        failed.fails(Default, "HTTP 500", Ambiguous, 1, (1, 1, 1)),
        failed.answered(Risk, 2, (1, 2, 2)),
        large.fails(Default, "HTTP 413", Rejected, 1, (1, 1, 0)),
        garbage.fails(Default, "ResponseHead", Ambiguous, 1, (1, 1, 1)),
        garbage.answered(Risk, 2, (2, 2, 2)),
        unread.fails(Default, "Parse", Ambiguous, 1, (1, 1, 1)),
        unread.fails(Risk, "Parse", Ambiguous, 1, (1, 1, 1)),
    ]
}
