//! Connections that break, as a raw socket sees them, and what the endpoint says that it saw.

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

/// The bytes of a good call, for a whole answer.
pub(super) fn call() -> Vec<u8> {
    wire(&sign(request(input(TITAN, BODY))))
}

/// The bytes of a good call, for a stream.
pub(super) fn stream_call() -> Vec<u8> {
    wire(&streaming(LLAMA, PROMPT))
}

/// Sends a request and reads until the connection ends: what came, and whether it ended well.
pub(super) async fn exchange(local: &LocalEndpoint, request: &[u8]) -> (Vec<u8>, io::Result<()>) {
    let mut socket = connect(local).await;
    // A connection that breaks early may not take it.
    let _ = socket.write_all(request).await;
    read_all(&mut socket).await
}

pub(super) async fn read_all(socket: &mut TcpStream) -> (Vec<u8>, io::Result<()>) {
    let mut read = Vec::new();
    let mut piece = [0; 4096];
    loop {
        match socket.read(&mut piece).await {
            Ok(0) => return (read, Ok(())),
            Ok(length) => read.extend_from_slice(&piece[..length]),
            Err(error) => return (read, Err(error)),
        }
    }
}

/// A good answer as it stands on the wire. But for the digits of its request id, it is the same each time.
pub(super) async fn good(request: &[u8]) -> Vec<u8> {
    const CLOSE: &[u8] = b"connection: close\r\n";
    let local = start().await;
    let fields = request.windows(2).position(|window| window == b"\r\n").unwrap() + 2;
    let (answer, ended) = exchange(&local, &[&request[..fields], CLOSE, &request[fields..]].concat()).await;
    ended.unwrap();
    let said = answer.windows(CLOSE.len()).position(|window| window == CLOSE).unwrap();
    [&answer[..said], &answer[said + CLOSE.len()..]].concat()
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
async fn connections_that_are_refused() {
    for (end, expected) in
        [(ConnectionEnd::Close, None), (ConnectionEnd::Reset, Some(ErrorKind::ConnectionReset))]
    {
        let local = start().await;
        local.inject(FaultRule::refuse(end).first(1));
        let mut socket = connect(&local).await;
        let (read, ended) = read_all(&mut socket).await;
        assert_eq!((read.len(), kind(&ended)), (0, expected), "{end:?}");
        drop(socket);
        closed(&local).await;
        assert_eq!(local.stats(), Stats { connections: 1, ..Stats::default() });

        let mut socket = connect(&local).await;
        socket.write_all(&call()).await.unwrap();
        assert!(socket.read(&mut [0; 8]).await.unwrap() > 0, "one connection is refused, and no more");
    }
}

#[tokio::test(start_paused = true)]
async fn requests_that_are_not_read_to_their_end() {
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
            let heads = u64::from(bytes >= head);
            let expected = Stats { connections: 1, received: bytes.min(length), heads, ..Stats::default() };
            assert_eq!(local.stats(), expected, "{end:?} after {bytes}");
            assert!(local.calls().is_empty(), "no call was read");
        }
    }
}

#[tokio::test]
async fn a_connection_that_has_served_breaks_before_its_next_request() {
    let local = start().await;
    let mut socket = super::wire::connect(&local).await;
    socket.write_all(&call()).await.unwrap();
    super::wire::read(&mut socket).await;
    local.inject(FaultRule::break_request(0, ConnectionEnd::Reset).first(1));
    socket.write_all(&call()).await.unwrap();
    assert_eq!(socket.read(&mut [0; 8]).await.unwrap_err().kind(), ErrorKind::ConnectionReset);
    let stats = local.stats();
    assert_eq!((stats.connections, stats.heads, stats.worked_on, stats.answers), (1, 1, 1, 1));
}

#[tokio::test(start_paused = true)]
async fn requests_that_are_read_and_not_answered() {
    let request = call();
    let close = (ConnectionEnd::Close, None);
    for (end, expected) in [close, (ConnectionEnd::Reset, Some(ErrorKind::ConnectionReset))] {
        for (at, worked_on) in [(FaultPoint::Request, 0), (FaultPoint::ResponseBytes(0), 1)] {
            let local = start().await;
            local.inject(Fault::new().break_at(at, end).first(1));
            let (read, ended) = exchange(&local, &request).await;
            assert_eq!((read.len(), kind(&ended)), (0, expected), "{end:?} at {at:?}");
            closed(&local).await;
            let (connections, heads, requests) = (1, 1, 1);
            let received = request.len() as u64;
            let expected = Stats { connections, received, heads, requests, worked_on, ..Stats::default() };
            assert_eq!(local.stats(), expected, "{end:?} at {at:?}");
            let call = local.calls().pop().unwrap();
            assert_eq!((call.connection, call.worked_on, call.written), (1, worked_on == 1, 0));
            assert_eq!((call.status, call.written_whole), (if worked_on == 1 { 200 } else { 0 }, false));
        }
    }
}

