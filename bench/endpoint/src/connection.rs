//! A connection that repeats one request.

use std::net::SocketAddr;

use bytes::Bytes;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// End of a body that consists of chunks.
const LAST_CHUNK: &[u8] = b"\r\n0\r\n\r\n";

/// A connection to the endpoint.
pub(crate) struct Connection {
    stream: TcpStream,
    request: Bytes,
    /// Length of every response, including its head.
    length: usize,
    buffer: Vec<u8>,
}

impl Connection {
    /// Opens a connection, and makes one call to learn the length of the response.
    pub(crate) async fn open(address: SocketAddr, request: Bytes) -> Self {
        let stream = TcpStream::connect(address).await.expect("a connection");
        stream.set_nodelay(true).expect("a socket option");
        let mut connection = Self { stream, request, length: 0, buffer: Vec::new() };
        connection.stream.write_all(&connection.request).await.expect("a request");
        while !is_complete(&connection.buffer) {
            let read = connection.stream.read_buf(&mut connection.buffer).await.expect("a response");
            assert_ne!(read, 0, "{}", String::from_utf8_lossy(&connection.buffer));
        }
        let head = String::from_utf8_lossy(&connection.buffer);
        assert!(head.starts_with("HTTP/1.1 200 "), "{head}");
        connection.length = connection.buffer.len();
        connection.buffer.resize(64 * 1024, 0);
        connection
    }

    /// Makes calls, one after the other.
    pub(crate) async fn repeat(&mut self, count: usize) {
        for _ in 0..count {
            self.stream.write_all(&self.request).await.expect("a request");
            let mut rest = self.length;
            while rest > 0 {
                let read = self.stream.read(&mut self.buffer).await.expect("a response");
                assert!((1..=rest).contains(&read), "a response of another length");
                rest -= read;
            }
        }
    }
}

/// Returns `true` if the bytes are a complete response.
pub(crate) fn is_complete(response: &[u8]) -> bool {
    let mut headers = [httparse::EMPTY_HEADER; 64];
    let mut parsed = httparse::Response::new(&mut headers);
    let Ok(httparse::Status::Complete(head)) = parsed.parse(response) else { return false };
    let length = parsed.headers.iter().find(|header| header.name.eq_ignore_ascii_case("content-length"));
    match length.and_then(|header| str::from_utf8(header.value).ok()?.parse::<usize>().ok()) {
        Some(length) => response.len() == head + length,
        None => response.ends_with(LAST_CHUNK),
    }
}
