//! Tests of the kinds of failures, and of `may_have_been_sent`.

use std::net::TcpListener;
use std::time::Duration;

use http::Request;
use invoke_model_transport::TransportErrorKind::{
    self, BodyIncomplete, Connect, ConnectTimeout, Resolve, ResponseHead, Send,
};
use invoke_model_transport::{
    ConnectTimeout as TimeoutExtension, HyperTransport, RequestBody, Transport, TransportError,
};
use tokio::time::Instant;

use crate::server::{Connection, Server};

/// Checks the kind and the beginning of the message. After the beginning, the message of an underlying
/// library must follow.
fn check(error: &TransportError, kind: TransportErrorKind, beginning: &str) {
    assert_eq!(error.kind(), kind, "{error:?}");
    let message = error.to_string();
    let cause = message.strip_prefix(beginning).and_then(|rest| rest.strip_prefix(": "));
    assert!(cause.is_some_and(|cause| !cause.is_empty()), "{message}");
}

/// Checks a response without a complete head.
async fn check_head(response: &'static [u8], kind: TransportErrorKind, beginning: &str) {
    let server = Server::responding(response).await;
    let error = server.call().await.unwrap_err();
    check(&error, kind, &format!("{beginning} ({})", server.address));
    assert!(error.may_have_been_sent());
}

/// Checks a response with a head and only four bytes of the body. Reads the body with `collect`, and then
/// with `chunk`.
async fn check_body(response: &'static [u8]) {
    let server = Server::responding(response).await;
    let error = server.call().await.unwrap().into_body().collect().await.unwrap_err();
    check(&error, BodyIncomplete, "response body incomplete");
    assert!(error.may_have_been_sent());

    let mut body = server.call().await.unwrap().into_body();
    assert_eq!(body.chunk().await.unwrap().unwrap(), "abcd");
    assert_eq!(body.chunk().await.unwrap_err().kind(), BodyIncomplete);
    assert_eq!(body.chunk().await.unwrap(), None, "no data after an error");
}

async fn send(transport: &HyperTransport, uri: &str) -> TransportError {
    transport.send(Request::post(uri).body(RequestBody::default()).unwrap()).await.unwrap_err()
}

#[tokio::test]
async fn a_response_that_is_not_http() {
    let beginning = "the response is not valid HTTP";
    check_head(b"SSH-2.0-OpenSSH_9.9\r\n", ResponseHead, beginning).await;
    check_head(b"HTTP/1.1 two hundred\r\n\r\n", ResponseHead, beginning).await;
    check_head(b"HTTP/1.1 200 OK\r\ncontent-length: ten\r\n\r\n", ResponseHead, beginning).await;
}

#[tokio::test]
async fn a_connection_that_closes_before_the_response() {
    let beginning = "connection lost before the response";
    check_head(b"", Send, beginning).await;
    check_head(b"HTTP/1.1 200 OK\r\ncontent-len", Send, beginning).await;
}

#[tokio::test]
async fn a_body_that_is_truncated_or_malformed() {
    check_body(b"HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\nabcd").await;
    check_body(b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\na\r\nabcd").await;
    check_body(b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n4\r\nabcd\r\n").await;
    check_body(b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n4\r\nabcd\r\nzz\r\n").await;
}

#[tokio::test]
async fn a_port_that_refuses_connections() {
    let address = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let error = send(&HyperTransport::new(), &format!("http://user:secret@{address}/")).await;
    check(&error, Connect, &format!("cannot connect ({address})"));
    assert!(!error.may_have_been_sent() && error.is_connect() && !error.is_timeout());
}

#[tokio::test]
async fn a_host_name_without_address() {
    // A label has at most 63 octets, so the resolver fails without a query.
    // https://www.rfc-editor.org/rfc/rfc1035#section-2.3.4
    let host = "a".repeat(64);
    let error = send(&HyperTransport::new(), &format!("http://{host}/")).await;
    check(&error, Resolve, &format!("cannot resolve the host name ({host})"));
    assert!(!error.may_have_been_sent() && error.is_connect());
}

/// Starts a server that never completes a TLS handshake. Returns a transport for the server, and the address
/// of the server.
async fn silent_server() -> (HyperTransport, String) {
    let server = Server::start(Connection::closed).await;
    let root = include_bytes!("../data/root.pem").as_slice();
    let transport = HyperTransport::builder().root_certificates_pem(root).build();
    (transport, server.address.to_string())
}

#[tokio::test(start_paused = true)]
async fn a_server_that_never_completes_the_handshake() {
    let (transport, address) = silent_server().await;
    let start = Instant::now();
    let error = send(&transport, &format!("https://{address}/")).await;
    check(&error, ConnectTimeout, &format!("connect timed out ({address})"));
    assert!(
        error.to_string().ends_with(": no connection after 10s; raise `TimeoutConfig::connect`"),
        "{error}"
    );
    assert!(!error.may_have_been_sent() && error.is_connect() && error.is_timeout());
    // The clock is paused, and advances to the next timer when all tasks wait.
    assert_eq!(start.elapsed().as_secs(), 10);
}

#[tokio::test(start_paused = true)]
async fn a_request_can_have_a_separate_connect_timeout() {
    let (transport, address) = silent_server().await;
    let mut request = Request::post(format!("https://{address}/")).body(RequestBody::default()).unwrap();
    request.extensions_mut().insert(TimeoutExtension(Duration::from_secs(3)));
    let start = Instant::now();
    let error = transport.send(request).await.unwrap_err();
    assert_eq!(error.kind(), ConnectTimeout);
    assert!(error.to_string().contains("no connection after 3s"), "{error}");
    assert_eq!(start.elapsed().as_secs(), 3);
}

#[tokio::test]
async fn the_connect_timeout_does_not_end_a_long_response() {
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
