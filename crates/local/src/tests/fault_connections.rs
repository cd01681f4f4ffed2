//! Tests of faults that end a connection. The tests check the bytes that a raw socket receives, and the
//! records of the endpoint.

use std::io::{self, ErrorKind};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::{sleep, timeout};

use super::streams::{LLAMA, PROMPT};
use super::wire::wire;
use super::*;
use crate::{ConnectionEnd, Fault, FaultPoint, FaultRule, LocalEndpoint, Stats, StreamEnd};

pub(super) async fn start() -> LocalEndpoint {
    builder().start().await.unwrap()
}

pub(super) async fn connect(local: &LocalEndpoint) -> TcpStream {
    TcpStream::connect(local.url().strip_prefix("http://").unwrap()).await.unwrap()
}

/// Returns the bytes of a valid call of `InvokeModel`.
pub(super) fn call() -> Vec<u8> {
    wire(&sign(request(input(TITAN, BODY))))
}

/// Returns the bytes of a valid call of `InvokeModelWithResponseStream`.
pub(super) fn stream_call() -> Vec<u8> {
    wire(&streaming(LLAMA, PROMPT))
}

/// Sends a request and reads until the connection ends. Returns the received bytes, and the error if the
/// connection ended with an error.
pub(super) async fn exchange(local: &LocalEndpoint, request: &[u8]) -> (Vec<u8>, io::Result<()>) {
    let mut socket = connect(local).await;
    // Ignores a failed write, because the fault may end the connection before the request is written.
    let _ = socket.write_all(request).await;
    read_all(&mut socket).await
}

pub(super) async fn read_all(socket: &mut TcpStream) -> (Vec<u8>, io::Result<()>) {
    let mut read = Vec::new();
    let mut buffer = [0; 4096];
    loop {
        match socket.read(&mut buffer).await {
            Ok(0) => return (read, Ok(())),
            Ok(length) => read.extend_from_slice(&buffer[..length]),
            Err(error) => return (read, Err(error)),
        }
    }
}

/// Returns the bytes of a response without a fault. The bytes are always the same, except for the request id.
pub(super) async fn healthy_response(request: &[u8]) -> Vec<u8> {
    const CLOSE: &[u8] = b"connection: close\r\n";
    let local = start().await;
    let headers = request.windows(2).position(|window| window == b"\r\n").unwrap() + 2;
    let (response, ended) =
        exchange(&local, &[&request[..headers], CLOSE, &request[headers..]].concat()).await;
    ended.unwrap();
    let close = response.windows(CLOSE.len()).position(|window| window == CLOSE).unwrap();
    [&response[..close], &response[close + CLOSE.len()..]].concat()
}

fn kind(ended: &io::Result<()>) -> Option<ErrorKind> {
    ended.as_ref().err().map(io::Error::kind)
}

/// Waits until no connection is open.
async fn closed(local: &LocalEndpoint) {
    while local.connections().iter().any(|connection| connection.is_open) {
        sleep(Duration::from_millis(1)).await;
    }
}

#[tokio::test(start_paused = true)]
async fn a_connection_ends_on_accept() {
    for (end, expected) in
        [(ConnectionEnd::Close, None), (ConnectionEnd::Reset, Some(ErrorKind::ConnectionReset))]
    {
        let local = start().await;
        local.inject(FaultRule::reject_connection(end).first(1));
        let mut socket = connect(&local).await;
        let (read, ended) = read_all(&mut socket).await;
        assert_eq!((read.len(), kind(&ended)), (0, expected), "{end:?}");
        drop(socket);
        closed(&local).await;
        assert_eq!(local.stats(), Stats { connections: 1, ..Stats::default() });

        let mut socket = connect(&local).await;
        socket.write_all(&call()).await.unwrap();
        assert!(socket.read(&mut [0; 8]).await.unwrap() > 0, "only the first connection is rejected");
    }
}

