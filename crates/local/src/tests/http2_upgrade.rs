//! Tests of the upgrade from HTTP/1.1 to HTTP/2, with frames that the tests write and read themselves.

use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use super::fault_connections::{connect, start};
use super::streams::{LLAMA, PROMPT};
use super::wire::wire;
use super::*;
use crate::{ConnectionEnd, Fault, FaultPoint, LocalEndpoint};

const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
const DATA: u8 = 0;
const HEADERS: u8 = 1;
const RST_STREAM: u8 = 3;
const SETTINGS: u8 = 4;
const GOAWAY: u8 = 7;
const ACK: u8 = 1;
const END_STREAM: u8 = 1;

/// A frame without its length.
#[derive(Debug, PartialEq)]
struct Frame {
    kind: u8,
    flags: u8,
    stream: u8,
    content: Vec<u8>,
}

fn frame(kind: u8, flags: u8, stream: u8, content: &[u8]) -> Vec<u8> {
    let length = u16::try_from(content.len()).unwrap().to_be_bytes();
    [&[0, length[0], length[1], kind, flags, 0, 0, 0, stream], content].concat()
}

async fn read_frame(socket: &mut TcpStream) -> Frame {
    let mut head = [0; 9];
    socket.read_exact(&mut head).await.unwrap();
    let length = u32::from_be_bytes([0, head[0], head[1], head[2]]);
    let mut content = vec![0; length as usize];
    socket.read_exact(&mut content).await.unwrap();
    Frame { kind: head[3], flags: head[4], stream: head[8], content }
}

/// Adds the headers that ask for the upgrade.
fn with_upgrade(mut request: Request<Bytes>, settings: &str) -> Request<Bytes> {
    for (name, value) in
        [("connection", "Upgrade, HTTP2-Settings"), ("upgrade", "foo, H2C"), ("http2-settings", settings)]
    {
        request.headers_mut().insert(name, value.parse().unwrap());
    }
    request
}

/// Settings that do not allow server push.
const SETTINGS_TEXT: &str = "AAIAAAAA";

async fn read_head(socket: &mut TcpStream) -> String {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(socket.read_u8().await.unwrap());
    }
    String::from_utf8(head).unwrap()
}

/// Sends a request, and upgrades the connection. The client sends its first frame in two pieces.
async fn upgrade(local: &LocalEndpoint, request: Request<Bytes>) -> TcpStream {
    let mut socket = connect(local).await;
    socket.write_all(&wire(&with_upgrade(request, SETTINGS_TEXT))).await.unwrap();
    let head = read_head(&mut socket).await.to_ascii_lowercase();
    assert_eq!(head, "http/1.1 101 switching protocols\r\nconnection: upgrade\r\nupgrade: h2c\r\n\r\n");
    // The settings of the connection preface may be empty, because they are also in the header.
    let opening = [PREFACE, &frame(SETTINGS, 0, 0, &[])].concat();
    let (first, second) = opening.split_at(27);
    socket.write_all(first).await.unwrap();
    tokio::task::yield_now().await;
    socket.write_all(second).await.unwrap();
    socket
}

/// Reads frames to the end of a stream. Returns the indexed status of the response, the body and the number of
/// acknowledged settings.
async fn read_response(socket: &mut TcpStream, stream: u8) -> (u8, Vec<u8>, usize) {
    let (mut status, mut body, mut acknowledged) = (0, Vec::new(), 0);
    loop {
        let frame = read_frame(socket).await;
        match (frame.kind, frame.stream) {
            (SETTINGS, 0) => acknowledged += usize::from(frame.flags & ACK),
            (HEADERS, id) if id == stream => status = frame.content[0],
            (DATA, id) if id == stream => body.extend(frame.content),
            (RST_STREAM | GOAWAY, _) => panic!("{frame:?}"),
            _ => continue,
        }
        if frame.stream == stream && frame.flags & END_STREAM != 0 {
            return (status, body, acknowledged);
        }
    }
}

/// The index of `:status: 200` in the static table of HPACK.
const OK: u8 = 0x88;
/// The index of `:status: 404` in the static table of HPACK.
const NOT_FOUND: u8 = 0x8d;

