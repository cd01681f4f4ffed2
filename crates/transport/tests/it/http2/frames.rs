//! A server that writes raw HTTP/2 frames ([RFC 9113,
//! 4.1](https://www.rfc-editor.org/rfc/rfc9113#section-4.1)).

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use super::server::Http2Server;

pub(super) const SETTINGS: u8 = 4;
const DATA: u8 = 0;
const HEADERS: u8 = 1;
const RST_STREAM: u8 = 3;
const GOAWAY: u8 = 7;
const END_STREAM: u8 = 1;
const END_HEADERS: u8 = 4;

pub(super) const NO_ERROR: u32 = 0;
pub(super) const INTERNAL_ERROR: u32 = 2;
pub(super) const REFUSED_STREAM: u32 = 7;

fn frame(kind: u8, flags: u8, stream: u32, payload: &[u8]) -> Vec<u8> {
    let length = u32::try_from(payload.len()).unwrap().to_be_bytes();
    let mut frame = vec![length[1], length[2], length[3], kind, flags];
    frame.extend(stream.to_be_bytes());
    frame.extend(payload);
    frame
}

pub(super) fn reset(stream: u32, code: u32) -> Vec<u8> {
    frame(RST_STREAM, 0, stream, &code.to_be_bytes())
}

pub(super) fn go_away(last_stream: u32, code: u32) -> Vec<u8> {
    frame(GOAWAY, 0, 0, &[last_stream.to_be_bytes(), code.to_be_bytes()].concat())
}

/// Returns a head with `:status: 200`. This header is entry 8 in the static table of HPACK.
pub(super) fn head(stream: u32) -> Vec<u8> {
    frame(HEADERS, END_HEADERS, stream, &[0x88])
}

pub(super) fn data(stream: u32, bytes: &[u8]) -> Vec<u8> {
    frame(DATA, 0, stream, bytes)
}

/// Starts a server that reads one request on stream 1 and writes `response`. If `close` is `true`, the server
/// then closes the connection. Otherwise, the server keeps the connection open, but does not respond to a
/// PING.
pub(super) async fn responding(response: Vec<u8>, close: bool) -> Http2Server {
    Http2Server::start(move |mut stream| {
        let response = response.clone();
        async move {
            read_request(&mut stream).await;
            stream.write_all(&response).await.unwrap();
            if !close {
                let _ = stream.read_to_end(&mut Vec::new()).await;
            }
        }
    })
    .await
}

/// Sends SETTINGS, and reads until a request is complete.
async fn read_request(stream: &mut TcpStream) {
    stream.write_all(&frame(SETTINGS, 0, 0, &[])).await.unwrap();
    let mut preface = [0; 24];
    stream.read_exact(&mut preface).await.unwrap();
    assert_eq!(&preface, b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n");
    loop {
        let mut head = [0; 9];
        stream.read_exact(&mut head).await.unwrap();
        let length = u32::from_be_bytes([0, head[0], head[1], head[2]]);
        let mut payload = vec![0; length as usize];
        stream.read_exact(&mut payload).await.unwrap();
        if matches!(head[3], DATA | HEADERS) && head[4] & END_STREAM != 0 {
            return;
        }
    }
}
