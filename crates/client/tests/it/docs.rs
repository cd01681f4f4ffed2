//! Checks `docs/errors.md` and `docs/retries.md` against the code.

use std::time::Duration;

use invoke_model_client::types::{InvokeModelWithResponseStreamError, OperationError};
use invoke_model_client::{
    Error, FailureClass, ResponseBody, RetryConfig, TimeoutKind, TransportError, TransportErrorKind,
};

use crate::fake::{Fake, SendResult, response};
use crate::interceptors::failures::{Action, Failing};

const PAGE: &str = include_str!("../../../../docs/errors.md");

/// Returns the cells of the table row that starts with `name`.
fn row(name: &str) -> Vec<&'static str> {
    let start = format!("| `{name}`");
    let row =
        PAGE.lines().find(|line| line.starts_with(&start)).unwrap_or_else(|| panic!("{name} has no row"));
    row.trim_matches('|').split('|').map(str::trim).collect()
}

/// Makes a call whose attempts all fail. Returns the number of attempts and the error.
async fn fail(
    failure: impl Fn() -> SendResult,
    retries: RetryConfig,
) -> (usize, Error<InvokeModelWithResponseStreamError>) {
    let fake = Fake::with_responses([failure(), failure(), failure(), failure(), failure()]);
    let call =
        fake.client().invoke_model_with_response_stream().model_id("a").body("{}").retry_config(retries);
    let error = call.send().await.unwrap_err();
    (fake.requests().len(), error)
}

/// Checks the cell "retried" of a row.
async fn check_retried(failure: impl Fn() -> SendResult, cell: &str) {
    let (by_default, _) = fail(&failure, RetryConfig::standard()).await;
    let (ambiguous, _) = fail(&failure, RetryConfig::standard().retry_ambiguous(true)).await;
    let expected = match cell.split([',', ';']).next().unwrap_or_default() {
        "yes" if cell.contains("5 attempts") => (5, 5),
        "yes" => (3, 3),
        "if `retry_ambiguous` is set" => (1, 3),
        "no" | "once" => (1, 1),
        other => panic!("the cell has an unknown value: {other}"),
    };
    assert_eq!((by_default, ambiguous), expected, "{cell}");
}

#[tokio::test(start_paused = true)]
async fn rows_of_transport_errors() {
    use TransportErrorKind as Transport;
    let kinds = [
        Transport::InvalidRequest,
        Transport::Resolve,
        Transport::Connect,
        Transport::ConnectTimeout,
        Transport::Proxy,
        Transport::Tls,
        Transport::Refused,
        Transport::RequestBody,
        Transport::RequestBodyIncomplete,
        Transport::Send,
        Transport::ResponseTimeout,
        Transport::Timeout(TimeoutKind::FirstByte),
        Transport::Timeout(TimeoutKind::Idle),
        Transport::ResponseHead,
        Transport::BodyIncomplete,
        Transport::BodyTooLarge,
    ];
    for kind in kinds {
        let cells = row(&format!("{kind:?}"));
        let failure = || Err(TransportError::from(kind));
        let (_, error) = fail(failure, RetryConfig::disabled()).await;
        assert!(error.to_string().contains(cells[1].trim_matches('`')), "{error}");
        assert_eq!(error.class().to_string(), cells[2], "{kind:?}");
        check_retried(failure, cells[3]).await;
    }
    // After an expired operation timeout, a call has no time left for a retry. Therefore this row needs a
    // separate call whose timeout expires.
    let cells = row("Timeout(Operation)");
    let fake = Fake::slow([Box::pin(std::future::pending())]);
    let call = fake.client().invoke_model().model_id("a").timeout(Duration::from_secs(1));
    let error = call.retry_config(RetryConfig::standard().retry_ambiguous(true)).send().await.unwrap_err();
    assert!(error.to_string().contains(cells[1].trim_matches('`')), "{error}");
    assert_eq!((error.class().to_string().as_str(), error.attempts()), (cells[2], 1));
    assert!(cells[3].starts_with("no, "), "{cells:?}");
}

