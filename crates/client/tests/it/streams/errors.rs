//! Errors of event streams, with their exact texts.

use invoke_model_client::types::{
    InternalServerException, InvokeModelWithResponseStreamError, ModelStreamErrorException,
    ModelTimeoutException, ServiceUnavailableException, ValidationException,
};
use invoke_model_client::{Call, ErrorKind};
use invoke_model_protocol::OperationError;

use super::*;

const FACTS: &str = "request id an-id, region us-east-1, modelId anthropic.claude-3-haiku-20240307-v1:0";

async fn stream_error(frames: Vec<Vec<u8>>) -> StreamError {
    read(&mut call(pieces(frames)).await.events).await.1.unwrap()
}

/// Encodes a message with these headers.
fn message(headers: &[(&str, &str)], payload: &'static str) -> Vec<u8> {
    let mut message = Message::builder();
    for (name, value) in headers {
        message.header(name, HeaderValue::String(value)).unwrap();
    }
    frame(&message.payload(payload))
}

#[tokio::test]
async fn exceptions_are_modeled_errors() {
    macro_rules! check {
        ($($error:ident),*) => {$({
            let mut error = $error::default();
            error.message = Some("why".into());
            let sent = ResponseStreamError::from(error);
            let error = stream_error(vec![exception(&sent)]).await;
            assert_eq!(error.as_service_error(), Some(&sent));
            assert_eq!(error.code(), Some(stringify!($error)));
            assert_eq!((error.message(), error.status().unwrap().as_u16()), (Some("why"), 200));
            assert!(error.may_have_been_sent());
        })*};
    }
    check!(InternalServerException, ModelStreamErrorException, ModelTimeoutException);
    check!(ServiceUnavailableException, ThrottlingException, ValidationException);
}

#[tokio::test]
async fn error_of_an_exception_contains_the_received_events_and_bytes() {
    let mut sent = frames(&[chunk("one"), chunk("two")]);
    sent.push(exception(&throttled()));
    let bytes = sent.concat().len();
    let error = stream_error(sent).await;
    assert_eq!(
        error.to_string(),
        format!(
            "InvokeModelWithResponseStream: error in the response stream: ThrottlingException: slow down (HTTP 200, \
             {FACTS}, after 3 events ({bytes} bytes), 1 attempt, ambiguous)"
        )
    );
    assert!(error.is_retryable() && error.is_throttled());
}

#[tokio::test]
async fn parses_all_members_of_an_exception() {
    let payload = r#"{"message":"why","originalStatusCode":503,"originalMessage":"too many","more":[1]}"#;
    let headers = [(":message-type", "exception"), (":exception-type", "modelStreamErrorException")];
    let error = stream_error(vec![message(&headers, payload)]).await;
    let Some(ResponseStreamError::ModelStreamErrorException(error)) = error.as_service_error() else {
        panic!("{error}")
    };
    assert_eq!(error.original_status_code, Some(503));
    assert_eq!(error.original_message.as_deref(), Some("too many"));
}

