//! Rows with error responses, and with responses that cannot be parsed.

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
use super::invoke;

pub(super) fn rows() -> Vec<Row> {
    let mut rows = rejections();
    rows.extend(failures());
    rows.extend(gateways());
    rows.extend(unmodeled());
    rows
}

fn daily_quota() -> ThrottlingException {
    let mut error = ThrottlingException::default();
    error.message = Some("Too many tokens per day, please wait before trying again.".to_owned());
    error
}

/// Returns rows in which the service rejects the request.
fn rejections() -> Vec<Row> {
    let throttled = || Fault::error(ThrottlingException::default());
    let throttled_once = invoke("429 ThrottlingException, once", [throttled().first(1)]);
    let always_throttled = invoke("429 ThrottlingException, always", [throttled().into()]);
    let retry_after = invoke(
        "429 with Retry-After of 30 s, once",
        [throttled().retry_after(RetryAfter::Seconds(30)).first(1)],
    );
    let retry_after_hour = invoke(
        "429 with Retry-After of an hour",
        [throttled().retry_after(RetryAfter::Seconds(3600)).first(1)],
    );
    let retry_after_date = invoke(
        "429 with Retry-After as a date in 20 s",
        [throttled().retry_after(RetryAfter::DateIn(20)).first(1)],
    );
    let daily_quota = invoke("429 because of an exhausted daily quota", [Fault::error(daily_quota()).into()]);
    let loading = invoke(
        "429 ModelNotReadyException, four times",
        [Fault::error(ModelNotReadyException::default()).first(4)],
    );
    let busy = invoke(
        "503 ServiceUnavailableException, once",
        [Fault::error(ServiceUnavailableException::default()).first(1)],
    );
    let throttled_by_proxy = invoke(
        "429 with an HTML page from a proxy, once",
        [Fault::status(StatusCode::TOO_MANY_REQUESTS).body("<html>slow down</html>").first(1)],
    );
    let skew = invoke("endpoint whose clock is two hours ahead", [Fault::new().clock_skew(7200).into()]);
    let denied = invoke("403 AccessDeniedException", [Fault::error(AccessDeniedException::default()).into()]);
    let invalid = invoke("400 ValidationException", [Fault::error(ValidationException::default()).into()]);
    let quota_exceeded = invoke(
        "400 ServiceQuotaExceededException",
        [Fault::error(ServiceQuotaExceededException::default()).into()],
    );
    let missing =
        invoke("404 ResourceNotFoundException", [Fault::error(ResourceNotFoundException::default()).into()]);
    use Setting::{Default, NoRetries, Operation, RetryAmbiguous};
    vec![
        throttled_once.succeeds(Default, 2, (1, 2, 1)),
        throttled_once.fails(NoRetries, "ThrottlingException", Rejected, 1, (1, 1, 0)),
        throttled_once.succeeds(Operation, 2, (1, 2, 1)),
        always_throttled.fails(Default, "ThrottlingException", Rejected, 3, (1, 3, 0)),
        always_throttled.fails(RetryAmbiguous, "ThrottlingException", Rejected, 3, (1, 3, 0)),
        retry_after.succeeds(Default, 2, (1, 2, 1)),
        retry_after_hour.fails(Default, "ThrottlingException", Rejected, 1, (1, 1, 0)),
        retry_after_date.succeeds(Default, 2, (1, 2, 1)),
        daily_quota.fails(Default, "ThrottlingException", Rejected, 1, (1, 1, 0)),
        loading.succeeds(Default, 5, (1, 5, 1)),
        busy.succeeds(Default, 2, (1, 2, 1)),
        throttled_by_proxy.succeeds(Default, 2, (1, 2, 1)),
        skew.succeeds(Default, 2, (1, 2, 1)),
        denied.fails(Default, "AccessDeniedException", Rejected, 1, (1, 1, 0)),
        denied.fails(RetryAmbiguous, "AccessDeniedException", Rejected, 1, (1, 1, 0)),
        invalid.fails(Default, "ValidationException", Rejected, 1, (1, 1, 0)),
        quota_exceeded.fails(Default, "ServiceQuotaExceededException", Rejected, 1, (1, 1, 0)),
        missing.fails(Default, "ResourceNotFoundException", Rejected, 1, (1, 1, 0)),
    ]
}

/// Returns rows in which the service or the model fails.
fn failures() -> Vec<Row> {
    let failed = invoke(
        "500 InternalServerException, once",
        [Fault::error(InternalServerException::default()).first(1)],
    );
    let always_failed = invoke(
        "500 InternalServerException, always",
        [Fault::error(InternalServerException::default()).into()],
    );
    let model_timeout =
        invoke("408 ModelTimeoutException, once", [Fault::error(ModelTimeoutException::default()).first(1)]);
    let model_failed =
        invoke("424 ModelErrorException, once", [Fault::error(ModelErrorException::default()).first(1)]);
    use Setting::{Default, RetryAmbiguous};
    vec![
        failed.succeeds(Default, 2, (1, 2, 1)),
        always_failed.fails(Default, "InternalServerException", ServerError, 3, (1, 3, 0)),
        model_timeout.fails(Default, "ModelTimeoutException", Ambiguous, 1, (1, 1, 1)),
        model_timeout.succeeds(RetryAmbiguous, 2, (1, 2, 2)),
        model_failed.fails(Default, "ModelErrorException", Ambiguous, 1, (1, 1, 1)),
        model_failed.succeeds(RetryAmbiguous, 2, (1, 2, 2)),
    ]
}

