//! Tests of responses that do not end: each has a limit, and an error that names the limit.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener};
use std::thread::{JoinHandle, spawn};
use std::time::Duration;

use bytes::Bytes;
use futures_util::StreamExt;
use http::Method;
use invoke_model_client::types::InvokeModelError;
use invoke_model_client::{Client, Error, ErrorKind, FailureClass, ResponseBody, TransportErrorKind};
use invoke_model_client::{Config, Credentials, RetryConfig, TransportError};
use tokio::time::Instant;

use crate::fake::{Fake, SendResult, response};

const ID: &str = "amazon.titan-embed-text-v2:0";

/// The number of bytes after which a server stops. It is larger than the sum of the limits of the client and the
/// buffers of the sockets. If the client stops reading, the server sends fewer bytes.
const CEILING: usize = 32 << 20;

/// Starts a server that sends `start`, and then `part` until the client closes the connection. The thread
/// returns the number of bytes that the server could send.
fn endless(start: String, part: &'static [u8]) -> (SocketAddr, JoinHandle<usize>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let thread = spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        let _ = stream.read(&mut [0; 8192]).unwrap();
        let (parts, mut sent) = (part.repeat(1 + (64 << 10) / part.len()), 0);
        if stream.write_all(start.as_bytes()).is_ok() {
            while sent <= CEILING && stream.write_all(&parts).is_ok() {
                sent += parts.len();
            }
        }
        sent
    });
    (address, thread)
}

fn client(address: SocketAddr, limit: Option<u64>) -> Client {
    let config = Config::builder().region("us-east-1").retry_config(RetryConfig::disabled());
    let config = config.credentials_provider(Credentials::new("AKIDEXAMPLE", "secret", None));
    let config = config.endpoint_url(format!("http://{address}"));
    Client::new(limit.into_iter().fold(config, |config, limit| config.max_response_body_size(limit))).unwrap()
}

async fn invoke(client: &Client) -> Result<Bytes, Error<InvokeModelError>> {
    client.invoke_model().model_id(ID).body("{}").send().await.map(|output| output.body)
}

