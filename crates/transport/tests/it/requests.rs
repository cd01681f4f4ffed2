//! What goes over the wire, and what does not get that far.

use std::{
    collections::VecDeque,
    io,
    pin::Pin,
    task::{Context, Poll},
};

use bytes::Bytes;
use http::{HeaderValue, Method, Request, Version, header};
use http_body::{Body, Frame, SizeHint};
use invoke_model_transport::{
    HyperTransport, RequestBody, Transport, TransportError,
    TransportErrorKind::{self, InvalidRequest},
};
use tokio::sync::mpsc;

use crate::server::{Received, Server};

/// A body that gives its pieces one by one, and says `size` about them.
struct Pieces {
    pieces: VecDeque<io::Result<&'static str>>,
    size: SizeHint,
}

impl Pieces {
    fn body<const N: usize>(pieces: [io::Result<&'static str>; N], size: Option<u64>) -> RequestBody {
        let size = size.map_or_else(SizeHint::new, SizeHint::with_exact);
        RequestBody::from_body(Self { pieces: pieces.into(), size })
    }
}

impl Body for Pieces {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<io::Result<Frame<Bytes>>>> {
        Poll::Ready(self.pieces.pop_front().map(|piece| Ok(Frame::data(piece?.into()))))
    }

    fn size_hint(&self) -> SizeHint {
        self.size
    }
}

/// The request that the peer receives; `None` if it receives no whole one.
async fn received(
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
    // A request that was refused before it was sent reaches nobody.
    let refused = result.as_ref().is_err_and(|error| error.kind() == InvalidRequest);
    (result, if refused { None } else { requests.recv().await.unwrap() })
}

async fn sent(change: impl FnOnce(&mut Request<RequestBody>)) -> Received {
    let (result, received) = received(change).await;
    result.unwrap();
    received.unwrap()
}

async fn check_unsent(change: impl FnOnce(&mut Request<RequestBody>), kind: TransportErrorKind, words: &str) {
    let (result, received) = received(change).await;
    let error = result.unwrap_err();
    assert_eq!(error.kind(), kind, "{error:?}");
    assert!(error.to_string().ends_with(words), "{error}");
    assert!(!error.may_have_been_sent());
    assert!(received.is_none());
}

#[tokio::test]
async fn the_target_and_fields_are_sent_as_given() {
    let received = sent(|request| {
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
    assert_eq!(received.fields, ["x-two: 1", "x-two: 2", "host: signed.test", "content-length: 2"]);
    assert_eq!(received.body, b"{}");
}

#[tokio::test]
async fn an_empty_body_has_a_length_where_a_body_has_a_meaning() {
    assert!(sent(|_| ()).await.has("content-length: 0"));
    let get = sent(|request| *request.method_mut() = Method::GET).await;
    assert!(get.fields.iter().all(|field| field.starts_with("host: ")), "{:?}", get.fields);
}

#[tokio::test]
async fn a_streamed_body_of_known_length_sends_it() {
    let received = sent(|request| *request.body_mut() = Pieces::body([Ok("one"), Ok("two")], Some(6))).await;
    assert!(received.has("content-length: 6"));
    assert!(!received.has("transfer-encoding: chunked"));
    assert_eq!(received.body, b"onetwo");
}

#[tokio::test]
async fn a_streamed_body_of_unknown_length_is_sent_in_chunks() {
    let received = sent(|request| *request.body_mut() = Pieces::body([Ok("one"), Ok("two")], None)).await;
    assert!(received.has("transfer-encoding: chunked"));
    assert_eq!(received.body, b"onetwo");
}

#[tokio::test]
async fn a_body_that_fails_or_ends_early_is_never_a_whole_request() {
    let failing = || Err(io::Error::other("disk on fire"));
    for size in [Some(6), None] {
        check_unsent(
            |request| *request.body_mut() = Pieces::body([Ok("one"), failing()], size),
            TransportErrorKind::RequestBody,
            "disk on fire",
        )
        .await;
    }
    check_unsent(
        |request| *request.body_mut() = Pieces::body([Ok("one")], Some(6)),
        TransportErrorKind::RequestBody,
        "early end, expected 3 more bytes",
    )
    .await;
}

#[tokio::test]
async fn a_length_that_contradicts_the_body_is_refused() {
    let length = |request: &mut Request<RequestBody>, field| {
        request.headers_mut().insert(header::CONTENT_LENGTH, HeaderValue::from_static(field));
        *request.body_mut() = Bytes::from_static(b"{}").into();
    };
    assert_eq!(sent(|request| length(request, "2")).await.body, b"{}");
    let words = "its `Content-Length` is \"1\", its body has 2 bytes";
    check_unsent(|request| length(request, "1"), InvalidRequest, words).await;
}

#[tokio::test]
async fn a_uri_or_version_that_leads_nowhere_is_refused() {
    for (uri, words) in [
        ("/model/x/invoke", "its URI has no host: expected https://HOST/PATH or http://HOST/PATH"),
        ("localhost:80", "its URI has no scheme: expected `https` or `http`"),
        ("ftp://localhost/", "the scheme of its URI is `ftp`: expected `https` or `http`"),
    ] {
        check_unsent(|request| *request.uri_mut() = uri.parse().unwrap(), InvalidRequest, words).await;
    }
    let words = "its version is not HTTP/1: what goes over the wire is the transport's choice";
    check_unsent(|request| *request.version_mut() = Version::HTTP_2, InvalidRequest, words).await;
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
