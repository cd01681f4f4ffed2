//! Tests of complete responses. The transport returns their data unchanged, and as soon as it arrives.

use std::sync::Mutex;

use bytes::Bytes;
use http::StatusCode;
use http::header::SET_COOKIE;
use invoke_model_transport::{HyperTransport, Transport};
use tokio::sync::mpsc;

use crate::server::{Connection, Server};

async fn check(response: &'static [u8], status: u16, body: &'static [u8]) {
    let response = Server::responding(response).await.call().await.unwrap();
    assert_eq!(response.status(), status);
    assert_eq!(response.into_body().collect().await.unwrap(), body);
}

#[tokio::test]
async fn every_status_is_a_response() {
    check(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{}", 200, b"{}").await;
    check(b"HTTP/1.1 204 No Content\r\n\r\n", 204, b"").await;
    check(b"HTTP/1.1 503 \r\ncontent-length: 0\r\n\r\n", 503, b"").await;
    check(b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n", 200, b"").await;
}

#[tokio::test]
async fn chunks_or_the_end_of_the_connection_delimit_a_body() {
    let head: &[u8] = b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n1\r\n{\r\n1\r\n}\r\n0\r\n\r\n";
    check(head, 200, b"{}").await;
    check(b"HTTP/1.1 200 OK\r\nconnection: close\r\n\r\n{}", 200, b"{}").await;
}

async fn check_end(response: &'static [u8], ends_with_connection: bool) {
    let response = Server::responding(response).await.call().await.unwrap();
    assert_eq!(response.body().ends_with_connection(), ends_with_connection);
}

#[tokio::test]
async fn ends_with_connection_is_true_if_nothing_else_delimits_the_body() {
    check_end(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{}", false).await;
    check_end(b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n", false).await;
    check_end(b"HTTP/1.1 204 No Content\r\n\r\n", false).await;
    check_end(b"HTTP/1.1 200 OK\r\nconnection: close\r\n\r\n{}", true).await;
    check_end(b"HTTP/1.0 200 OK\r\n\r\n{}", true).await;
}

#[tokio::test]
async fn a_response_is_not_interpreted() {
    let gzip = b"HTTP/1.1 200 OK\r\ncontent-encoding: gzip\r\ncontent-length: 3\r\n\r\n\x1f\x8b\x08";
    check(gzip, 200, b"\x1f\x8b\x08").await;

    let redirect =
        b"HTTP/1.1 307 Go\r\nlocation: /\r\nset-cookie: a=1\r\nset-cookie: b=2\r\ncontent-length: 0\r\n\r\n";
    let server = Server::responding(redirect).await;
    let response = server.call().await.unwrap();
    assert_eq!(response.status(), StatusCode::TEMPORARY_REDIRECT);
    assert_eq!(response.headers().get_all(SET_COOKIE).iter().count(), 2);
    assert_eq!(server.accepted(), 1);
}

#[tokio::test]
async fn each_chunk_is_returned_when_it_arrives() {
    let (next, mut wait) = mpsc::channel::<()>(1);
    let wait = Mutex::new(Some(move |mut connection: Connection| async move {
        connection.request().await.unwrap();
        connection.write("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n").await;
        for chunk in ["one", "two", "six"] {
            wait.recv().await.unwrap();
            connection.write(format!("3\r\n{chunk}\r\n")).await;
        }
        wait.recv().await.unwrap();
        connection.write("0\r\n\r\n").await;
    }));
    let server = Server::start(move |connection| wait.lock().unwrap().take().unwrap()(connection)).await;

    let mut body = server.call().await.unwrap().into_body();
    for expected in [Some("one"), Some("two"), Some("six"), None] {
        // The server writes the next chunk only after the previous chunk has been read.
        next.send(()).await.unwrap();
        assert_eq!(body.chunk().await.unwrap().as_deref(), expected.map(str::as_bytes));
    }
}

#[tokio::test]
async fn sends_and_receives_five_megabytes() {
    let server = Server::start(|mut connection| async move {
        let body = connection.request().await.unwrap().body;
        connection.write(format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n", body.len())).await;
        connection.write(body).await;
    })
    .await;
    let sent: Bytes = (0..5_000_000_u32).map(|n| (n % 251) as u8).collect();

    let response = HyperTransport::new().send(server.post(sent.clone())).await.unwrap();
    assert!(response.into_body().collect().await.unwrap() == sent);
}