#[tokio::test(start_paused = true)]
async fn answers_that_are_cut() {
    let request = call();
    let whole = good(&request).await;
    let local = start().await;
    let head = head_of(&whole);
    let in_head = (0..head + 2).step_by(23);
    for bytes in in_head.chain([head, head + 1, whole.len() - 1, whole.len(), whole.len() + 1]) {
        local.clear_calls();
        local.inject(
            Fault::new().break_at(FaultPoint::ResponseBytes(bytes as u64), ConnectionEnd::Close).first(1),
        );
        let (read, ended) = exchange(&local, &request).await;
        ended.unwrap();
        assert_eq!(read.len(), bytes.min(whole.len()));
        let call = local.calls().pop().unwrap();
        assert_eq!((call.written, call.worked_on), (read.len() as u64, true));
        assert_eq!(call.written_whole, bytes >= whole.len(), "after {bytes}");
        let stats = local.stats();
        assert_eq!((stats.sent, stats.answers), (call.written, u64::from(call.written_whole)));
    }
}

/// Where the head of a response ends.
fn head_of(response: &[u8]) -> usize {
    response.windows(4).position(|window| window == b"\r\n\r\n").unwrap() + 4
}

#[tokio::test(start_paused = true)]
async fn bodies_that_are_cut() {
    for request in [call(), stream_call()] {
        let whole = good(&request).await;
        let head = head_of(&whole);
        for bytes in [0, 1, 2, 100, whole.len() - head - 1] {
            let local = start().await;
            local.inject(Fault::new().break_at(FaultPoint::BodyBytes(bytes as u64), ConnectionEnd::Close));
            let (read, ended) = exchange(&local, &request).await;
            ended.unwrap();
            assert_eq!((head_of(&read), read.len()), (head, head + bytes));
            local.calls_ended().await;
            let call = local.calls().pop().unwrap();
            assert_eq!((call.written, call.written_whole, call.worked_on), (read.len() as u64, false, true));
            if let Some(stream) = call.stream {
                assert_eq!(stream.end, Some(StreamEnd::Broken));
            }
        }
    }
}

#[tokio::test(start_paused = true)]
async fn bodies_without_their_last_chunk() {
    for request in [call(), stream_call()] {
        let local = start().await;
        local.inject(Fault::new().break_at(FaultPoint::LastChunk, ConnectionEnd::Close).first(1));
        let (read, ended) = exchange(&local, &request).await;
        ended.unwrap();
        let (head, body) = read.split_at(head_of(&read));
        let head = String::from_utf8_lossy(head).to_ascii_lowercase();
        check_says(&head, "\r\ntransfer-encoding: chunked\r\n");
        assert!(!head.contains("content-length"), "{head}");
        assert!(body.len() > 100 && body.ends_with(b"\r\n") && !body.ends_with(b"0\r\n\r\n"));
        let call = local.calls().pop().unwrap();
        assert_eq!((call.written, call.written_whole, call.worked_on), (read.len() as u64, false, true));
    }
}

#[tokio::test(start_paused = true)]
async fn a_half_closed_connection_still_takes_bytes() {
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
    assert_eq!(local.stats().requests, 1, "what comes after is thrown away");
    drop(socket);
    closed(&local).await;
}

#[tokio::test(start_paused = true)]
async fn a_stalled_connection_is_silent_until_its_client_gives_up() {
    let request = call();
    for (rule, expected) in [
        (FaultRule::refuse(ConnectionEnd::Stall), 0),
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
        assert!(timeout(day, socket.read(&mut [0])).await.is_err(), "nothing comes");
        assert!(local.connections()[0].is_open);
        assert_eq!(local.stats().sent, expected as u64);
        drop(socket);
        closed(&local).await;
    }
}

#[tokio::test]
async fn stopping_ends_what_stalls() {
    let local = start().await;
    local.inject(FaultRule::refuse(ConnectionEnd::Stall));
    let mut socket = connect(&local).await;
    socket.write_all(b"POST").await.unwrap();
    assert!(local.stop().await);
    assert!(!matches!(socket.read(&mut [0]).await, Ok(1..)));
}
