//! Unit tests of the retry decision, the token bucket and the clock skew.

use std::time::SystemTime;

use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, Response};
use invoke_model_protocol::{ErrorMetadata, Operation};
use invoke_model_transport::{TimeoutKind, TransportError, TransportErrorKind};
use invoke_model_types::{InvokeModel, InvokeModelError};
use proptest::prelude::*;

use super::*;
use crate::error::{ErrorKind, class};
use crate::metadata::FailureClass;

type Kind = ErrorKind<InvokeModelError>;

/// 2015-08-30T12:36:00Z.
fn now() -> SystemTime {
    SystemTime::UNIX_EPOCH + Duration::from_secs(1_440_938_160)
}

fn headers(headers: &[(&'static str, &'static str)]) -> HeaderMap {
    let header = |(name, value): &(&'static str, &'static str)| {
        (HeaderName::from_static(name), HeaderValue::from_static(value))
    };
    headers.iter().map(header).collect()
}

fn service_error(
    status: u16,
    code: &'static str,
    message: &str,
    extra_headers: &[(&'static str, &'static str)],
) -> Kind {
    let body = Bytes::from(format!("{{\"message\":\"{message}\"}}"));
    let mut response = Response::builder().status(status).body(body).unwrap();
    *response.headers_mut() = headers(extra_headers);
    if !code.is_empty() {
        response.headers_mut().insert("x-amzn-errortype", HeaderValue::from_static(code));
    }
    let error = InvokeModel::parse_error(ErrorMetadata::from_response(&response), &response).unwrap();
    ErrorKind::Service { error, response: Box::new(response) }
}

fn transport_error(kind: TransportErrorKind) -> Kind {
    ErrorKind::Transport(TransportError::from(kind))
}

/// Returns the maximum backoff before a retry, or `None` if the client does not retry the call.
fn max_backoff(kind: &Kind, retries: RetryConfig, attempts: u32) -> Option<Duration> {
    decide_for(kind, retries, attempts, false)
}

/// Returns the maximum backoff before a retry of an operation, which may be idempotent.
fn decide_for(kind: &Kind, retries: RetryConfig, attempts: u32, is_idempotent: bool) -> Option<Duration> {
    match decide(kind, &retries, RetryState { attempts, is_idempotent, now: now(), random: 1.0 }) {
        RetryDecision::Fail => None,
        RetryDecision::Retry { backoff, .. } => Some(backoff),
    }
}

/// Checks the class of a failure. `by_default` is `true` if the client retries the failure by default.
/// `ambiguous` is `true` if the client retries the failure with `retry_ambiguous`, or if the operation is
/// idempotent.
fn check(kind: &Kind, expected: FailureClass, by_default: bool, ambiguous: bool) {
    assert_eq!(class(kind), expected, "{kind:?}");
    let is_retried = |retries| max_backoff(kind, retries, 1).is_some();
    assert_eq!(is_retried(RetryConfig::standard()), by_default, "{kind:?}");
    assert_eq!(is_retried(RetryConfig::standard().retry_ambiguous(true)), ambiguous, "{kind:?}");
    assert!(!is_retried(RetryConfig::disabled()), "{kind:?}");
    let is_retried = |retries| decide_for(kind, retries, 1, true).is_some();
    assert_eq!(is_retried(RetryConfig::standard()), ambiguous, "idempotent: {kind:?}");
    assert!(!is_retried(RetryConfig::disabled()), "idempotent: {kind:?}");
}

#[test]
fn transport_errors_are_retried_by_class() {
    use FailureClass::{Ambiguous, NotSent};
    use TransportErrorKind as Transport;
    for kind in [Transport::Resolve, Transport::Connect, Transport::ConnectTimeout, Transport::Refused] {
        check(&transport_error(kind), NotSent, true, true);
    }
    for kind in [Transport::InvalidRequest, Transport::Proxy, Transport::Tls, Transport::RequestBody] {
        check(&transport_error(kind), NotSent, false, false);
    }
    let timeouts =
        [TimeoutKind::FirstByte, TimeoutKind::Idle, TimeoutKind::Operation].map(Transport::Timeout);
    for kind in timeouts.into_iter().chain([
        Transport::Send,
        Transport::ResponseTimeout,
        Transport::ResponseHead,
        Transport::BodyIncomplete,
    ]) {
        check(&transport_error(kind), Ambiguous, false, true);
    }
}

