//! The parts of the decision, one by one.

use std::time::SystemTime;

use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, Response};
use invoke_model_protocol::{ErrorMetadata, Operation};
use invoke_model_transport::{TimeoutKind, TransportError, TransportErrorKind};
use invoke_model_types::{InvokeModel, InvokeModelError};
use proptest::prelude::*;

use super::bucket::Paid;
use super::*;
use crate::ErrorKind;

type Kind = ErrorKind<InvokeModelError>;

/// 2015-08-30T12:36:00Z.
fn now() -> SystemTime {
    SystemTime::UNIX_EPOCH + Duration::from_secs(1_440_938_160)
}

fn headers(fields: &[(&'static str, &'static str)]) -> HeaderMap {
    let field = |(name, value): &(&'static str, &'static str)| {
        (HeaderName::from_static(name), HeaderValue::from_static(value))
    };
    fields.iter().map(field).collect()
}

fn refused(status: u16, code: &'static str, message: &str, fields: &[(&'static str, &'static str)]) -> Kind {
    let body = Bytes::from(format!("{{\"message\":\"{message}\"}}"));
    let mut response = Response::builder().status(status).body(body).unwrap();
    *response.headers_mut() = headers(fields);
    if !code.is_empty() {
        response.headers_mut().insert("x-amzn-errortype", HeaderValue::from_static(code));
    }
    let error = InvokeModel::parse_error(ErrorMetadata::from_response(&response), &response).unwrap();
    ErrorKind::Service { error, response: Box::new(response) }
}

fn lost(kind: TransportErrorKind) -> Kind {
    ErrorKind::Transport(TransportError::from(kind))
}

fn decided(kind: &Kind, retries: RetryConfig, attempts: u32) -> Option<Duration> {
    match decide(kind, &retries, Known { attempts, now: now(), random: 1.0 }) {
        Decision::End => None,
        Decision::Again { wait, .. } => Some(wait),
    }
}

/// The class, and whether it is sent again: by default, and where the caller does not mind to pay twice.
fn check(kind: &Kind, expected: FailureClass, by_default: bool, ambiguous: bool) {
    assert_eq!(class(kind), expected, "{kind:?}");
    let sent_again = |retries| decided(kind, retries, 1).is_some();
    assert_eq!(sent_again(RetryConfig::default()), by_default, "{kind:?}");
    assert_eq!(
        sent_again(RetryConfig { retry_ambiguous: true, ..RetryConfig::default() }),
        ambiguous,
        "{kind:?}"
    );
    assert!(!sent_again(RetryConfig::disabled()), "{kind:?}");
}

#[test]
fn what_was_lost_on_the_way() {
    use FailureClass::{Ambiguous, NotSent};
    use TransportErrorKind as Is;
    for kind in [Is::Resolve, Is::Connect, Is::ConnectTimeout, Is::Refused] {
        check(&lost(kind), NotSent, true, true);
    }
    for kind in [Is::InvalidRequest, Is::Proxy, Is::Tls, Is::RequestBody] {
        check(&lost(kind), NotSent, false, false);
    }
    let deadlines = [TimeoutKind::FirstByte, TimeoutKind::Idle, TimeoutKind::Operation].map(Is::Timeout);
    for kind in
        deadlines.into_iter().chain([Is::Send, Is::ResponseTimeout, Is::ResponseHead, Is::BodyIncomplete])
    {
        check(&lost(kind), Ambiguous, false, true);
    }
}

#[test]
fn what_the_service_answered() {
    use FailureClass::{Ambiguous, Rejected, ServerError};
    check(&refused(429, "ThrottlingException", "slow", &[]), Rejected, true, true);
    check(&refused(429, "ModelNotReadyException", "loading", &[]), Rejected, true, true);
    check(&refused(503, "ServiceUnavailableException", "busy", &[]), Rejected, true, true);
    check(&refused(500, "InternalServerException", "oh", &[]), ServerError, true, true);
    check(&refused(500, "", "oh", &[]), ServerError, true, true); // by its status alone
    check(&refused(500, "NewException", "oh", &[]), Ambiguous, false, true);
    check(&refused(502, "", "", &[]), Ambiguous, false, true);
    check(&refused(504, "", "", &[]), Ambiguous, false, true);
    check(&refused(408, "ModelTimeoutException", "slow", &[]), Ambiguous, false, true);
    check(&refused(424, "ModelErrorException", "broke", &[]), Ambiguous, false, true);
    for (status, code) in [
        (400, "ValidationException"),
        (400, "ServiceQuotaExceededException"),
        (403, "AccessDeniedException"),
        (403, "UnrecognizedClientException"),
        (404, "ResourceNotFoundException"),
        (413, ""),
    ] {
        check(&refused(status, code, "no", &[]), Rejected, false, false);
    }
    let daily = "Too many tokens per day, please wait before trying again.";
    check(&refused(429, "ThrottlingException", daily, &[]), Rejected, false, false);
}

