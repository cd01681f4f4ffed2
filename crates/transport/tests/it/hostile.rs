//! Responses of servers that try to exhaust the memory or the patience of the client. Each response ends with
//! an error, after a limited number of bytes.

use std::time::Duration;

use bytes::Bytes;
use invoke_model_transport::TransportErrorKind::{BodyIncomplete, ResponseHead, Timeout};
use invoke_model_transport::{HyperTransport, RequestTimeouts, TimeoutKind, Transport, TransportError};
use tokio::io::AsyncWriteExt;
use tokio::sync::mpsc;

use crate::server::{Connection, Server};

/// The maximum number of bytes that a server can send. It includes the buffers of the sockets.
const CEILING: usize = 16 << 20;

/// Starts a server that sends `start`, and then `part` until the client closes the connection. The receiver
/// returns the number of bytes that the server could send.
async fn endless(start: &'static str, part: &'static str) -> (Server, mpsc::UnboundedReceiver<usize>) {
    let (sender, sent) = mpsc::unbounded_channel();
    let parts = part.repeat(1 + (16 << 10) / part.len());
    let server = Server::start(move |mut connection: Connection| {
        let (sender, parts) = (sender.clone(), parts.clone());
        async move {
            connection.request().await.unwrap();
            let mut count = 0;
            if connection.0.write_all(start.as_bytes()).await.is_ok() {
                while count <= CEILING && connection.0.write_all(parts.as_bytes()).await.is_ok() {
                    count += parts.len();
                }
            }
            sender.send(count).unwrap();
        }
    })
    .await;
    (server, sent)
}

async fn collect(server: &Server) -> Result<Bytes, TransportError> {
    server.call().await?.into_body().collect().await
}

#[tokio::test]
async fn endless_heads() {
    let check = async |start, part, expected: &str| {
        let (server, mut sent) = endless(start, part).await;
        let error = collect(&server).await.unwrap_err();
        assert_eq!(error.kind(), ResponseHead, "{error}");
        assert!(error.may_have_been_sent());
        assert!(error.to_string().contains(expected), "{error}");
        let sent = sent.recv().await.unwrap();
        assert!(sent < CEILING, "{part}: the server sent {sent} bytes");
    };
    let large = "message head is too large";
    check("HTTP/1.1 200 OK\r\nx: ", "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx", large).await;
    check("HTTP/1.1 200 OK\r\n", "x: x\r\n", large).await;
    check("HTTP/1.1 200 O", "OOOOOOOOOOOOOOOO", large).await;
    let endless = "the server sent more than 1048576 bytes without a final status";
    check("", "HTTP/1.1 100 Continue\r\n\r\n", endless).await;
    check("", "HTTP/1.1 102 Processing\r\n\r\n", endless).await;
    check("", "HTTP/1.1 103 Early Hints\r\nlink: </a>\r\n\r\n", endless).await;
}

#[tokio::test]
async fn endless_chunk_extensions_and_trailers() {
    let check = async |start, part| {
        let (server, mut sent) = endless(start, part).await;
        let error = collect(&server).await.unwrap_err();
        assert_eq!(error.kind(), BodyIncomplete, "{error}");
        let sent = sent.recv().await.unwrap();
        assert!(sent < CEILING, "{part}: the server sent {sent} bytes");
    };
    check("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n1;a=", "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa")
        .await;
    check("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n0\r\nx: ", "xxxxxxxxxxxxxxxxxxxxxxxxxxxxx")
        .await;
    check("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n0\r\n", "x: x\r\n").await;
}

#[tokio::test]
async fn some_informational_responses_are_ignored() {
    let server = Server::start(|mut connection: Connection| async move {
        for _ in 0..2 {
            connection.request().await.unwrap();
            for _ in 0..1000 {
                connection.write("HTTP/1.1 102 Processing\r\n\r\n").await;
            }
            connection.ok("{}").await;
        }
    })
    .await;
    let transport = HyperTransport::new();
    for _ in 0..2 {
        let response = transport.send(server.post(Bytes::new())).await.unwrap();
        assert_eq!(response.into_body().collect().await.unwrap(), "{}");
    }
    assert_eq!(server.accepted(), 1);
}

#[tokio::test]
async fn the_limit_of_heads_does_not_apply_to_bodies() {
    let server = Server::start(|mut connection: Connection| async move {
        let body = vec![b'a'; 3 << 20];
        for _ in 0..2 {
            connection.request().await.unwrap();
            connection.write(format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n", body.len())).await;
            connection.write(&body).await;
        }
    })
    .await;
    let transport = HyperTransport::new();
    for _ in 0..2 {
        let response = transport.send(server.post(Bytes::new())).await.unwrap();
        assert_eq!(response.into_body().collect().await.unwrap().len(), 3 << 20);
    }
}

/// Starts a server that sends one byte per minute. The clock is paused, so the test does not wait.
async fn dripping(start: &'static str) -> Server {
    Server::start(move |mut connection: Connection| async move {
        connection.request().await.unwrap();
        connection.write(start).await;
        while connection.0.write_all(b"x").await.is_ok() {
            tokio::time::sleep(Duration::from_secs(60)).await;
        }
    })
    .await
}

#[tokio::test(start_paused = true)]
async fn slow_drips_end_with_a_timeout() {
    let check = async |start, timeouts: RequestTimeouts, expected| {
        let server = dripping(start).await;
        let transport = HyperTransport::new();
        let response = timeouts.send(&transport, server.post(Bytes::new())).await;
        let error = match response {
            Err(error) => error,
            Ok(response) => response.into_body().collect().await.unwrap_err(),
        };
        assert_eq!(error.kind(), Timeout(expected), "{error}");
    };
    let head = "HTTP/1.1 200 OK\r\nx: ";
    let body = "HTTP/1.1 200 OK\r\ncontent-length: 99999\r\n\r\n";
    let hour = Duration::from_secs(3600);
    let first_byte = RequestTimeouts { first_byte: Some(hour), ..RequestTimeouts::default() };
    check(head, first_byte, TimeoutKind::FirstByte).await;
    let deadline = || invoke_model_transport::Deadline::after(hour);
    let operation = RequestTimeouts { deadline: deadline(), ..RequestTimeouts::default() };
    check(head, operation, TimeoutKind::Operation).await;
    let operation = RequestTimeouts { deadline: deadline(), ..RequestTimeouts::default() };
    check(body, operation, TimeoutKind::Operation).await;
}