#[test]
fn error_responses_are_retried_by_class() {
    use FailureClass::{Ambiguous, Rejected, ServerError};
    check(&service_error(429, "ThrottlingException", "slow", &[]), Rejected, true, true);
    check(&service_error(429, "ModelNotReadyException", "loading", &[]), Rejected, true, true);
    check(&service_error(503, "ServiceUnavailableException", "busy", &[]), Rejected, true, true);
    check(&service_error(500, "InternalServerException", "oh", &[]), ServerError, true, true);
    check(&service_error(500, "NewException", "oh", &[]), Ambiguous, false, true);
    check(&service_error(408, "ModelTimeoutException", "slow", &[]), Ambiguous, false, true);
    check(&service_error(424, "ModelErrorException", "broke", &[]), Ambiguous, false, true);
    for (status, code) in [
        (400, "ValidationException"),
        (400, "ServiceQuotaExceededException"),
        (403, "AccessDeniedException"),
        (403, "UnrecognizedClientException"),
        (404, "ResourceNotFoundException"),
        (413, ""),
    ] {
        check(&service_error(status, code, "no", &[]), Rejected, false, false);
    }
    let daily = "Too many tokens per day, please wait before trying again.";
    check(&service_error(429, "ThrottlingException", daily, &[]), Rejected, false, false);
}

/// Checks a response with `body` and without an error code in the headers.
fn check_body(
    status: u16,
    body: &'static str,
    extra_headers: &[(&'static str, &'static str)],
    expected: FailureClass,
    by_default: bool,
) {
    let mut response = Response::builder().status(status).body(Bytes::from_static(body.as_bytes())).unwrap();
    *response.headers_mut() = headers(extra_headers);
    let error = InvokeModel::service_error(&response);
    check(&ErrorKind::Service { error, response: Box::new(response) }, expected, by_default, true);
}

#[test]
fn a_5xx_response_of_a_gateway_is_ambiguous() {
    for status in [500, 501, 502, 503, 504, 507, 520, 529, 599] {
        for body in [
            "",
            "{}",
            "<html>busy</html>",
            "upstream connect error or disconnect/reset before headers. reset reason: connection failure",
            r#"{"error":"upstream reset"}"#,
            r#"{"error":{"code":"ServiceUnavailableException","message":"busy"}}"#,
            r#"{"message":"Service Unavailable"}"#,
            r#"{"message":"no healthy Upstream"}"#,
            r#"{"code":"UPSTREAM_RESET","message":"busy"}"#,
            r#"{"code":"","message":"busy"}"#,
            r#"{"code":503,"message":"busy"}"#,
            r#"{"code":14,"message":"unavailable","details":[]}"#,
            r#"["__type"]"#,
            r#"["ServiceUnavailableException"]"#,
            r#"{"__type":null}"#,
            r#"{"__type":""}"#,
            r#"{"__type":{}}"#,
        ] {
            check_body(status, body, &[], FailureClass::Ambiguous, false);
            check_body(status, body, &[("retry-after", "1")], FailureClass::Ambiguous, false);
            check_body(status, body, &[("x-amzn-requestid", "")], FailureClass::Ambiguous, false);
            check_body(status, body, &[("x-request-id", "envoy")], FailureClass::Ambiguous, false);
            for placeholder in ["-", "null", "00000000-0000-0000-0000-000000000000"] {
                let headers = [("x-amzn-requestid", placeholder)];
                check_body(status, body, &headers, FailureClass::Ambiguous, false);
            }
            for placeholder in ["-", ":", ""] {
                let headers = [("x-amzn-errortype", placeholder)];
                check_body(status, body, &headers, FailureClass::Ambiguous, false);
            }
        }
    }
}