#[test]
fn what_cannot_be_read_may_have_been_paid_for() {
    let error =
        invoke_model_protocol::ParseError::new("body", invoke_model_protocol::ParseErrorKind::Missing);
    let kind = ErrorKind::Parse { error, response: Box::default() };
    check(&kind, FailureClass::Ambiguous, false, false);
}

#[test]
fn attempts_are_counted() {
    let throttled = refused(429, "ThrottlingException", "slow", &[]);
    let loading = refused(429, "ModelNotReadyException", "loading", &[]);
    let again = |kind: &Kind| {
        (1..9).take_while(|sent| decided(kind, RetryConfig::default(), *sent).is_some()).count()
    };
    assert_eq!(again(&throttled), 2, "sent three times");
    assert_eq!(again(&loading), 4, "sent five times");
}

#[test]
fn waits_double_from_a_second_on() {
    let throttled = refused(429, "ThrottlingException", "slow", &[]);
    let retries = RetryConfig { max_attempts: 99, ..RetryConfig::default() };
    let waits: Vec<_> = (1..9).map(|sent| decided(&throttled, retries, sent).unwrap().as_secs()).collect();
    assert_eq!(waits, [1, 2, 4, 8, 16, 20, 20, 20]);
}

#[test]
fn the_service_may_say_when() {
    let wait = |fields| {
        decided(&refused(503, "ServiceUnavailableException", "busy", fields), RetryConfig::default(), 1)
    };
    assert_eq!(wait(&[("retry-after", "7")]), Some(Duration::from_secs(7)));
    assert_eq!(wait(&[("retry-after", "0")]), Some(Duration::ZERO));
    assert_eq!(
        wait(&[("x-amz-retry-after", "1500"), ("retry-after", "7")]),
        Some(Duration::from_millis(1500))
    );
    assert_eq!(wait(&[("retry-after", "Sun, 30 Aug 2015 12:36:30 GMT")]), Some(Duration::from_secs(30)));
    assert_eq!(wait(&[("retry-after", "Sun, 30 Aug 2015 12:35:30 GMT")]), Some(Duration::ZERO));
    assert_eq!(wait(&[("retry-after", "60")]), Some(Duration::from_secs(60)));
    assert_eq!(wait(&[("retry-after", "61")]), None, "nobody waits that long without being asked");
    assert_eq!(wait(&[("retry-after", "soon")]), Some(Duration::from_secs(1)));
}

#[test]
fn retries_are_paid_for() {
    let bucket = Bucket::default();
    for _ in 0..50 {
        assert!(bucket.pay(true).is_some());
    }
    assert_eq!(bucket.left(), 0);
    assert!(bucket.pay(false).is_none());
    for _ in 0..4 {
        bucket.succeeded(Paid::default());
    }
    assert!(bucket.pay(false).is_none(), "four successes bring four");
    bucket.succeeded(Paid::default());
    let paid = bucket.pay(false).unwrap();
    assert_eq!(bucket.left(), 0);
    bucket.succeeded(paid);
    assert_eq!(bucket.left(), 5, "a retry that succeeds brings back its price");
    for _ in 0..999 {
        bucket.succeeded(Paid::default());
    }
    assert_eq!(bucket.left(), 500);
}

#[test]
fn the_time_is_learnt_from_a_refusal() {
    let check = |code, date, learnt: bool, corrected: i64| {
        let skew = Skew::default();
        assert_eq!(skew.learn(code, &headers(&[("date", date)]), now()), learnt, "{code:?} {date}");
        let moved = skew.correct(now()).duration_since(SystemTime::UNIX_EPOCH).unwrap().as_secs();
        assert_eq!(moved.cast_signed() - 1_440_938_160, corrected, "{code:?} {date}");
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
fn a_time_that_is_known_is_not_learnt_again() {
    let (skew, code) = (Skew::default(), Some("InvalidSignatureException"));
    let date = headers(&[("date", "Sun, 30 Aug 2015 14:36:00 GMT")]);
    assert!(skew.learn(code, &date, now()));
    assert!(!skew.learn(code, &date, now() + Duration::from_secs(30)), "the clock was not the cause");
    assert!(skew.learn(code, &date, now() + Duration::from_secs(7200)), "until this machine's clock is set");
    assert_eq!(skew.correct(now()), now());
}

proptest! {
    #[test]
    fn a_wait_is_below_its_bound(attempts in 1u32..200, random in 0.0f64..=1.0, longest in 0u64..100) {
        let longest = Duration::from_secs(longest);
        let wait = backoff::backoff(attempts, longest, random);
        prop_assert!(wait <= longest && wait <= Duration::from_secs(1 << (attempts - 1).min(30)));
    }

    #[test]
    fn no_header_panics(text in "[ -~]{0,40}") {
        let mut fields = HeaderMap::new();
        for name in ["retry-after", "x-amz-retry-after", "date"] {
            fields.insert(name, HeaderValue::from_str(&text).unwrap());
        }
        let _ = backoff::retry_after(&fields, now());
        let _ = Skew::default().learn(Some("RequestExpired"), &fields, now());
    }
}
