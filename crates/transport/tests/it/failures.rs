//! What does not work: which kind it is, and whether the request may have been sent.

use std::{net::TcpListener, time::Duration};

use http::Request;
use invoke_model_transport::{
    HyperTransport, RequestBody, Transport, TransportError,
    TransportErrorKind::{self, BodyIncomplete, Connect, ConnectTimeout, Resolve, ResponseHead, Send},
};
use tokio::time::Instant;

use crate::server::Server;

/// `ours` is the beginning of the line; the rest are the words of the library that saw it first.
fn check(error: &TransportError, kind: TransportErrorKind, ours: &str) {
    assert_eq!(error.kind(), kind, "{error:?}");
    let line = error.to_string();
    let theirs = line.strip_prefix(ours).and_then(|rest| rest.strip_prefix(": "));
    assert!(theirs.is_some_and(|words| !words.is_empty()), "{line}");
}

/// No head arrives.
async fn check_head(answer: &'static [u8], kind: TransportErrorKind, ours: &str) {
    let server = Server::answering(answer).await;
    let error = server.call().await.unwrap_err();
    check(&error, kind, &format!("{ours} ({})", server.address));
    assert!(error.may_have_been_sent());
}

/// The head and four bytes arrive, the rest of the body does not; both ways of reading see it.
async fn check_body(answer: &'static [u8]) {
    let server = Server::answering(answer).await;
    let error = server.call().await.unwrap().into_body().collect().await.unwrap_err();
    check(&error, BodyIncomplete, "the answer's body is incomplete");
    assert!(error.may_have_been_sent());

    let mut body = server.call().await.unwrap().into_body();
    assert_eq!(body.chunk().await.unwrap().unwrap(), "abcd");
    assert_eq!(body.chunk().await.unwrap_err().kind(), BodyIncomplete);
    assert_eq!(body.chunk().await.unwrap(), None, "there is nothing after an error");
}

async fn send(transport: &HyperTransport, uri: &str) -> TransportError {
    transport.send(Request::post(uri).body(RequestBody::default()).unwrap()).await.unwrap_err()
}

#[tokio::test]
async fn an_answer_that_is_not_http() {
    let ours = "the answer is not HTTP";
    check_head(b"SSH-2.0-OpenSSH_9.9\r\n", ResponseHead, ours).await;
    check_head(b"HTTP/1.1 two hundred\r\n\r\n", ResponseHead, ours).await;
    check_head(b"HTTP/1.1 200 OK\r\ncontent-length: ten\r\n\r\n", ResponseHead, ours).await;
}

#[tokio::test]
async fn a_connection_that_ends_before_the_answer() {
    let ours = "the connection was lost before the answer";
    check_head(b"", Send, ours).await;
    check_head(b"HTTP/1.1 200 OK\r\ncontent-len", Send, ours).await;
}

#[tokio::test]
async fn a_body_that_ends_early_or_is_malformed() {
    check_body(b"HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\nabcd").await;
    check_body(b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\na\r\nabcd").await;
    check_body(b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n4\r\nabcd\r\n").await;
    check_body(b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n4\r\nabcd\r\nzz\r\n").await;
}

#[tokio::test]
async fn a_port_that_refuses() {
    let address = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let error = send(&HyperTransport::new(), &format!("http://user:secret@{address}/")).await;
    check(&error, Connect, &format!("no connection ({address})"));
    assert!(!error.may_have_been_sent());
}

#[tokio::test]
async fn a_host_name_without_address() {
    // A label has 63 octets at most, so that the resolver asks nobody.
    // https://www.rfc-editor.org/rfc/rfc1035#section-2.3.4
    let host = "a".repeat(64);
    let error = send(&HyperTransport::new(), &format!("http://{host}/")).await;
    check(&error, Resolve, &format!("the host name cannot be resolved ({host})"));
    assert!(!error.may_have_been_sent());
}

#[tokio::test(start_paused = true)]
async fn a_peer_that_never_shakes_hands() {
    let server = Server::start(super::server::Connection::closed).await;
    let transport = HyperTransport::builder()
        .root_certificates_pem(include_bytes!("../data/root.pem").as_slice())
        .build();
    let began = Instant::now();
    let error = send(&transport, &format!("https://{}/", server.address)).await;
    check(&error, ConnectTimeout, &format!("no connection in time ({})", server.address));
    assert!(!error.may_have_been_sent());
    // The clock stands still, and jumps to the next timer when all wait.
    assert_eq!(began.elapsed().as_secs(), 10);
}

#[tokio::test]
async fn the_limit_of_connecting_does_not_end_a_long_answer() {
    let limit = Duration::from_millis(20);
    let server = Server::start(move |mut connection| async move {
        connection.request().await.unwrap();
        tokio::time::sleep(5 * limit).await;
        connection.ok("{}").await;
    })
    .await;
    let transport = HyperTransport::builder().connect_timeout(limit).build();
    let response = transport.send(server.post(RequestBody::default())).await.unwrap();
    assert_eq!(response.into_body().collect().await.unwrap(), "{}");
}