#[tokio::test(start_paused = true)]
async fn a_connection_ends_after_some_bytes_of_the_request() {
    let request = call();
    let length = request.len() as u64;
    let head = length - BODY.len() as u64;
    for bytes in [0, 1, 20, head - 1, head, head + 1, length - 1, length, length + 1] {
        for (end, expected) in
            [(ConnectionEnd::Close, None), (ConnectionEnd::Reset, Some(ErrorKind::ConnectionReset))]
        {
            let local = start().await;
            local.inject(FaultRule::break_request(bytes, end).first(1));
            let (read, ended) = exchange(&local, &request).await;
            assert_eq!((read.len(), kind(&ended)), (0, expected), "{end:?} after {bytes}");
            closed(&local).await;
            let request_heads = u64::from(bytes >= head);
            let bytes_received = bytes.min(length);
            let expected = Stats { connections: 1, bytes_received, request_heads, ..Stats::default() };
            assert_eq!(local.stats(), expected, "{end:?} after {bytes}");
            assert!(local.calls().is_empty(), "the endpoint must not record a call");
        }
    }
}

#[tokio::test]
async fn a_reused_connection_ends_before_its_next_request() {
    let local = start().await;
    let mut socket = super::wire::connect(&local).await;
    socket.write_all(&call()).await.unwrap();
    super::wire::read(&mut socket).await;
    local.inject(FaultRule::break_request(0, ConnectionEnd::Reset).first(1));
    socket.write_all(&call()).await.unwrap();
    assert_eq!(socket.read(&mut [0; 8]).await.unwrap_err().kind(), ErrorKind::ConnectionReset);
    let stats = local.stats();
    assert_eq!((stats.connections, stats.request_heads, stats.worked_on, stats.responses), (1, 1, 1, 1));
}