#[tokio::test]
async fn endless_error_bodies() {
    let check = async |head: &str, body: &str, part: &'static [u8], message: &str| {
        let start = format!("HTTP/1.1 {head}\r\nconnection: close\r\n\r\n{body}");
        let (address, sent) = endless(start, part);
        let error = invoke(&client(address, None)).await.unwrap_err();
        assert_eq!(error.class(), FailureClass::Rejected, "{error}");
        assert_eq!(error.message(), Some(message));
        assert_eq!(error.response().unwrap().body().len(), 1 << 20);
        assert!(
            error.to_string().contains("only the first 1048576 bytes of the error body were read"),
            "{error}"
        );
        assert!(sent.join().unwrap() < CEILING);
    };
    let validation = "400 Bad Request\r\nx-amzn-errortype: ValidationException";
    check(validation, r#"{"message":"the words","trace":""#, b"aaaaaaaaaaaaaaaa", "the words").await;
    check(validation, r#"{"message":"the words","trace":["#, b"[1,{\"a\":null}],", "the words").await;
    check("404 Not Found", "<html><h1>Not Found</h1>", b"<p></p>", "Not Found").await;
    let length = "429 Too Many\r\ncontent-length: 99999999999";
    check(length, r#"{"message":"slow down","x":""#, b"aaaaaaaa", "slow down").await;
}

pub(crate) fn body_of(
    parts: impl futures_util::Stream<Item = Result<&'static str, TransportError>> + Send + 'static,
) -> ResponseBody {
    let frames = parts.map(|part| part.map(|part| http_body::Frame::data(Bytes::from(part))));
    ResponseBody::from_body(Frames(Box::pin(frames)))
}

type Parts = dyn futures_util::Stream<Item = Result<http_body::Frame<Bytes>, TransportError>> + Send;

struct Frames(std::pin::Pin<Box<Parts>>);

impl http_body::Body for Frames {
    type Data = Bytes;
    type Error = TransportError;

    fn poll_frame(
        mut self: std::pin::Pin<&mut Self>,
        cx: &mut std::task::Context<'_>,
    ) -> std::task::Poll<Option<Result<http_body::Frame<Bytes>, TransportError>>> {
        self.0.poll_next_unpin(cx)
    }
}

fn refusal(body: ResponseBody) -> SendResult {
    Ok(response(403, &[("x-amzn-errortype", "AccessDeniedException")], body))
}

#[tokio::test(start_paused = true)]
async fn slow_error_bodies_do_not_delay_the_error() {
    let start = Instant::now();
    let drip = futures_util::stream::unfold(0, |count| async move {
        let part = if count == 0 { r#"{"message":"no access","padding":""# } else { "a" };
        tokio::time::sleep(Duration::from_secs(if count == 0 { 0 } else { 7 })).await;
        Some((Ok(part), count + 1))
    });
    let fake = Fake::with_response(refusal(body_of(drip)));
    let error = invoke(&fake.client()).await.unwrap_err();
    assert_eq!((error.code(), error.message()), (Some("AccessDeniedException"), Some("no access")));
    assert!(error.to_string().contains("the error body was incomplete after 30 s"), "{error}");
    assert_eq!(start.elapsed().as_secs(), 30);
}

#[tokio::test]
async fn an_error_whose_body_is_truncated_keeps_its_code_and_words() {
    let lost = TransportError::new(TransportErrorKind::BodyIncomplete, "end of file");
    let parts = futures_util::stream::iter([Ok(r#"{"message":"no access","x"#), Err(lost)]);
    let fake = Fake::with_response(refusal(body_of(parts)));
    let error = invoke(&fake.client()).await.unwrap_err();
    assert_eq!((error.code(), error.message()), (Some("AccessDeniedException"), Some("no access")));
    assert_eq!(error.class(), FailureClass::Rejected);
    let expected = "the error body is incomplete: response body incomplete: end of file";
    assert!(error.to_string().contains(expected), "{error}");
}

#[tokio::test]
async fn complete_bodies_have_an_optional_limit() {
    let cases = [
        ("transfer-encoding: chunked", b"8\r\naaaaaaaa\r\n".as_slice()),
        ("content-length: 99999999", b"a".as_slice()),
        ("connection: close", b"a".as_slice()),
    ];
    for (header, part) in cases {
        let (address, sent) = endless(format!("HTTP/1.1 200 OK\r\n{header}\r\n\r\n"), part);
        let error = invoke(&client(address, Some(100_000))).await.unwrap_err();
        let ErrorKind::Transport(transport) = error.kind() else { panic!("{error}") };
        assert_eq!(transport.kind(), TransportErrorKind::BodyTooLarge);
        assert_eq!(error.class(), FailureClass::Ambiguous);
        let expected = "response body too large: the limit is 100000 bytes; raise `ConfigBuilder::max_response_body_size`";
        assert!(error.to_string().contains(expected), "{error}");
        assert!(sent.join().unwrap() < CEILING);
    }
    let limited = |limit| {
        let fake = Fake::ok();
        Client::new(fake.settings().max_response_body_size(limit)).unwrap()
    };
    let length = r#"{"embedding":[1]}"#.len() as u64;
    assert_eq!(invoke(&limited(length)).await.unwrap().len() as u64, length);
    assert!(invoke(&limited(length - 1)).await.is_err());
    assert_eq!(limited(5).config().max_response_body_size(), Some(5));
    // The caller reads the body of this call in parts.
    let output = limited(1).invoke_model().model_id(ID).body("{}").send_streaming().await.unwrap();
    assert_eq!(output.body.collect().await.unwrap().len() as u64, length);
}

#[tokio::test]
async fn endless_server_sent_events() {
    for start in ["data: ", "data: a\n", ": comment"] {
        let part: &[u8] = match start.ends_with('\n') {
            true => {
                b"data: aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\n"
            }
            false => b"aaaaaaaaaaaaaaaa",
        };
        let head = "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\nconnection: close\r\n\r\n";
        let (address, sent) = endless(format!("{head}{start}"), part);
        let client = client(address, None);
        let mut output = client.request(Method::POST, "/x").send_events().await.unwrap();
        let error = output.events.recv().await.unwrap_err();
        assert!(error.to_string().contains("a server-sent event is longer than 25165824 bytes"), "{error}");
        drop(output);
        sent.join().unwrap();
    }
}

#[tokio::test]
async fn frames_with_a_huge_length() {
    // The prelude states 2 GiB. The decoder rejects it before the frame arrives.
    let mut prelude = [0x80_u8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0];
    let mut crc = flate2::Crc::new();
    crc.update(&prelude[..8]);
    prelude[8..].copy_from_slice(&crc.sum().to_be_bytes());
    let headers = [("x-amzn-bedrock-content-type", "application/json")];
    let fake = Fake::with_response(Ok(response(200, &headers, Bytes::copy_from_slice(&prelude).into())));
    let call = fake.client().invoke_model_with_response_stream().model_id("a:0").body("{}");
    let error = call.send().await.unwrap().events.recv().await.unwrap_err();
    assert!(matches!(error.kind(), ErrorKind::Decode(_)), "{error}");
    assert!(error.to_string().contains("bytes of payload exceed the limits of"), "{error}");
}

#[tokio::test]
async fn words_of_gateways_reach_the_error() {
    let check = async |status, body: &'static str, message: &str| {
        let fake = Fake::with(status, &[], body);
        let error = invoke(&fake.client()).await.unwrap_err();
        assert_eq!(error.message(), Some(message), "{body}");
        assert!(error.to_string().contains(message), "{error}");
        assert!(error.to_string().contains(&format!("HTTP {status}")), "{error}");
    };
    for status in [400, 403, 404, 429, 500, 502, 503] {
        check(status, r#"{"error":{"message":"nested words"}}"#, "nested words").await;
        check(status, r#"{"error":"flat words"}"#, "flat words").await;
        check(status, "plain words", "plain words").await;
        check(status, "<html><body><h1>page words</h1></body></html>", "page words").await;
        check(status, "<Response><Message>front end words</Message></Response>", "front end words").await;
        check(status, "\u{feff}{\"message\":\"marked words\"}", "marked words").await;
    }
    let fake = Fake::with(403, &[], "\u{feff}{\"message\":\"no\"}");
    let error = invoke(&fake.client()).await.unwrap_err();
    assert!(matches!(error.as_service_error(), Some(InvokeModelError::AccessDeniedException(_))), "{error}");
    let fake = Fake::with(403, &[], "<AccessDeniedException><Message>no</Message></AccessDeniedException>");
    let error = invoke(&fake.client()).await.unwrap_err();
    assert_eq!((error.code(), error.message()), (Some("AccessDeniedException"), Some("no")));
}

#[tokio::test]
async fn redirects_tell_their_location() {
    for status in [301, 302, 303, 307, 308] {
        let fake = Fake::with(status, &[("location", "https://other.example/model/x")], "Moved");
        let error = invoke(&fake.client()).await.unwrap_err();
        assert_eq!(error.class(), FailureClass::Rejected);
        let text = error.to_string();
        assert!(
            text.contains("Moved") && text.contains("the server redirects to https://other.example/model/x")
        );
        assert!(text.ends_with("set the endpoint URL to the host of the target"), "{text}");
        assert_eq!(fake.requests().len(), 1);
    }
}
