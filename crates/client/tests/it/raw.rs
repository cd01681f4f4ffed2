//! Raw requests, and server-sent events.

use std::collections::VecDeque;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use http::Method;
use http_body::{Body, Frame};
use invoke_model_client::types::InvokeModelError;
use invoke_model_client::{
    Client, Error, ErrorKind, FailureClass, QuotaLimiter, ResponseBody, RetryConfig, ServerSentEvent,
    ServerSentEventReceiver, TruncationCause, Usage,
};
use serde_json::{Value, json};

use crate::fake::{Fake, response};

const PATH: &str = "/openai/v1/chat/completions";

const EVENTS: [(&str, &str); 2] =
    [("content-type", "text/event-stream; charset=utf-8"), ("x-amzn-requestid", "an-id")];

fn body() -> Value {
    json!({"model": "openai.gpt-oss-20b-1:0", "messages": [{"role": "user", "content": "hi"}], "max_tokens": 5})
}

#[tokio::test]
async fn sends_a_signed_request() {
    let fake = Fake::with(201, &[("x-amzn-requestid", "an-id")], r#"{"choices":[]}"#);
    let call =
        fake.client().request(Method::POST, format!("{PATH}?a=%2F")).json(&body()).header("x-new", "1");
    let (response, metadata) = call.send_with_metadata().await.unwrap();
    assert_eq!((response.status().as_u16(), response.body().as_ref()), (201, &br#"{"choices":[]}"#[..]));
    assert_eq!(response.headers()["x-amzn-requestid"], "an-id");
    assert_eq!((metadata.request_id.as_deref(), metadata.attempts), (Some("an-id"), 1));
    let request = fake.request();
    let url = format!("https://bedrock-runtime.us-east-1.amazonaws.com{PATH}?a=%2F");
    assert_eq!((request.method(), request.uri().to_string()), (&Method::POST, url));
    assert_eq!(request.headers()["content-type"], "application/json");
    let authorization = request.headers()["authorization"].to_str().unwrap();
    assert!(
        authorization
            .contains("/us-east-1/bedrock/aws4_request, SignedHeaders=content-type;host;x-amz-date;x-new,"),
        "{authorization}"
    );
    assert_eq!(serde_json::from_slice::<Value>(request.body()).unwrap(), body());
}

#[tokio::test]
async fn sends_other_methods_bodies_and_credentials() {
    let fake = Fake::with(200, &[], "[]");
    let call = fake.client().request(Method::GET, "/openai/v1/models").bearer_token("a-token");
    assert_eq!(call.send().await.unwrap().body(), "[]");
    let request = fake.request();
    assert_eq!((request.method(), request.body().len()), (&Method::GET, 0));
    assert_eq!(request.headers()["authorization"], "Bearer a-token");
    assert!(!request.headers().contains_key("content-type"));

    let call =
        Fake::default().client().request(Method::PUT, "/a").body("text").header("Content-Type", "text/plain");
    let request = call.sign().await.unwrap();
    assert_eq!(
        (request.headers()["content-type"].as_bytes(), request.body().as_ref()),
        (&b"text/plain"[..], &b"text"[..])
    );
}

#[tokio::test]
async fn invalid_targets_and_bodies_are_not_sent() {
    let client = Fake::default().client();
    let error = client.request(Method::POST, "https://example.test/v1").send().await.unwrap_err();
    assert_eq!(
        error.to_string(),
        "RawRequest: request not sent: `path` is a complete URL, but the client adds the \
         endpoint: use the path and query, such as `/openai/v1/chat/completions`"
    );
    let map = std::collections::BTreeMap::from([([1_u8], 1)]);
    let error = client.request(Method::POST, PATH).json(&map).send().await.unwrap_err();
    assert_eq!(
        error.to_string(),
        "RawRequest: request not sent: `body` cannot be serialized to JSON: key must be a string"
    );
    assert_eq!((error.class(), error.attempts()), (FailureClass::NotSent, 0));
}

#[tokio::test]
async fn errors_of_other_apis_have_code_and_message() {
    let check = async |status, text, code: &str, message: &str| {
        let fake = Fake::with(status, &[("x-amzn-requestid", "an-id")], text);
        let error = fake.client().request(Method::POST, PATH).json(&body()).send().await.unwrap_err();
        assert_eq!((error.code(), error.message()), (Some(code), Some(message)), "{text}");
        assert_eq!(error.status().unwrap().as_u16(), status);
        error
    };
    let openai =
        r#"{"error":{"message":"no","type":"invalid_request_error","param":null,"code":"model_not_found"}}"#;
    let error = check(404, openai, "model_not_found", "no").await;
    assert!(matches!(error.as_service_error(), Some(InvokeModelError::Unmodeled(_))));
    assert_eq!(
        error.to_string(),
        "RawRequest: request failed: model_not_found: no (HTTP 404, request id an-id, region us-east-1, \
         path openai/v1/chat/completions, 1 attempt, rejected)"
    );
    let anthropic =
        r#"{"type":"error","error":{"type":"rate_limit_error","message":"slow"},"request_id":"r"}"#;
    let error = check(429, anthropic, "rate_limit_error", "slow").await;
    assert!(error.is_throttled() && error.is_retryable());
    let aws = r#"{"__type":"ThrottlingException","message":"slow"}"#;
    let error = check(429, aws, "ThrottlingException", "slow").await;
    assert!(matches!(error.as_service_error(), Some(InvokeModelError::ThrottlingException(_))));
}

#[tokio::test(start_paused = true)]
async fn retries_like_invoke_model() {
    let check_headers = async |status: u16, headers: &[(&str, &str)], text: &'static str, attempts: usize| {
        let fake = Fake::with_responses(
            [(); 3].map(|()| Ok(response(status, headers, Bytes::from_static(text.as_bytes()).into()))),
        );
        let call = fake.client().request(Method::POST, PATH).json(&body());
        call.retry_config(RetryConfig::standard()).send().await.unwrap_err();
        assert_eq!(fake.requests().len(), attempts, "{status} {text}");
    };
    let check = async |status, text, attempts| check_headers(status, &[], text, attempts).await;
    check(429, r#"{"error":{"code":"rate_limit","message":"slow"}}"#, 3).await;
    check_headers(503, &[("x-amzn-requestid", "abc")], "", 3).await;
    check(500, r#"{"__type":"InternalServerException"}"#, 3).await;
    // The service may have billed these requests.
    check(503, "", 1).await;
    check(503, r#"{"error":{"code":"overloaded"}}"#, 1).await;
    check(500, r#"{"error":{"code":"server_error"}}"#, 1).await;
    check(424, r#"{"__type":"ModelErrorException"}"#, 1).await;
    check(400, r#"{"error":{"code":"bad"}}"#, 1).await;
    let waiting = Fake::slow([Box::pin(std::future::pending())]);
    let call = waiting.client().request(Method::POST, PATH).timeout(Duration::from_secs(5));
    assert!(call.send().await.unwrap_err().is_timeout());
}

#[tokio::test]
async fn send_streaming_returns_the_body_in_chunks() {
    let fake = Fake::with_response(Ok(response(200, &[("x-a", "1")], pieces(["ab", "c"]))));
    let mut response = fake.client().request(Method::POST, PATH).send_streaming().await.unwrap();
    assert_eq!((response.output.headers()["x-a"].as_bytes(), response.output.body().len()), (&b"1"[..], 0));
    assert_eq!(response.body.chunk().await.unwrap().unwrap(), "ab");
    assert_eq!(response.body.chunk().await.unwrap().unwrap(), "c");
    assert!(response.body.chunk().await.unwrap().is_none());
}

/// A body that returns its pieces in order.
struct Pieces(VecDeque<std::io::Result<Bytes>>);

impl Body for Pieces {
    type Data = Bytes;
    type Error = std::io::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<std::io::Result<Frame<Bytes>>>> {
        Poll::Ready(self.0.pop_front().map(|piece| piece.map(Frame::data)))
    }
}

fn pieces<const N: usize>(pieces: [&'static str; N]) -> ResponseBody {
    ResponseBody::from_body(Pieces(pieces.map(|piece| Ok(Bytes::from_static(piece.as_bytes()))).into()))
}

async fn events(body: ResponseBody) -> ServerSentEventReceiver {
    let fake = Fake::with_response(Ok(response(200, &EVENTS, body)));
    fake.client().request(Method::POST, PATH).json(&body_with_stream()).send_events().await.unwrap().events
}

fn body_with_stream() -> Value {
    json!({"stream": true})
}

/// Reads the stream to its end. Returns all events, and the error if the stream ends with an error.
async fn read(
    events: &mut ServerSentEventReceiver,
) -> (Vec<ServerSentEvent>, Option<Error<InvokeModelError>>) {
    let mut received = Vec::new();
    let error = loop {
        match events.recv().await {
            Ok(Some(event)) => received.push(event),
            Ok(None) => break None,
            Err(error) => break Some(error),
        }
    };
    assert_eq!(events.is_complete(), error.is_none());
    assert!(events.recv().await.unwrap().is_none());
    (received, error)
}

#[tokio::test]
async fn returns_server_sent_events() {
    let body = pieces(["id: 7\nevent: start\nda", "ta: {\"a\":1}\n", "\ndata: [DONE]\n\n"]);
    let mut receiver = events(body).await;
    assert_eq!(receiver.request_id(), Some("an-id"));
    let (received, error) = read(&mut receiver).await;
    assert!(error.is_none(), "{error:?}");
    let fields: Vec<_> = received
        .iter()
        .map(|event| (event.event.as_str(), event.data.as_str(), event.id.as_deref()))
        .collect();
    assert_eq!(fields, [("start", "{\"a\":1}", Some("7")), ("message", "[DONE]", Some("7"))]);
    assert_eq!(received[0].json::<Value>().unwrap(), json!({"a": 1}));
    assert!(received[1].json::<Value>().is_err());
    assert_eq!((receiver.received().events, receiver.metadata().attempts), (2, 1));
}

#[tokio::test]
async fn a_comment_at_the_end_of_a_stream_is_not_an_event() {
    let (received, error) = read(&mut events(pieces(["data: a\n\n: keep", "-alive"])).await).await;
    assert!(error.is_none(), "{error:?}");
    assert_eq!(received.len(), 1);
}

/// Returns the number of input and output tokens in the metadata, and the number of tokens that count against
/// the quota.
fn counts(usage: Usage, limiter: &QuotaLimiter) -> (Option<u64>, Option<u64>, u64) {
    (usage.input_tokens, usage.output_tokens, limiter.usage().tokens)
}

#[tokio::test]
async fn tokens_are_read_from_the_response() {
    let check = async |headers: &[(&str, &str)], body: &'static str, expected: (Option<u64>, Option<u64>)| {
        let fake = Fake::with(200, headers, body);
        let limiter = QuotaLimiter::builder().tokens_per_minute(10_000).default_output_tokens(500).build();
        let client = Client::new(fake.settings().quota_limiter(limiter.clone())).unwrap();
        let (_, metadata) = client.request(Method::POST, PATH).body("{}").send_with_metadata().await.unwrap();
        let (input, output, tokens) = counts(metadata.usage, &limiter);
        assert_eq!((input, output), expected, "{body}");
        if let (Some(input), Some(output)) = expected {
            assert_eq!(tokens, input + output, "{body}");
        }
    };
    let both = |input, output| (Some(input), Some(output));
    check(&[], r#"{"choices":[],"usage":{"prompt_tokens":9,"completion_tokens":4}}"#, both(9, 4)).await;
    check(&[], r#"{"object":"response","usage":{"input_tokens":8,"output_tokens":3}}"#, both(8, 3)).await;
    check(&[], r#"{"type":"message","usage":{"input_tokens":7,"output_tokens":2}}"#, both(7, 2)).await;
    let headers = [("x-amzn-bedrock-input-token-count", "6"), ("x-amzn-bedrock-output-token-count", "1")];
    check(&headers, r#"{"usage":{"prompt_tokens":9,"completion_tokens":4}}"#, both(6, 1)).await;
    check(&[], r#"{"data":[]}"#, (None, None)).await;
    check(&[], "text", (None, None)).await;
}

#[tokio::test]
async fn tokens_are_read_from_events() {
    let check = async |stream: &'static str, expected: (u64, u64)| {
        let fake = Fake::with(200, &EVENTS, stream);
        let limiter = QuotaLimiter::builder().tokens_per_minute(10_000).build();
        let client = Client::new(fake.settings().quota_limiter(limiter.clone())).unwrap();
        let call = client.request(Method::POST, PATH).json(&body_with_stream());
        let mut events = call.send_events().await.unwrap().events;
        read(&mut events).await;
        let (input, output) = expected;
        assert_eq!(
            counts(events.metadata().usage, &limiter),
            (Some(input), Some(output), input + output),
            "{stream}"
        );
    };
    check(
        "data: {\"choices\":[{\"delta\":{\"content\":\"a\"}}],\"usage\":null}\n\n\
         data: {\"choices\":[],\"usage\":{\"prompt_tokens\":9,\"completion_tokens\":4}}\n\ndata: [DONE]\n\n",
        (9, 4),
    )
    .await;
    check(
        "event: response.completed\n\
         data: {\"type\":\"response.completed\",\"response\":{\"usage\":{\"input_tokens\":8,\"output_tokens\":3}}}\n\n",
        (8, 3),
    )
    .await;
    check(
        "data: {\"type\":\"message_start\",\"message\":{\"usage\":{\"input_tokens\":7,\"output_tokens\":1}}}\n\n\
         data: {\"type\":\"message_delta\",\"usage\":{\"output_tokens\":2}}\n\n",
        (7, 2),
    )
    .await;
}

#[tokio::test]
async fn query_parameters_are_encoded() {
    let call = Fake::default().client().request(Method::GET, "/openai/v1/models?x=1").query("a b", "é/:+&=~");
    let request = call.sign().await.unwrap();
    assert_eq!(request.uri().query(), Some("x=1&a%20b=%C3%A9%2F%3A%2B%26%3D~"));
    let call = Fake::default().client().request(Method::GET, "/a").query("limit", "5");
    assert_eq!(call.sign().await.unwrap().uri().query(), Some("limit=5"));
}

#[tokio::test]
async fn stream_that_ends_within_an_event_is_truncated() {
    for end in ["data: b\n", "data", "event: x\n"] {
        let (received, error) = read(&mut events(pieces(["data: a\n\n", end])).await).await;
        let error = error.unwrap();
        assert_eq!(received.len(), 1);
        assert!(
            matches!(error.kind(), ErrorKind::Truncated(truncated)
                if matches!(truncated.cause, TruncationCause::IncompleteEvent { received } if received == end.len())),
            "{error:?}"
        );
        assert_eq!(error.class(), FailureClass::Ambiguous);
    }
    let (_, error) = read(&mut events(pieces(["data: a\n\n", "data"])).await).await;
    assert!(
        error.unwrap().to_string().starts_with(
            "RawRequest: response stream truncated after 1 event (13 bytes): the last event is incomplete, 4 bytes of \
             it were received (HTTP 200, "
        )
    );
}

#[tokio::test]
async fn lost_connection_is_a_truncation() {
    let reset = std::io::Error::from(std::io::ErrorKind::ConnectionReset);
    let body = ResponseBody::from_body(Pieces([Ok(Bytes::from_static(b"data: a\n\n")), Err(reset)].into()));
    let (received, error) = read(&mut events(body).await).await;
    assert_eq!(received.len(), 1);
    let error = error.unwrap();
    assert!(
        matches!(error.kind(), ErrorKind::Truncated(error) if matches!(error.cause, TruncationCause::Connection(_))),
        "{error:?}"
    );
}

#[tokio::test]
async fn other_content_is_an_error_with_the_response() {
    let fake = Fake::with(200, &[("content-type", "application/json")], r#"{"choices":[]}"#);
    let error = fake.client().request(Method::POST, PATH).json(&body()).send_events().await.unwrap_err();
    assert!(matches!(error.kind(), ErrorKind::Parse { .. }), "{error:?}");
    assert_eq!(error.response().unwrap().body(), r#"{"choices":[]}"#);
    let expected = "`Content-Type`: the response is `application/json` and not `text/event-stream`: ask for a stream \
                    in the body of the request, or call `send`";
    assert!(error.to_string().contains(expected), "{error}");
    let fake = Fake::with(401, &[], "");
    let error = fake.client().request(Method::POST, PATH).send_events().await.unwrap_err();
    assert!(error.is_access_denied());
}

#[test]
fn debug_does_not_show_the_body() {
    let call = Fake::default().client().request(Method::POST, PATH).body("secret");
    assert!(!format!("{call:?}").contains("secret"));
}