#[tokio::test(start_paused = true)]
async fn a_connection_ends_before_the_response() {
    let request = call();
    let close = (ConnectionEnd::Close, None);
    for (end, expected) in [close, (ConnectionEnd::Reset, Some(ErrorKind::ConnectionReset))] {
        for (at, worked_on) in [(FaultPoint::Request, 0), (FaultPoint::ResponseBytes(0), 1)] {
            let local = start().await;
            local.inject(Fault::new().break_at(at, end).first(1));
            let (read, ended) = exchange(&local, &request).await;
            assert_eq!((read.len(), kind(&ended)), (0, expected), "{end:?} at {at:?}");
            closed(&local).await;
            let expected = Stats {
                connections: 1,
                bytes_received: request.len() as u64,
                request_heads: 1,
                requests: 1,
                worked_on,
                ..Stats::default()
            };
            assert_eq!(local.stats(), expected, "{end:?} at {at:?}");
            let call = local.calls().pop().unwrap();
            assert_eq!((call.connection_id, call.worked_on, call.bytes_sent), (1, worked_on == 1, 0));
            assert_eq!((call.status, call.response_complete), (if worked_on == 1 { 200 } else { 0 }, false));
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_connection_ends_after_some_bytes_of_the_response() {
    let request = call();
    let healthy = healthy_response(&request).await;
    let local = start().await;
    let head = head_length(&healthy);
    let in_head = (0..head + 2).step_by(23);
    for bytes in in_head.chain([head, head + 1, healthy.len() - 1, healthy.len(), healthy.len() + 1]) {
        local.clear_records();
        local.inject(
            Fault::new().break_at(FaultPoint::ResponseBytes(bytes as u64), ConnectionEnd::Close).first(1),
        );
        let (read, ended) = exchange(&local, &request).await;
        ended.unwrap();
        assert_eq!(read.len(), bytes.min(healthy.len()));
        let call = local.calls().pop().unwrap();
        assert_eq!((call.bytes_sent, call.worked_on), (read.len() as u64, true));
        assert_eq!(call.response_complete, bytes >= healthy.len(), "after {bytes}");
        let stats = local.stats();
        assert_eq!((stats.bytes_sent, stats.responses), (call.bytes_sent, u64::from(call.response_complete)));
    }
}

/// Returns the length of the head of a response.
fn head_length(response: &[u8]) -> usize {
    response.windows(4).position(|window| window == b"\r\n\r\n").unwrap() + 4
}

#[tokio::test(start_paused = true)]
async fn a_connection_ends_after_some_bytes_of_the_body() {
    for request in [call(), stream_call()] {
        let healthy = healthy_response(&request).await;
        let head = head_length(&healthy);
        for bytes in [0, 1, 2, 100, healthy.len() - head - 1] {
            let local = start().await;
            local.inject(Fault::new().break_at(FaultPoint::BodyBytes(bytes as u64), ConnectionEnd::Close));
            let (read, ended) = exchange(&local, &request).await;
            ended.unwrap();
            assert_eq!((head_length(&read), read.len()), (head, head + bytes));
            local.wait_for_calls().await;
            let call = local.calls().pop().unwrap();
            assert_eq!(
                (call.bytes_sent, call.response_complete, call.worked_on),
                (read.len() as u64, false, true)
            );
            if let Some(stream) = call.stream {
                assert_eq!(stream.end, Some(StreamEnd::Broken));
            }
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_connection_ends_before_the_last_chunk() {
    for request in [call(), stream_call()] {
        let local = start().await;
        local.inject(Fault::new().break_at(FaultPoint::LastChunk, ConnectionEnd::Close).first(1));
        let (read, ended) = exchange(&local, &request).await;
        ended.unwrap();
        let (head, body) = read.split_at(head_length(&read));
        let head = String::from_utf8_lossy(head).to_ascii_lowercase();
        check_contains(&head, "\r\ntransfer-encoding: chunked\r\n");
        assert!(!head.contains("content-length"), "{head}");
        assert!(body.len() > 100 && body.ends_with(b"\r\n") && !body.ends_with(b"0\r\n\r\n"));
        let call = local.calls().pop().unwrap();
        assert_eq!(
            (call.bytes_sent, call.response_complete, call.worked_on),
            (read.len() as u64, false, true)
        );
    }
}

#[tokio::test(start_paused = true)]
async fn a_half_closed_connection_still_receives_bytes() {
    let local = start().await;
    local.inject(Fault::new().break_at(FaultPoint::ResponseBytes(20), ConnectionEnd::HalfClose).first(1));
    let mut socket = connect(&local).await;
    socket.write_all(&call()).await.unwrap();
    let (read, ended) = read_all(&mut socket).await;
    assert_eq!((read.len(), kind(&ended)), (20, None));
    for _ in 0..3 {
        socket.write_all(&call()).await.unwrap();
        sleep(Duration::from_secs(1)).await;
    }
    assert!(local.connections()[0].is_open);
    assert_eq!(local.stats().requests, 1, "later requests are discarded");
    drop(socket);
    closed(&local).await;
}

#[tokio::test(start_paused = true)]
async fn a_stalled_connection_stays_open_until_its_client_closes_it() {
    let request = call();
    for (rule, expected) in [
        (FaultRule::reject_connection(ConnectionEnd::Stall), 0),
        (FaultRule::break_request(0, ConnectionEnd::Stall), 0),
        (FaultRule::break_request(30, ConnectionEnd::Stall), 0),
        (Fault::new().break_at(FaultPoint::Request, ConnectionEnd::Stall).into(), 0),
        (Fault::new().break_at(FaultPoint::ResponseBytes(0), ConnectionEnd::Stall).into(), 0),
        (Fault::new().break_at(FaultPoint::ResponseBytes(50), ConnectionEnd::Stall).into(), 50),
    ] {
        let local = start().await;
        local.inject(rule);
        let mut socket = connect(&local).await;
        socket.write_all(&request).await.unwrap();
        let mut read = vec![0; expected];
        socket.read_exact(&mut read).await.unwrap();
        let day = Duration::from_secs(24 * 60 * 60);
        assert!(timeout(day, socket.read(&mut [0])).await.is_err(), "the endpoint must not send any data");
        assert!(local.connections()[0].is_open);
        assert_eq!(local.stats().bytes_sent, expected as u64);
        drop(socket);
        closed(&local).await;
    }
}

#[tokio::test]
async fn stopping_closes_stalled_connections() {
    let local = start().await;
    local.inject(FaultRule::reject_connection(ConnectionEnd::Stall));
    let mut socket = connect(&local).await;
    socket.write_all(b"POST").await.unwrap();
    assert!(local.stop().await);
    assert!(!matches!(socket.read(&mut [0]).await, Ok(1..)));
}
