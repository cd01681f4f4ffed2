//! Tests of modeled errors: parsing in the client, and serialization in a server.

use invoke_model_protocol::{
    ErrorFault, ErrorMetadata, ModeledError, Operation, OperationError, ResponseError, Retryable,
    ServerOperation,
};
use invoke_model_tests::defaults::GetDefaults;
use invoke_model_tests::errors::{
    AlsoNotThere, Ask, AskError, AskNothing, AskNothingError, AskOutput, BadQuestion, Broken, Kind, NotThere,
    Overloaded, Shouting, UnmodeledShape, Wordless,
};

use super::{message, response};

fn parse(status: u16, headers: &[(&str, &str)], body: &str) -> AskError {
    let response = response(status, headers, body);
    Ask::parse_error(ErrorMetadata::from_response(&response), &response).unwrap()
}

/// Serializes an error as a server does, checks that a client parses the same error, and returns the text of
/// the response.
fn round_trip(error: impl Into<AskError>) -> String {
    let error = error.into();
    let response = Ask::serialize_error(&error).unwrap().unwrap();
    assert_eq!(Ask::parse_error(ErrorMetadata::from_response(&response), &response).unwrap(), error);
    message(&response.status().as_u16().to_string(), response.headers(), response.body())
}

fn facts(error: &AskError) -> (Option<&str>, Option<&str>, Option<ErrorFault>, Option<Retryable>) {
    (error.code(), error.message(), error.fault(), error.retryable())
}

#[test]
fn members_of_an_error_in_the_body() {
    let mut error = BadQuestion::default();
    (error.message, error.position) = (Some("what?".to_owned()), Some(3));
    assert_eq!(
        round_trip(error.clone()),
        "400\ncontent-type: application/json\nx-amzn-errortype: BadQuestion\n\n{\"message\":\"what?\",\"position\":3}"
    );
    assert_eq!(error.to_string(), "BadQuestion: what?");
    assert_eq!(
        facts(&error.clone().into()),
        (Some("BadQuestion"), Some("what?"), Some(ErrorFault::Client), None)
    );
    assert_eq!(
        parse(400, &[], r#"{"__type":"example.errors#BadQuestion","Message":"what?","position":3}"#),
        error.into()
    );
}

#[test]
fn members_of_an_error_in_headers() {
    let mut error = NotThere::new("gone", "thing");
    error.tries = Some(vec![1, 2]);
    error.facts = Some([("size".to_owned(), "0".to_owned())].into());
    assert_eq!(
        round_trip(error),
        "404\ncontent-type: application/json\nx-amzn-errortype: NotThere\nx-fact-size: 0\nx-resource: thing\nx-tries: 1, 2\n\n{\"message\":\"gone\"}"
    );
    // Two errors have this status. The status alone therefore does not identify the error.
    assert!(matches!(parse(404, &[], "{}"), AskError::Unmodeled(_)));
    assert_eq!(parse(404, &[("x-amzn-errortype", "NotThere")], ""), NotThere::default().into());
    let mut other = AlsoNotThere::default();
    other.message = Some("gone".to_owned());
    assert!(round_trip(other).ends_with("{\"Message\":\"gone\"}"));
}

#[test]
fn an_error_without_a_message() {
    let error = AskError::from(Wordless::default());
    assert_eq!(facts(&error), (Some("Wordless"), None, Some(ErrorFault::Client), None));
    assert_eq!(error.to_string(), "Wordless");
    assert_eq!(
        round_trip(error.clone()),
        "409\ncontent-type: application/json\nx-amzn-errortype: Wordless\n\n{}"
    );
    assert_eq!(parse(409, &[], ""), error);
}

#[test]
fn an_error_with_an_enum_or_a_sensitive_message() {
    let mut shouting = Shouting::default();
    (shouting.message, shouting.message_) = (Some(Kind::LOUD), Some("AAH".to_owned()));
    assert!(round_trip(shouting.clone()).ends_with("{\"message\":\"loud\",\"MESSAGE\":\"AAH\"}"));
    assert_eq!(shouting.to_string(), "Shouting");

    let mut broken = Broken::default();
    broken.message = Some("password".to_owned());
    assert!(round_trip(broken.clone()).contains("password"));
    assert_eq!((Broken::STATUS, Broken::RETRYABLE), (500, Some(Retryable::Transient)));
    let broken = AskError::from(broken);
    assert!(!format!("{broken} {broken:?}").contains("password"));
}

#[test]
fn every_operation_has_the_errors_of_the_service() {
    let mut error = Overloaded::default();
    error.retry_after = Some(7);
    assert!(round_trip(error.clone()).contains("retry-after: 7\n"));
    let response = response(503, &[("retry-after", "7")], "{}");
    let read = AskNothing::parse_error(ErrorMetadata::from_response(&response), &response).unwrap();
    assert_eq!(read, AskNothingError::Overloaded(error));
    assert_eq!((read.fault(), read.retryable()), (Some(ErrorFault::Server), Some(Retryable::Throttling)));
}

#[test]
fn errors_that_are_not_modeled() {
    let unknown = parse(400, &[], r#"{"code":"Brand#New","message":"?"}"#);
    assert_eq!(facts(&unknown), (Some("New"), Some("?"), None, None));
    assert!(Ask::serialize_error(&unknown).unwrap().is_none());
    // A modeled error may have the same name as the variant for unknown errors.
    assert_eq!(parse(501, &[], ""), AskError::UnmodeledShape(UnmodeledShape::default()));
    assert_eq!(UnmodeledShape::CODE, "Unmodeled");
    let wrong = response(400, &[], r#"{"code":"BadQuestion","position":"here"}"#);
    let error = Ask::parse_error(ErrorMetadata::from_response(&wrong), &wrong).unwrap_err();
    assert_eq!(error.to_string(), "`position`: expected an integer, found a string");
}

#[test]
fn the_status_selects_an_output_or_an_error() {
    assert_eq!(Ask::parse_response(&response(200, &[], "{}")), Ok(AskOutput::default()));
    let error = Ask::parse_response(&response(503, &[("retry-after", "7")], "{}")).unwrap_err();
    let ResponseError::Service(AskError::Overloaded(overloaded)) = error else { panic!("{error:?}") };
    assert_eq!(overloaded.retry_after, Some(7));
    // The error keeps its code even if the body does not match the modeled error.
    let wrong = response(400, &[], r#"{"code":"BadQuestion","position":"here"}"#);
    let error = Ask::parse_response(&wrong).unwrap_err();
    assert_eq!(error.to_string(), "BadQuestion");
    let ResponseError::Service(AskError::Unmodeled(metadata)) = &error else { panic!("{error:?}") };
    assert_eq!(metadata.code(), Some("BadQuestion"));
}

#[test]
fn parse_response_returns_parse_errors_of_outputs() {
    let error = GetDefaults::parse_response(&response(200, &[], "[")).unwrap_err();
    assert_eq!(error.to_string(), "cannot parse the response: the body is not JSON (line 1, column 1)");
}