#[tokio::test]
async fn the_upgraded_request_is_stream_1() {
    let local = start().await;
    // The body is larger than the window of a stream.
    let large = format!(r#"{{"inputText":"hello"{}}}"#, " ".repeat(3_000_000));
    for body in [BODY, &large] {
        local.clear_records();
        let mut socket = upgrade(&local, sign(request(input(TITAN, body)))).await;
        let (status, response, acknowledged) = read_response(&mut socket, 1).await;
        assert_eq!((status, acknowledged), (OK, 1), "the client expects one acknowledgment");
        assert!(response.starts_with(b"{\"embedding\""));
        // The connection serves further streams: GET http /.
        socket.write_all(&frame(HEADERS, 0b101, 3, &[0x82, 0x86, 0x84])).await.unwrap();
        let (status, response, _) = read_response(&mut socket, 3).await;
        assert_eq!(status, NOT_FOUND, "{}", String::from_utf8_lossy(&response));
        local.wait_for_calls().await;
        let calls = local.calls();
        assert_eq!((calls.len(), calls[0].body.len()), (2, body.len()));
        assert!(
            calls[0].signed && calls[0].response_complete && calls[0].connection_id == calls[1].connection_id
        );
        let stats = local.stats();
        assert_eq!((stats.request_heads, stats.requests, stats.responses), (2, 2, 2));
    }
}

#[tokio::test]
async fn streams_and_records_are_served_after_an_upgrade() {
    let local = start().await;
    let mut socket = upgrade(&local, streaming(LLAMA, PROMPT)).await;
    let (status, body, _) = read_response(&mut socket, 1).await;
    assert!(status == OK && body.windows(6).any(|part| part == b"chunk\r"), "{body:?}");
    let health = Request::get("/_local/health").header("host", "localhost").body(Bytes::new()).unwrap();
    let mut socket = upgrade(&local, health).await;
    let (status, body, _) = read_response(&mut socket, 1).await;
    assert!(status == OK && body.starts_with(b"{\"status\":\"ok\""));
    assert_eq!(local.calls().len(), 1, "requests for records are not recorded");
}

#[tokio::test]
async fn faults_reset_stream_1() {
    let local = start().await;
    local.inject(Fault::new().break_at(FaultPoint::BodyBytes(7), ConnectionEnd::Reset));
    let mut socket = upgrade(&local, sign(request(input(TITAN, BODY)))).await;
    let reset = loop {
        let frame = read_frame(&mut socket).await;
        if frame.kind == RST_STREAM {
            break frame;
        }
    };
    assert_eq!((reset.stream, reset.content), (1, vec![0, 0, 0, 2]), "INTERNAL_ERROR");
}

#[tokio::test]
async fn a_client_that_violates_the_protocol_loses_the_connection() {
    for opening in [
        b"GET / HTTP/1.1\r\nhost: localhost\r\n\r\n".to_vec(),
        [PREFACE, &frame(HEADERS, 0b101, 3, &[0x82, 0x86, 0x84])].concat(),
        [PREFACE, &frame(SETTINGS, 0, 0, &[0; 5])].concat(),
        [PREFACE, &frame(SETTINGS, 0, 0, &[0; 16_386])].concat(),
    ] {
        let local = start().await;
        let mut socket = connect(&local).await;
        socket.write_all(&wire(&with_upgrade(sign(request(input(TITAN, BODY))), ""))).await.unwrap();
        assert!(read_head(&mut socket).await.starts_with("HTTP/1.1 101 "));
        socket.write_all(&opening).await.unwrap();
        let _ = super::fault_connections::read_all(&mut socket).await;
        local.wait_for_calls().await;
        assert!(local.calls().is_empty(), "stream 1 was not opened");
    }
}

#[tokio::test]
async fn a_client_that_ends_after_the_upgrade_is_noticed() {
    let local = start().await;
    let mut socket = connect(&local).await;
    socket.write_all(&wire(&with_upgrade(sign(request(input(TITAN, BODY))), SETTINGS_TEXT))).await.unwrap();
    read_head(&mut socket).await;
    socket.write_all(&PREFACE[..10]).await.unwrap();
    drop(socket);
    local.wait_for_calls().await;
    assert!(local.stop().await);
}

/// Checks that a request gets a response over HTTP/1.1.
async fn check_ignored(change: impl FnOnce(&mut Request<Bytes>)) {
    let local = start().await;
    let mut request = with_upgrade(sign(request(input(TITAN, BODY))), SETTINGS_TEXT);
    change(&mut request);
    let mut socket = connect(&local).await;
    socket.write_all(&wire(&request)).await.unwrap();
    let head = read_head(&mut socket).await;
    assert!(head.starts_with("HTTP/1.1 200 OK\r\n"), "{head}");
}

#[tokio::test]
async fn an_invalid_upgrade_is_ignored() {
    let set = |name: &'static str, value: &'static str| {
        move |request: &mut Request<Bytes>| {
            request.headers_mut().insert(name, value.parse().unwrap());
        }
    };
    check_ignored(set("upgrade", "h2")).await;
    check_ignored(set("upgrade", "websocket")).await;
    check_ignored(set("connection", "upgrade")).await;
    check_ignored(set("connection", "http2-settings")).await;
    check_ignored(set("http2-settings", "AAIAAAA=")).await;
    check_ignored(set("http2-settings", "AAIAAA")).await;
    check_ignored(|request| _ = request.headers_mut().remove("http2-settings")).await;
    check_ignored(|request| {
        _ = request.headers_mut().append("http2-settings", SETTINGS_TEXT.parse().unwrap());
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn a_client_without_a_preface_does_not_keep_the_connection() {
    let timeouts = crate::client_activity::IdleTimeouts {
        idle: Duration::ZERO,
        ..crate::client_activity::IdleTimeouts::default()
    };
    let local = builder().timeouts(timeouts).start().await.unwrap();
    let mut socket = upgrade(&local, sign(request(input(TITAN, BODY)))).await;
    read_response(&mut socket, 1).await;
    let _ = super::fault_connections::read_all(&mut socket).await;
}
