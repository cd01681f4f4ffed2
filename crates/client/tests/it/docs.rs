//! The page of errors says what the code says.

use invoke_model_client::types::{InvokeModelWithResponseStreamError, OperationError};
use invoke_model_client::{
    Error, FailureClass, ResponseBody, RetryConfig, TimeoutKind, TransportError, TransportErrorKind,
};

use crate::fake::{Answer, Fake, response};

const PAGE: &str = include_str!("../../../../docs/errors.md");

/// The cells of the row that begins with a name.
fn row(name: &str) -> Vec<&'static str> {
    let start = format!("| `{name}`");
    let row =
        PAGE.lines().find(|line| line.starts_with(&start)).unwrap_or_else(|| panic!("{name} has no row"));
    row.trim_matches('|').split('|').map(str::trim).collect()
}

/// How often a call is sent that fails like this each time, and its error.
async fn fail(
    answer: impl Fn() -> Answer,
    retries: RetryConfig,
) -> (usize, Error<InvokeModelWithResponseStreamError>) {
    let fake = Fake::answers([answer(), answer(), answer(), answer(), answer()]);
    let call =
        fake.client().invoke_model_with_response_stream().model_id("a").body("{}").retry_config(retries);
    let error = call.send().await.unwrap_err();
    (fake.requests().len(), error)
}

fn ambiguous() -> RetryConfig {
    let mut retries = RetryConfig::default();
    retries.retry_ambiguous = true;
    retries
}

/// What the page says of sending again, against what is done.
async fn check_sent_again(answer: impl Fn() -> Answer, said: &str) {
    let (by_default, _) = fail(&answer, RetryConfig::default()).await;
    let (allowed, _) = fail(&answer, ambiguous()).await;
    let expected = match said.split([',', ';']).next().unwrap_or_default() {
        "yes" if said.contains("5 attempts") => (5, 5),
        "yes" => (3, 3),
        "if the caller says so" => (1, 3),
        _ => (1, 1),
    };
    assert_eq!((by_default, allowed), expected, "{said}");
}

#[tokio::test(start_paused = true)]
async fn errors_on_the_way() {
    use TransportErrorKind as Is;
    let kinds = [
        Is::InvalidRequest,
        Is::Resolve,
        Is::Connect,
        Is::ConnectTimeout,
        Is::Proxy,
        Is::Tls,
        Is::Refused,
        Is::RequestBody,
        Is::Send,
        Is::ResponseTimeout,
        Is::Timeout(TimeoutKind::FirstByte),
        Is::Timeout(TimeoutKind::Idle),
        Is::ResponseHead,
        Is::BodyIncomplete,
    ];
    for kind in kinds {
        let cells = row(&format!("{kind:?}"));
        let answer = || Err(TransportError::from(kind));
        let (_, error) = fail(answer, RetryConfig::disabled()).await;
        assert!(error.to_string().contains(cells[1].trim_matches('`')), "{error}");
        assert_eq!(error.class().to_string(), cells[2], "{kind:?}");
        check_sent_again(answer, cells[3]).await;
    }
    row("Timeout(Operation)");
}

#[tokio::test(start_paused = true)]
async fn errors_of_the_service() {
    let rows =
        PAGE.lines().filter(|line| line.contains("Exception` | ") && !line.starts_with("| `StreamException"));
    let mut modeled = 0;
    for line in rows {
        let cells: Vec<_> = line.trim_matches('|').split('|').map(str::trim).collect();
        let (code, status): (&str, u16) = (cells[0].trim_matches('`'), cells[1].parse().unwrap());
        let answer = || {
            let fields = [("x-amzn-errortype", code)];
            Ok(response(
                status,
                &fields,
                ResponseBody::from(bytes::Bytes::from_static(b"{\"message\":\"why\"}")),
            ))
        };
        let (_, error) = fail(answer, RetryConfig::disabled()).await;
        let service = error.as_service_error().unwrap();
        assert_eq!(service.code(), Some(code));
        if let Some(known) = service.status() {
            modeled += 1;
            assert_eq!(known, status, "{code}");
        }
        // "once, if the clock was wrong": here it is right.
        check_sent_again(answer, cells[4]).await;
    }
    assert_eq!(modeled, 11, "every modelled error has a row");
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
    assert!(kinds >= 12);
    for class in
        [FailureClass::NotSent, FailureClass::Rejected, FailureClass::ServerError, FailureClass::Ambiguous]
    {
        let money = include_str!("../../../../docs/retries.md");
        assert!(money.contains(&format!("| {class} |")), "{class}");
    }
}