#[tokio::test(start_paused = true)]
async fn rows_of_service_errors() {
    let rows =
        PAGE.lines().filter(|line| line.contains("Exception` | ") && !line.starts_with("| `StreamException"));
    let mut modeled = 0;
    for line in rows {
        let cells: Vec<_> = line.trim_matches('|').split('|').map(str::trim).collect();
        let (code, status): (&str, u16) = (cells[0].trim_matches('`'), cells[1].parse().unwrap());
        let failure = || {
            let body = ResponseBody::from(bytes::Bytes::from_static(b"{\"message\":\"why\"}"));
            Ok(response(status, &[("x-amzn-errortype", code)], body))
        };
        let (_, error) = fail(failure, RetryConfig::disabled()).await;
        let service = error.as_service_error().unwrap();
        assert_eq!(service.code(), Some(code));
        if let Some(of_model) = service.status() {
            modeled += 1;
            assert_eq!(of_model, status, "{code}");
        }
        // The cell can be "once, if the clock was wrong". The clock of this test is right, so the client does
        // not retry.
        check_retried(failure, cells[4]).await;
    }
    assert_eq!(modeled, 11, "each modeled error must have a row");
}

#[test]
fn every_kind_and_class_has_a_row() {
    let source = include_str!("../../src/error/kind.rs");
    let variants = source.lines().skip_while(|line| !line.starts_with("pub enum ErrorKind")).skip(1);
    let variants = variants.take_while(|line| *line != "}").filter(|line| line.starts_with("    "));
    let mut kinds = 0;
    for variant in variants.filter(|line| line[4..].starts_with(char::is_uppercase)) {
        let name = variant.trim().split(['(', ' ', ',']).next().unwrap_or_default();
        assert!(row(name).len() >= 6, "{name}");
        kinds += 1;
    }
    assert_eq!(kinds, 18);
    for class in
        [FailureClass::NotSent, FailureClass::Rejected, FailureClass::ServerError, FailureClass::Ambiguous]
    {
        let retries = include_str!("../../../../docs/retries.md");
        assert!(retries.contains(&format!("| {class} |")), "{class}");
    }
}

/// Checks the cell "text" for the kinds that no other test of this module covers.
#[tokio::test(start_paused = true)]
async fn texts_of_kinds() {
    let texts = |name: &str| row(name)[1].split(", `").map(|text| text.replace('`', "")).collect::<Vec<_>>();
    let check = |name: &str, error: &dyn std::fmt::Display| {
        for text in texts(name) {
            assert!(error.to_string().contains(&text), "{name}: {text}: {error}");
        }
    };
    let fake = Fake::default();
    check("Json", &fake.client().operation("a").unwrap_err());
    check("Serialize", &fake.client().invoke_model().send().await.unwrap_err());
    let call = fake.client().invoke_model().model_id("a").header("host", "b");
    check("Header", &call.send().await.unwrap_err());
    let refused = async |fake: Fake, hook| {
        let call = fake.client().invoke_model().model_id("a").interceptor(Failing(hook, Action::Refuse));
        call.send().await.unwrap_err()
    };
    check("Interceptor", &refused(Fake::default(), "before_sign").await);
    let error = refused(Fake::ok(), "after_response").await;
    assert!(PAGE.contains("| `Interceptor`, of a response | `response refused` |"));
    assert!(error.to_string().contains("response refused"), "{error}");
    let body = [("content-type", "text/html")];
    let fake = Fake::with(200, &body, "");
    let call = fake.client().invoke_model_with_response_stream().model_id("a");
    check("Parse", &call.send().await.unwrap_err());
    let (_, error) = fail(|| Err(TransportErrorKind::Send.into()), RetryConfig::disabled()).await;
    let afterwards = PAGE
        .lines()
        .find(|line| line.starts_with("| `Transport`, if the request may have been sent"))
        .unwrap();
    for text in afterwards.split('|').nth(2).unwrap().split(',').map(|text| text.trim().trim_matches('`')) {
        assert!(error.to_string().contains(text), "{text}: {error}");
    }
}