/// Returns rows in which a gateway responds although the service executes the request, and rows in which the
/// service itself sends such a response without a code.
fn gateways() -> Vec<Row> {
    let forwarded = |description, status, body: &'static str| {
        let json = HeaderValue::from_static("application/json");
        let fault = Fault::status(status).body(body).header(CONTENT_TYPE, json).worked_on(true);
        invoke(description, [fault.first(1)])
    };
    let by_service = |description, status| {
        let id = (HeaderName::from_static("x-amzn-requestid"), HeaderValue::from_static("5f0c"));
        invoke(description, [Fault::status(status).header(id.0, id.1).worked_on(false).first(1)])
    };
    let (busy, failed) = (StatusCode::SERVICE_UNAVAILABLE, StatusCode::INTERNAL_SERVER_ERROR);
    let page = invoke(
        "503 with an HTML page from a gateway that forwarded the request, once",
        [Fault::status(busy)
            .body("<html>busy</html>")
            .header(CONTENT_TYPE, HeaderValue::from_static("text/html"))
            .worked_on(true)
            .first(1)],
    );
    let empty = invoke(
        "503 without a body from a gateway that forwarded the request, once",
        [Fault::status(busy).worked_on(true).first(1)],
    );
    let message = forwarded(
        "503 `{\"message\":\"Service Unavailable\"}` from a gateway that forwarded the request, once",
        busy,
        r#"{"message":"Service Unavailable"}"#,
    );
    let code = forwarded(
        "503 with the code of a gateway that forwarded the request, once",
        busy,
        r#"{"code":"UPSTREAM_TIMEOUT"}"#,
    );
    let object = forwarded("500 `{}` from a gateway that forwarded the request, once", failed, "{}");
    let reset = forwarded(
        "500 `{\"error\":\"upstream reset\"}` from a gateway that forwarded the request, once",
        failed,
        r#"{"error":"upstream reset"}"#,
    );
    use Setting::{Default, RetryAmbiguous};
    let mut rows = Vec::new();
    for (fault, outcome) in [
        (page, "HTTP 503"),
        (empty, "ServiceUnavailableException"),
        (message, "ServiceUnavailableException"),
        (code, "UPSTREAM_TIMEOUT"),
        (object, "InternalServerException"),
        (reset, "InternalServerException"),
    ] {
        rows.push(fault.fails(Default, outcome, Ambiguous, 1, (1, 1, 1)));
        rows.push(fault.succeeds(RetryAmbiguous, 2, (1, 2, 2)));
    }
    rows.extend([
        by_service("503 with a request id, without a code, once", busy).succeeds(Default, 2, (1, 2, 1)),
        by_service("500 with a request id, without a code, once", failed).succeeds(Default, 2, (1, 2, 1)),
    ]);
    rows
}

/// Returns rows with responses that the API model does not define.
fn unmodeled() -> Vec<Row> {
    let status =
        |description, status| invoke(description, [Fault::status(status).body("<html></html>").first(1)]);
    let bad_gateway = status("502 from a proxy, once", StatusCode::BAD_GATEWAY);
    let timeout = status("504 from a proxy, once", StatusCode::GATEWAY_TIMEOUT);
    let failed = status("500 without a modeled error, once", StatusCode::INTERNAL_SERVER_ERROR);
    let failed_without_body =
        invoke("500 without a body, once", [Fault::status(StatusCode::INTERNAL_SERVER_ERROR).first(1)]);
    let large = status("413 from a proxy", StatusCode::PAYLOAD_TOO_LARGE);
    let not_http = invoke(
        "bytes that are not HTTP, once",
        [Fault::garbage(Bytes::from_static(b"SSH-2.0-x\r\n\r\n")).first(1)],
    );
    let tier = HeaderName::from_static("x-amzn-bedrock-service-tier");
    let unparsable = invoke(
        "success with a header that is not UTF-8",
        [Fault::new().header(tier, HeaderValue::from_bytes(b"\xff").unwrap()).first(1)],
    );
    use Setting::{Default, RetryAmbiguous};
    vec![
        bad_gateway.fails(Default, "HTTP 502", Ambiguous, 1, (1, 1, 1)),
        bad_gateway.succeeds(RetryAmbiguous, 2, (1, 2, 2)),
        timeout.fails(Default, "HTTP 504", Ambiguous, 1, (1, 1, 1)),
        timeout.succeeds(RetryAmbiguous, 2, (1, 2, 2)),
        failed.fails(Default, "HTTP 500", Ambiguous, 1, (1, 1, 1)),
        failed.succeeds(RetryAmbiguous, 2, (1, 2, 2)),
        failed_without_body.fails(Default, "InternalServerException", Ambiguous, 1, (1, 1, 1)),
        failed_without_body.succeeds(RetryAmbiguous, 2, (1, 2, 2)),
        large.fails(Default, "HTTP 413", Rejected, 1, (1, 1, 0)),
        not_http.fails(Default, "ResponseHead", Ambiguous, 1, (1, 1, 1)),
        not_http.succeeds(RetryAmbiguous, 2, (2, 2, 2)),
        unparsable.fails(Default, "Parse", Ambiguous, 1, (1, 1, 1)),
        unparsable.fails(RetryAmbiguous, "Parse", Ambiguous, 1, (1, 1, 1)),
    ]
}
