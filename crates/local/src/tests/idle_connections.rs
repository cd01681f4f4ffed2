//! Tests of the connections of clients that send nothing.

use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};

use super::fault_connections::{call, connect, read_all, stream_call};
use super::*;
use crate::client_activity::IdleTimeouts;

/// Time limits that have already passed. The other time limits are so long that they do not pass in a test.
const PASSED: Duration = Duration::ZERO;

fn never() -> IdleTimeouts {
    let day = Duration::from_secs(24 * 60 * 60);
    IdleTimeouts { request: day, idle: day, eviction: day }
}

/// Checks that the endpoint closes the connection after these bytes, and that the response has this beginning.
async fn check_closed(timeouts: IdleTimeouts, sent: &[u8], response: &str) {
    let local = builder().timeouts(timeouts).start().await.unwrap();
    let mut socket = connect(&local).await;
    let _ = socket.write_all(sent).await;
    let (read, _) = read_all(&mut socket).await;
    let read = String::from_utf8_lossy(&read);
    assert!(read.starts_with(response) && read.is_empty() == response.is_empty(), "{read}");
}

#[tokio::test]
async fn an_incomplete_request_ends_the_connection() {
    let timeouts = || IdleTimeouts { request: PASSED, ..never() };
    let call = call();
    check_closed(timeouts(), b"", "").await;
    check_closed(timeouts(), &call[..1], "").await;
    check_closed(timeouts(), b"PRI * HT", "").await;
    check_closed(timeouts(), &call[..call.len() - 1], "").await;
}

#[tokio::test]
async fn an_idle_connection_is_closed_after_its_response() {
    let timeouts = || IdleTimeouts { idle: PASSED, ..never() };
    check_closed(timeouts(), &call(), "HTTP/1.1 200 OK\r\n").await;
    check_closed(
        timeouts(),
        b"GET /_local/health HTTP/1.1\r\nhost: localhost\r\n\r\n",
        "HTTP/1.1 200 OK\r\n",
    )
    .await;
}

#[tokio::test]
async fn a_client_that_sends_nothing_makes_room_for_others() {
    let timeouts = IdleTimeouts { eviction: PASSED, ..never() };
    let local = builder().timeouts(timeouts).max_connections(3).start().await.unwrap();
    let mut slow = Vec::new();
    for _ in 0..20 {
        let mut socket = connect(&local).await;
        // A connection that has been evicted refuses these bytes.
        let _ = socket.write_all(b"POST /model/m/invoke HTTP/1.1\r\n").await;
        slow.push(socket);
        let mut other = connect(&local).await;
        other.write_all(&call()).await.unwrap();
        let mut status = [0; 12];
        other.read_exact(&mut status).await.unwrap();
        assert_eq!(&status, b"HTTP/1.1 200");
    }
    assert_eq!(local.stats().responses, 20);
}

#[tokio::test]
async fn a_connection_with_a_response_in_progress_is_not_evicted() {
    let timeouts = IdleTimeouts { eviction: PASSED, ..never() };
    let builder = builder().timeouts(timeouts).max_connections(1).pace(Duration::from_millis(1));
    let local = builder.start().await.unwrap();
    let mut first = connect(&local).await;
    first.write_all(&stream_call()).await.unwrap();
    first.read_exact(&mut [0; 12]).await.unwrap();
    let mut second = connect(&local).await;
    second.write_all(&call()).await.unwrap();
    second.read_exact(&mut [0; 12]).await.unwrap();
    let (rest, _) = read_all(&mut first).await;
    assert!(rest.ends_with(b"0\r\n\r\n"), "the stream is complete");
}
