//! Tests of the kinds of failures, and of `may_have_been_sent`.

use std::net::TcpListener;
use std::time::Duration;

use http::Version;
use invoke_model_transport::TransportErrorKind::{
    self, BodyIncomplete, Connect, ConnectTimeout, InvalidRequest, Refused, ResponseHead, Send, Tls,
};
use invoke_model_transport::{HyperTransport, Transport};
use tokio::task::JoinSet;
use tokio::time::Instant;

use super::frames::{INTERNAL_ERROR, NO_ERROR, REFUSED_STREAM, data, go_away, head, reset, responding};
use super::sharing::http1_server;
use super::{http2_only, post, prefer_http2, send};
use crate::server::{Connection, Server};

async fn check(response: Vec<u8>, close: bool, kind: TransportErrorKind, phrase: &str) {
    let server = responding(response, close).await;
    let error = send(&http2_only().build(), server.http()).await.unwrap_err();
    assert_eq!(error.kind(), kind, "{error:?}");
    assert_eq!(error.may_have_been_sent(), kind != Refused);
    assert!(error.to_string().starts_with(&format!("{phrase} ({}): ", server.address)), "{error}");
}

/// Checks the cases in which "it is guaranteed that the request has not been processed":
/// <https://www.rfc-editor.org/rfc/rfc9113#section-8.7>
#[tokio::test]
async fn a_request_that_was_certainly_not_processed() {
    let phrase = "the server did not process the request";
    check(reset(1, REFUSED_STREAM), false, Refused, phrase).await;
    check(go_away(0, NO_ERROR), true, Refused, phrase).await;
    check(go_away(0, NO_ERROR), false, Refused, phrase).await;
    check(go_away(0, INTERNAL_ERROR), true, Refused, phrase).await;
}

#[tokio::test]
async fn a_request_that_may_have_been_processed() {
    let phrase = "connection lost before the response";
    check(reset(1, INTERNAL_ERROR), false, Send, phrase).await;
    check(reset(1, NO_ERROR), false, Send, phrase).await;
    check(Vec::new(), true, Send, phrase).await;
    // The last stream ID in this GOAWAY frame is the ID of the request's stream, so the server may have
    // processed the request.
    check(go_away(1, NO_ERROR), true, Send, phrase).await;
    check(go_away(1, INTERNAL_ERROR), true, Send, phrase).await;
}

#[tokio::test]
async fn a_truncated_body() {
    for (end, close) in [(reset(1, INTERNAL_ERROR), false), (Vec::new(), true), (go_away(1, NO_ERROR), true)]
    {
        let server = responding([head(1), data(1, b"abcd"), end].concat(), close).await;
        let mut body = send(&http2_only().build(), server.http()).await.unwrap().into_body();
        assert_eq!(body.chunk().await.unwrap().unwrap(), "abcd");
        assert_eq!(body.chunk().await.unwrap_err().kind(), BodyIncomplete);
        assert_eq!(body.chunk().await.unwrap(), None);
    }
}

#[tokio::test]
async fn a_request_that_needs_http2_is_not_sent_over_http1() {
    let check = async |transport: HyperTransport, uri: &str, kind, message: &str| {
        let mut request = post(uri);
        *request.version_mut() = Version::HTTP_2;
        let error = transport.send(request).await.unwrap_err();
        assert_eq!((error.kind(), error.may_have_been_sent()), (kind, false), "{error}");
        assert!(error.to_string().contains(message), "{error}");
    };
    let (https, http) = ("https://localhost:1/", "http://localhost:1/");
    let http1 = || HyperTransport::builder().build();
    let needed = "the request needs HTTP/2; set `HyperTransport::builder().http_version_policy(";
    check(http1(), https, InvalidRequest, needed).await;
    let needed = "for an `http` endpoint, set `HyperTransport::builder().http_version_policy(HttpVersionPolicy::Http2Only)`";
    check(prefer_http2().build(), http, InvalidRequest, needed).await;

    let server = http1_server().await;
    let transport = prefer_http2().build();
    // The pool contains a connection that has negotiated HTTP/1.1.
    send(&transport, server.https()).await.unwrap().into_body().collect().await.unwrap();
    check(transport, &server.https(), Tls, "did not negotiate HTTP/2, and the request needs HTTP/2").await;
}

#[tokio::test]
async fn a_server_that_does_not_support_http2() {
    let server = Server::start(|mut connection| async move {
        connection.write("HTTP/1.1 400 Bad Request\r\ncontent-length: 0\r\n\r\n").await;
        connection.closed().await;
    })
    .await;
    let error = send(&http2_only().build(), server.uri("/")).await.unwrap_err();
    assert_eq!(error.kind(), ResponseHead, "{error:?}");
}

#[tokio::test]
async fn a_refused_connection_fails_all_waiting_calls() {
    let address = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let transport = http2_only().build();
    let mut tasks = JoinSet::new();
    for _ in 0..20 {
        let transport = transport.clone();
        tasks.spawn(async move { send(&transport, format!("http://{address}/")).await.unwrap_err().kind() });
    }
    assert_eq!(tasks.join_all().await, [Connect; 20]);
}

/// All calls wait for the connection of the first call. They must not time out one after another.
#[tokio::test(start_paused = true)]
async fn waiting_calls_fail_after_at_most_twice_the_connect_timeout() {
    let server = Server::start(Connection::closed).await;
    let transport = prefer_http2().build();
    let start = Instant::now();
    let mut tasks = JoinSet::new();
    for _ in 0..20 {
        let (transport, uri) = (transport.clone(), format!("https://{}/", server.address));
        tasks.spawn(async move { send(&transport, uri).await.unwrap_err().kind() });
    }
    assert_eq!(tasks.join_all().await, [ConnectTimeout; 20]);
    assert!(start.elapsed() <= Duration::from_secs(20), "{:?}", start.elapsed());
}

#[tokio::test(start_paused = true)]
async fn a_ping_without_response_ends_the_connection() {
    let server = responding(Vec::new(), false).await;
    let start = Instant::now();
    let error = send(&http2_only().build(), server.http()).await.unwrap_err();
    assert_eq!(error.kind(), Send, "{error:?}");
    assert!((44..=46).contains(&start.elapsed().as_secs()), "{:?}", start.elapsed());

    let server = responding([head(1), data(1, b"abcd")].concat(), false).await;
    let transport = http2_only().http2_keepalive(Duration::from_secs(5), Duration::from_secs(2)).build();
    let mut body = send(&transport, server.http()).await.unwrap().into_body();
    assert_eq!(body.chunk().await.unwrap().unwrap(), "abcd");
    let start = Instant::now();
    assert_eq!(body.chunk().await.unwrap_err().kind(), BodyIncomplete);
    assert!((6..=8).contains(&start.elapsed().as_secs()), "{:?}", start.elapsed());
}
