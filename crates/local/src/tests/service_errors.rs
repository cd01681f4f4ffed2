//! Tests of conversions into [`ServiceError`], and of its forms on the wire.

use http::StatusCode;
use invoke_model_protocol::event_stream::{EventStream, HeaderValue};
use invoke_model_types::{
    ConverseError, ConverseStreamEvent, ConverseStreamEventError, InvokeModelError, ModelErrorException,
    ResponseStreamError, ThrottlingException,
};

use crate::ServiceError;

fn throttled() -> ThrottlingException {
    let mut error = ThrottlingException::default();
    error.message = Some("slow down".to_owned());
    error
}

#[test]
fn an_exception_and_the_errors_of_operations_and_streams_are_equal() {
    let expected = ServiceError::from(throttled());
    assert_eq!(expected.to_string(), "ThrottlingException: slow down");
    assert_eq!(expected.status(), StatusCode::TOO_MANY_REQUESTS);
    assert_eq!(ServiceError::from(ConverseError::from(throttled())), expected);
    assert_eq!(ServiceError::from(InvokeModelError::from(throttled())), expected);
    assert_eq!(ServiceError::from(ResponseStreamError::from(throttled())), expected);
    assert_eq!(ServiceError::from(ConverseStreamEventError::from(throttled())), expected);
}

#[test]
fn a_response_contains_all_members_and_the_code_with_its_suffix() {
    let mut error = ModelErrorException::default();
    error.original_status_code = Some(503);
    error.resource_name = Some("model".to_owned());
    let response = ServiceError::from(InvokeModelError::from(error)).to_http();
    assert_eq!(response.status(), 424);
    assert_eq!(
        response.headers()["x-amzn-errortype"],
        "ModelErrorException:http://internal.amazon.com/coral/com.amazon.bedrock/"
    );
    assert_eq!(response.body(), r#"{"originalStatusCode":503,"resourceName":"model"}"#);
}

#[test]
fn a_frame_is_an_exception_only_if_the_model_defines_the_error() {
    let frame = ServiceError::from(throttled()).to_frame().unwrap();
    let parsed = ConverseStreamEvent::parse(&frame).unwrap().unwrap_err();
    assert_eq!(parsed, throttled().into());
    let frame = ServiceError::new(StatusCode::IM_A_TEAPOT, "Teapot", "short").to_frame().unwrap();
    let headers: Vec<_> = frame.headers().collect();
    assert_eq!(
        headers,
        [
            (":message-type", HeaderValue::String("error")),
            (":error-code", HeaderValue::String("Teapot")),
            (":error-message", HeaderValue::String("short")),
        ]
    );
}

#[test]
fn a_code_selects_a_modeled_error() {
    let members = serde_json::json!({"message": "slow down", "unknown": 1});
    let error = ServiceError::by_code("ThrottlingException", &members).unwrap().unwrap();
    assert_eq!(error, throttled().into());
    assert!(ServiceError::by_code("TeapotException", &members).is_none());
}