#[test]
fn ids_and_codes_of_api_gateway_and_lambda_are_no_evidence() {
    use FailureClass::{Ambiguous, ServerError};
    let body = r#"{"message":"Service Unavailable"}"#;
    for gateway in ["x-amz-apigw-id", "apigw-requestid", "x-amzn-trace-id"] {
        let gateway = (gateway, "Root=1-5759e988");
        let id = ("x-amzn-requestid", "5f0c");
        for status in [500, 502, 503, 504] {
            check_body(status, body, &[gateway, id], Ambiguous, false);
            let code = ("x-amzn-errortype", "InternalServerErrorException");
            check_body(status, body, &[gateway, id, code], Ambiguous, false);
        }
        // The gateway forwards a response of the service.
        let code = ("x-amzn-errortype", "InternalServerException");
        check_body(500, body, &[gateway, id, code], ServerError, true);
    }
}

#[test]
fn a_5xx_response_of_the_service_is_rejected_or_failed() {
    use FailureClass::{Ambiguous, Rejected, ServerError};
    let id = [("x-amzn-requestid", "5f0c")];
    check_body(503, "", &id, Rejected, true);
    check_body(503, "<html>busy</html>", &id, Rejected, true);
    check_body(503, "{}", &id, Rejected, true);
    check_body(503, r#"{"__type":"SlowDown"}"#, &[], Rejected, true);
    check_body(503, r#"{"code":"ServiceUnavailableException"}"#, &[], Rejected, true);
    check_body(503, "", &[("x-amzn-errortype", "SlowDown")], Rejected, true);
    check_body(500, "", &id, ServerError, true);
    check_body(500, "{}", &id, ServerError, true);
    check_body(500, r#"{"__type":"com.amazon.coral#InternalServerException"}"#, &[], ServerError, true);
    check_body(500, r#"{"code":"InternalServerException"}"#, &[], ServerError, true);
    // The model does not define these errors, so they do not state that the service did no work.
    check_body(500, "<html>", &id, Ambiguous, false);
    check_body(502, "", &id, Ambiguous, false);
    check_body(504, "{}", &id, Ambiguous, false);
}

#[test]
fn a_429_response_is_rejected_without_a_code() {
    for body in ["", "{}", "<html>slow down</html>", r#"{"error":"rate limit"}"#] {
        check_body(429, body, &[], FailureClass::Rejected, true);
    }
}

#[test]
fn unparsable_response_is_ambiguous_and_not_retried() {
    let error =
        invoke_model_protocol::ParseError::new("body", invoke_model_protocol::ParseErrorKind::Missing);
    let kind = ErrorKind::Parse { error, response: Box::default() };
    check(&kind, FailureClass::Ambiguous, false, false);
}

#[test]
fn attempts_are_limited() {
    let throttled = service_error(429, "ThrottlingException", "slow", &[]);
    let loading = service_error(429, "ModelNotReadyException", "loading", &[]);
    let retries = |kind: &Kind, config| {
        (1..9).take_while(|attempts| max_backoff(kind, config, *attempts).is_some()).count()
    };
    assert_eq!(retries(&throttled, RetryConfig::standard()), 2, "three attempts");
    assert_eq!(retries(&loading, RetryConfig::standard()), 4, "five attempts for a retryable error");
    let four = RetryConfig::standard().max_attempts(4);
    assert_eq!((retries(&throttled, four), retries(&loading, four)), (3, 3));
}

#[test]
fn backoff_doubles_up_to_its_maximum() {
    let throttled = service_error(429, "ThrottlingException", "slow", &[]);
    let retries = RetryConfig::standard().max_attempts(99);
    let backoff = |attempts| max_backoff(&throttled, retries, attempts).unwrap().as_secs();
    assert_eq!((1..9).map(backoff).collect::<Vec<_>>(), [1, 2, 4, 8, 16, 20, 20, 20]);
    let retries = retries.max_backoff(Duration::from_secs(3));
    assert_eq!(max_backoff(&throttled, retries, 3), Some(Duration::from_secs(3)));
}

#[test]
fn retry_after_replaces_the_backoff() {
    let backoff = |headers| {
        let busy = service_error(503, "ServiceUnavailableException", "busy", headers);
        max_backoff(&busy, RetryConfig::standard(), 1)
    };
    assert_eq!(backoff(&[("retry-after", "7")]), Some(Duration::from_secs(7)));
    assert_eq!(backoff(&[("retry-after", "0")]), Some(Duration::ZERO));
    assert_eq!(
        backoff(&[("x-amz-retry-after", "1500"), ("retry-after", "7")]),
        Some(Duration::from_millis(1500))
    );
    assert_eq!(backoff(&[("retry-after", "Sun, 30 Aug 2015 12:36:30 GMT")]), Some(Duration::from_secs(30)));
    assert_eq!(backoff(&[("retry-after", "Sun, 30 Aug 2015 12:35:30 GMT")]), Some(Duration::ZERO));
    assert_eq!(backoff(&[("retry-after", "60")]), Some(Duration::from_secs(60)));
    assert_eq!(backoff(&[("retry-after", "61")]), None, "longer than max_retry_after");
    assert_eq!(backoff(&[("retry-after", "soon")]), Some(Duration::from_secs(1)));
    let busy = service_error(503, "ServiceUnavailableException", "busy", &[("retry-after", "7")]);
    let retries = RetryConfig::standard().max_retry_after(Duration::from_secs(6));
    assert_eq!(max_backoff(&busy, retries, 1), None);
}

#[test]
fn retries_take_tokens_and_successes_return_them() {
    let bucket = RetryTokenBucket::default();
    for _ in 0..50 {
        assert!(bucket.acquire(true).is_some());
    }
    assert_eq!(bucket.tokens(), 0);
    assert!(bucket.acquire(false).is_none());
    for _ in 0..4 {
        bucket.record_success(RetryCost::default());
    }
    assert!(bucket.acquire(false).is_none(), "four successes return four tokens");
    bucket.record_success(RetryCost::default());
    let cost = bucket.acquire(false).unwrap();
    assert_eq!(bucket.tokens(), 0);
    bucket.record_success(cost);
    assert_eq!(bucket.tokens(), 5, "a successful retry returns its cost");
    for _ in 0..999 {
        bucket.record_success(RetryCost::default());
    }
    assert_eq!(bucket.tokens(), 500);
}

#[test]
fn clock_skew_is_learned_from_an_error_response() {
    let check = |code, date, learned: bool, corrected: i64| {
        let skew = ClockSkew::default();
        assert_eq!(skew.learn(code, &headers(&[("date", date)]), now()), learned, "{code:?} {date}");
        let shifted = skew.correct(now()).duration_since(SystemTime::UNIX_EPOCH).unwrap().as_secs();
        assert_eq!(shifted.cast_signed() - 1_440_938_160, corrected, "{code:?} {date}");
    };
    let (ahead, behind) = ("Sun, 30 Aug 2015 14:36:00 GMT", "Sun, 30 Aug 2015 12:26:00 GMT");
    check(Some("InvalidSignatureException"), ahead, true, 7200);
    check(Some("RequestTimeTooSkewed"), behind, true, -600);
    check(Some("InvalidSignatureException"), "Sun, 30 Aug 2015 12:40:00 GMT", false, 0);
    check(Some("AccessDeniedException"), ahead, false, 0);
    check(None, ahead, false, 0);
    check(Some("InvalidSignatureException"), "yesterday", false, 0);
}

#[test]
fn known_clock_skew_is_not_learned_again() {
    let (skew, code) = (ClockSkew::default(), Some("InvalidSignatureException"));
    let date = headers(&[("date", "Sun, 30 Aug 2015 14:36:00 GMT")]);
    assert!(skew.learn(code, &date, now()));
    assert!(!skew.learn(code, &date, now() + Duration::from_secs(30)), "the clock is not the cause");
    assert!(skew.learn(code, &date, now() + Duration::from_secs(7200)), "the local clock has changed since");
    assert_eq!(skew.correct(now()), now());
}

proptest! {
    #[test]
    fn backoff_is_below_its_bound(attempts in 1u32..200, random in 0.0f64..=1.0, max in 0u64..100) {
        let max = Duration::from_secs(max);
        let backoff = backoff::backoff(attempts, max, random);
        prop_assert!(backoff <= max && backoff <= Duration::from_secs(1 << (attempts - 1).min(30)));
    }

    #[test]
    fn parsing_headers_never_panics(text in "[ -~]{0,40}") {
        let mut headers = HeaderMap::new();
        for name in ["retry-after", "x-amz-retry-after", "date"] {
            headers.insert(name, HeaderValue::from_str(&text).unwrap());
        }
        let _ = backoff::retry_after(&headers, now());
        let _ = ClockSkew::default().learn(Some("RequestExpired"), &headers, now());
    }
}
