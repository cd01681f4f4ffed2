//! Every way in which a stream ends without being whole, in its exact words.

use invoke_model_client::types::{
    InternalServerException, InvokeModelWithResponseStreamError, ModelStreamErrorException,
    ModelTimeoutException, ServiceUnavailableException, ValidationException,
};
use invoke_model_client::{Call, ErrorKind};
use invoke_model_protocol::OperationError;

use super::*;

const FACTS: &str = "request id an-id, region us-east-1, modelId anthropic.claude-3-haiku-20240307-v1:0";

async fn ended(frames: Vec<Vec<u8>>) -> StreamError {
    read(&mut answered(pieces(frames)).await.body).await.1.unwrap()
}

/// A message of these headers.
fn message(headers: &[(&str, &str)], payload: &'static str) -> Vec<u8> {
    let mut message = Message::builder();
    for (name, value) in headers {
        message.header(name, HeaderValue::String(value)).unwrap();
    }
    frame(&message.payload(payload))
}

#[tokio::test]
async fn each_exception_is_the_modelled_error() {
    macro_rules! check {
        ($($error:ident),*) => {$({
            let mut error = $error::default();
            error.message = Some("why".into());
            let sent = ResponseStreamError::from(error);
            let error = ended(vec![exception(&sent)]).await;
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
async fn an_exception_says_what_came_before_it() {
    let mut sent = frames(&[chunk("one"), chunk("two")]);
    sent.push(exception(&throttled()));
    let bytes = sent.concat().len();
    let error = ended(sent).await;
    assert_eq!(
        error.to_string(),
        format!(
            "InvokeModelWithResponseStream failed in the midst of its answer: ThrottlingException: slow down \
             (HTTP 200, {FACTS}, after 3 events and {bytes} bytes, 1 attempt, ambiguous)"
        )
    );
    assert!(error.is_retryable());
}

#[tokio::test]
async fn all_members_of_an_exception_are_read() {
    let payload = r#"{"message":"why","originalStatusCode":503,"originalMessage":"too many","more":[1]}"#;
    let headers = [(":message-type", "exception"), (":exception-type", "modelStreamErrorException")];
    let error = ended(vec![message(&headers, payload)]).await;
    let Some(ResponseStreamError::ModelStreamErrorException(error)) = error.as_service_error() else {
        panic!("{error}")
    };
    assert_eq!(error.original_status_code, Some(503));
    assert_eq!(error.original_message.as_deref(), Some("too many"));
}

#[tokio::test]
async fn what_the_model_does_not_know_is_an_error_too() {
    let check = async |headers: &[(&str, &str)], payload, code: Option<&str>, words: Option<&str>| {
        let error = ended(vec![message(headers, payload)]).await;
        let service = error.as_service_error().unwrap_or_else(|| panic!("{error}"));
        assert!(matches!(service, ResponseStreamError::Unmodeled(_)), "{error}");
        assert_eq!((service.code(), service.message()), (code, words));
    };
    let exception = [(":message-type", "exception"), (":exception-type", "newException")];
    check(&exception, r#"{"message":"why"}"#, Some("newException"), Some("why")).await;
    check(&exception, "no JSON", Some("newException"), None).await;
    let error = [(":message-type", "error"), (":error-code", "InternalError"), (":error-message", "why")];
    check(&error, "", Some("InternalError"), Some("why")).await;
    check(&error[..1], "", None, None).await;
}

#[tokio::test]
async fn an_event_that_is_not_what_the_model_says() {
    let check = async |headers: &[(&str, &str)], payload, words: &str| {
        let error = ended(vec![message(headers, payload)]).await;
        assert!(matches!(error.kind(), ErrorKind::ParseEvent { .. }), "{error}");
        assert!(error.to_string().contains(words), "{error}");
        assert!(!error.is_retryable());
    };
    let chunk = [(":message-type", "event"), (":event-type", "chunk")];
    check(&chunk, r#"{"bytes":7}"#, "cannot be read: `bytes`: expected a string, found a number").await;
    check(&chunk, r#"{"bytes":"?"}"#, "cannot be read: `bytes`: the text is not base64").await;
    check(&chunk, "{", "cannot be read: the body is not JSON (line 1, column 1)").await;
    check(&chunk[..1], "{}", "cannot be read: `:event-type`: is required, but missing").await;
    check(&[(":message-type", "news")], "{}", "`:message-type`: the text is not event, exception or error")
        .await;
    check(&[], "{}", "`:message-type`: is required, but missing").await;
}

#[tokio::test]
async fn bytes_that_are_no_frame() {
    let error = ended(vec![b"data: {\"bytes\":\"e30=\"}\n\n".to_vec()]).await;
    assert!(matches!(error.kind(), ErrorKind::Decode(_)), "{error}");
    let words =
        "did not answer to the end: the stream has bytes that are no event: frame 0: the prelude has CRC";
    assert!(error.to_string().contains(words), "{error}");
}

#[tokio::test]
async fn a_stream_that_is_cut_in_its_words() {
    let body = lost_after(&frames(&[chunk("one"), chunk("two")]).concat()[..150]);
    let (_, error) = read(&mut answered(body).await.body).await;
    assert_eq!(
        error.unwrap().to_string(),
        format!(
            "InvokeModelWithResponseStream did not answer to the end: the stream was cut after 1 event and 150 \
             bytes: response body incomplete: connection reset (HTTP 200, {FACTS}, 1 attempt, ambiguous)"
        )
    );
}

async fn refused(
    status: u16,
    fields: &[(&str, &str)],
    body: &'static str,
) -> Error<InvokeModelWithResponseStreamError> {
    let call: Call<Operation> =
        Fake::with(status, fields, body).client().invoke_model_with_response_stream().model_id(ID);
    call.body("{}").send().await.unwrap_err()
}

#[tokio::test]
async fn an_answer_that_is_no_stream() {
    let page = [("content-type", "text/html")];
    let error = refused(200, &page, "<html>").await;
    assert!(matches!(error.kind(), ErrorKind::Parse { .. }), "{error}");
    let words = "`Content-Type`: the text is not application/vnd.amazon.eventstream";
    assert!(error.to_string().contains(words), "{error}");
    assert_eq!(error.response().unwrap().headers()["content-type"], "text/html");

    let error = refused(200, &[("content-type", CONTENT_TYPE)], "").await;
    assert!(error.to_string().contains("`contentType`: is required, but missing"), "{error}");
}

#[tokio::test]
async fn an_error_in_place_of_the_stream() {
    let fields = [("content-type", "application/json"), ("x-amzn-errortype", "ModelStreamErrorException")];
    let error = refused(424, &fields, r#"{"message":"why","originalStatusCode":500}"#).await;
    let Some(InvokeModelWithResponseStreamError::ModelStreamErrorException(service)) =
        error.as_service_error()
    else {
        panic!("{error}")
    };
    assert_eq!(service.original_status_code, Some(500));
    assert_eq!(error.status().unwrap(), 424);
    assert_eq!(error.received(), None);
}