#[tokio::test]
async fn unknown_exceptions_are_unmodeled_errors() {
    let check = async |headers: &[(&str, &str)], payload, code: Option<&str>, message: Option<&str>| {
        let error = stream_error(vec![self::message(headers, payload)]).await;
        let service = error.as_service_error().unwrap_or_else(|| panic!("{error}"));
        assert!(matches!(service, ResponseStreamError::Unmodeled(_)), "{error}");
        assert_eq!((service.code(), service.message()), (code, message));
    };
    let exception = [(":message-type", "exception"), (":exception-type", "newException")];
    check(&exception, r#"{"message":"why"}"#, Some("newException"), Some("why")).await;
    check(&exception, "no JSON", Some("newException"), None).await;
    let error = [(":message-type", "error"), (":error-code", "InternalError"), (":error-message", "why")];
    check(&error, "", Some("InternalError"), Some("why")).await;
    check(&error[..1], "", None, None).await;
}

#[tokio::test]
async fn events_that_do_not_match_the_model() {
    let check = async |headers: &[(&str, &str)], payload, expected: &str| {
        let error = stream_error(vec![message(headers, payload)]).await;
        assert!(matches!(error.kind(), ErrorKind::ParseEvent { .. }), "{error}");
        let text = format!("cannot parse an event of the response stream: {expected}");
        assert!(error.to_string().contains(&text), "{error}");
        assert!(!error.is_retryable());
    };
    let chunk = [(":message-type", "event"), (":event-type", "chunk")];
    check(&chunk, r#"{"bytes":7}"#, "`bytes`: expected a string, found a number").await;
    check(&chunk, r#"{"bytes":"?"}"#, "`bytes`: the text is not base64").await;
    check(&chunk, "{", "the body is not JSON (line 1, column 1)").await;
    check(&chunk[..1], "{}", "`:event-type`: the required value is missing").await;
    check(&[(":message-type", "news")], "{}", "`:message-type`: the text is not event, exception or error")
        .await;
    check(&[], "{}", "`:message-type`: the required value is missing").await;
}

#[tokio::test]
async fn bytes_that_are_not_a_frame() {
    let error = stream_error(vec![b"data: {\"bytes\":\"e30=\"}\n\n".to_vec()]).await;
    assert!(matches!(error.kind(), ErrorKind::Decode(_)), "{error}");
    let text = "InvokeModelWithResponseStream: cannot decode the response stream: frame 0: the body is text and not \
                an event stream, so a proxy may have responded instead of the service";
    assert!(error.to_string().starts_with(text), "{error}");
}

#[tokio::test]
async fn error_of_a_truncated_stream_contains_the_received_events_and_bytes() {
    let body = reset_after(&frames(&[chunk("one"), chunk("two")]).concat()[..150]);
    let (_, error) = read(&mut call(body).await.events).await;
    assert_eq!(
        error.unwrap().to_string(),
        format!(
            "InvokeModelWithResponseStream: response stream truncated after 1 event (150 bytes): response body incomplete: connection reset (HTTP 200, {FACTS}, 1 attempt, ambiguous)"
        )
    );
}

async fn error_response(
    status: u16,
    headers: &[(&str, &str)],
    body: &'static str,
) -> Error<InvokeModelWithResponseStreamError> {
    let call: Call<Operation> =
        Fake::with(status, headers, body).client().invoke_model_with_response_stream().model_id(ID);
    call.body("{}").send().await.unwrap_err()
}

#[tokio::test]
async fn response_that_is_not_an_event_stream() {
    let page = [("content-type", "text/html")];
    let error = error_response(200, &page, "<html>").await;
    assert!(matches!(error.kind(), ErrorKind::Parse { .. }), "{error}");
    let text = "`Content-Type`: the text is not application/vnd.amazon.eventstream";
    assert!(error.to_string().contains(text), "{error}");
    assert_eq!(error.response().unwrap().headers()["content-type"], "text/html");
    assert_eq!(error.response().unwrap().body(), "<html>", "the caller may have paid for the body");

    let error = error_response(200, &[("content-type", CONTENT_TYPE)], "paid").await;
    assert!(error.to_string().contains("`contentType`: the required value is missing"), "{error}");
    assert_eq!(error.response().unwrap().body(), "paid");
}

#[tokio::test]
async fn error_response_instead_of_a_stream() {
    let headers = [("content-type", "application/json"), ("x-amzn-errortype", "ModelStreamErrorException")];
    let error = error_response(424, &headers, r#"{"message":"why","originalStatusCode":500}"#).await;
    let Some(InvokeModelWithResponseStreamError::ModelStreamErrorException(service)) =
        error.as_service_error()
    else {
        panic!("{error}")
    };
    assert_eq!(service.original_status_code, Some(500));
    assert_eq!(error.status().unwrap(), 424);
    assert_eq!(error.received(), None);
}
