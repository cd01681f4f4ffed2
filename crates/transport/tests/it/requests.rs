//! Tests of the requests that the server receives, and of requests that are not sent.

use std::collections::VecDeque;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use http::{HeaderValue, Method, Request, Version, header};
use http_body::{Body, Frame, SizeHint};
use invoke_model_transport::TransportErrorKind::{self, InvalidRequest};
use invoke_model_transport::{HyperTransport, RequestBody, Transport, TransportError};
use tokio::sync::mpsc;

use crate::server::{Received, Server};

/// A body that yields its chunks one by one, with `size` as its size hint.
struct Chunks {
    chunks: VecDeque<io::Result<&'static str>>,
    size: SizeHint,
}

impl Chunks {
    fn body<const N: usize>(chunks: [io::Result<&'static str>; N], size: Option<u64>) -> RequestBody {
        let size = size.map_or_else(SizeHint::new, SizeHint::with_exact);
        RequestBody::from_body(Self { chunks: chunks.into(), size })
    }
}

impl Body for Chunks {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<io::Result<Frame<Bytes>>>> {
        Poll::Ready(self.chunks.pop_front().map(|chunk| Ok(Frame::data(chunk?.into()))))
    }

    fn size_hint(&self) -> SizeHint {
        self.size
    }
}

/// Changes a request with `change` and sends it. Returns the result and the request that the server received.
/// The received request is `None` if it was incomplete.
async fn send_changed(
    change: impl FnOnce(&mut Request<RequestBody>),
) -> (Result<(), TransportError>, Option<Received>) {
    let (seen, mut requests) = mpsc::unbounded_channel();
    let server = Server::start(move |mut connection| {
        let seen = seen.clone();
        async move {
            seen.send(connection.request().await).unwrap();
            connection.ok("").await;
        }
    })
    .await;
    let mut request = server.post(RequestBody::default());
    change(&mut request);
    let result = HyperTransport::new().send(request).await.map(drop);
    // An invalid request never reaches the server.
    let is_invalid = result.as_ref().is_err_and(|error| error.kind() == InvalidRequest);
    (result, if is_invalid { None } else { requests.recv().await.unwrap() })
}

async fn received(change: impl FnOnce(&mut Request<RequestBody>)) -> Received {
    let (result, received) = send_changed(change).await;
    result.unwrap();
    received.unwrap()
}

async fn check_not_sent(change: impl FnOnce(&mut Request<RequestBody>), kind: TransportErrorKind, end: &str) {
    let (result, received) = send_changed(change).await;
    let error = result.unwrap_err();
    assert_eq!(error.kind(), kind, "{error:?}");
    assert!(error.to_string().ends_with(end), "{error}");
    assert!(!error.may_have_been_sent());
    assert!(received.is_none());
}

#[tokio::test]
async fn target_and_headers_are_sent_unchanged() {
    let received = received(|request| {
        let target = "/model/arn%3Aaws%3Abedrock%2Fx%3A0/invoke?a=%2F&b";
        let uri = request.uri().to_string() + &target[1..];
        *request.uri_mut() = uri.parse().unwrap();
        *request.body_mut() = Bytes::from_static(b"{}").into();
        request.headers_mut().append("x-two", HeaderValue::from_static("1"));
        request.headers_mut().append("x-two", HeaderValue::from_static("2"));
        request.headers_mut().insert(header::HOST, HeaderValue::from_static("signed.test"));
    })
    .await;
    assert_eq!(received.line, "POST /model/arn%3Aaws%3Abedrock%2Fx%3A0/invoke?a=%2F&b HTTP/1.1");
    assert_eq!(received.headers, ["x-two: 1", "x-two: 2", "host: signed.test", "content-length: 2"]);
    assert_eq!(received.body, b"{}");
}

#[tokio::test]
async fn an_empty_post_has_a_content_length_and_a_get_has_none() {
    assert!(received(|_| ()).await.has("content-length: 0"));
    let get = received(|request| *request.method_mut() = Method::GET).await;
    assert!(get.headers.iter().all(|header| header.starts_with("host: ")), "{:?}", get.headers);
}

#[tokio::test]
async fn a_streamed_body_of_known_length_is_sent_with_content_length() {
    let received =
        received(|request| *request.body_mut() = Chunks::body([Ok("one"), Ok("two")], Some(6))).await;
    assert!(received.has("content-length: 6"));
    assert!(!received.has("transfer-encoding: chunked"));
    assert_eq!(received.body, b"onetwo");
}

#[tokio::test]
async fn a_streamed_body_of_unknown_length_is_sent_in_chunks() {
    let received = received(|request| *request.body_mut() = Chunks::body([Ok("one"), Ok("two")], None)).await;
    assert!(received.has("transfer-encoding: chunked"));
    assert_eq!(received.body, b"onetwo");
}

#[tokio::test]
async fn a_body_that_fails_or_ends_early_never_completes_the_request() {
    let failing = || Err(io::Error::other("disk on fire"));
    for size in [Some(6), None] {
        check_not_sent(
            |request| *request.body_mut() = Chunks::body([Ok("one"), failing()], size),
            TransportErrorKind::RequestBody,
            "disk on fire",
        )
        .await;
    }
    check_not_sent(
        |request| *request.body_mut() = Chunks::body([Ok("one")], Some(6)),
        TransportErrorKind::RequestBody,
        "early end, expected 3 more bytes",
    )
    .await;
}

#[tokio::test]
async fn a_content_length_that_contradicts_the_body_is_an_error() {
    let length = |request: &mut Request<RequestBody>, value| {
        request.headers_mut().insert(header::CONTENT_LENGTH, HeaderValue::from_static(value));
        *request.body_mut() = Bytes::from_static(b"{}").into();
    };
    assert_eq!(received(|request| length(request, "2")).await.body, b"{}");
    let message = "`Content-Length` is \"1\", but the body has 2 bytes";
    check_not_sent(|request| length(request, "1"), InvalidRequest, message).await;
}

#[tokio::test]
async fn an_unusable_uri_or_version_is_an_error() {
    for (uri, message) in [
        ("/model/x/invoke", "the URI has no host: expected https://HOST/PATH or http://HOST/PATH"),
        ("localhost:80", "the URI has no scheme: expected `https` or `http`"),
        ("ftp://localhost/", "the scheme of the URI is `ftp`: expected `https` or `http`"),
    ] {
        check_not_sent(|request| *request.uri_mut() = uri.parse().unwrap(), InvalidRequest, message).await;
    }
    let message = "unsupported HTTP version: use HTTP/1.1, or use HTTP/2 to require an HTTP/2 connection";
    check_not_sent(|request| *request.version_mut() = Version::HTTP_3, InvalidRequest, message).await;
}

#[test]
fn debug_shows_no_body_and_no_secret() {
    let mut request =
        Request::post("http://localhost/").body(RequestBody::from(Bytes::from("my body"))).unwrap();
    let mut secret = HeaderValue::from_static("my secret");
    secret.set_sensitive(true);
    request.headers_mut().insert(header::AUTHORIZATION, secret);
    let shown = format!("{request:?}");
    assert!(shown.contains("Sensitive") && !shown.contains("my secret"), "{shown}");
    assert!(shown.contains("size: Some(7)") && !shown.contains("my body"), "{shown}");

    let shown = format!("{:?}", HyperTransport::builder().root_certificates_pem("my pem").build());
    assert!(shown.contains("connect_timeout: 10s") && !shown.contains("my pem"), "{shown}");
}
