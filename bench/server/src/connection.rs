//! Serves one connection.

use std::io;
use std::time::Duration;

use bench_workload::timed_part;
use bytes::{Buf, BytesMut};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::time::sleep;

use crate::event;
use crate::response::{GROUP, Response, Responses};

/// End of a body that consists of chunks.
const LAST_CHUNK: &[u8] = b"0\r\n\r\n";

/// Number of bytes of a body that the server writes together with the head.
const FIRST: usize = 64 * 1024;

/// Pause before each event of a paced stream.
const PACE: Duration = Duration::from_millis(1);

/// A connection with or without TLS.
pub(crate) trait Stream: AsyncRead + AsyncWrite + Unpin {}

impl<S: AsyncRead + AsyncWrite + Unpin> Stream for S {}

/// The parts of a request that the server needs.
struct Request {
    target: String,
    /// Length of the request line and headers, in bytes.
    length: usize,
    /// Length of the body, in bytes.
    body: usize,
}

pub(crate) async fn serve(mut stream: impl Stream, responses: &Responses) -> io::Result<()> {
    let mut buffer = BytesMut::with_capacity(64 * 1024);
    while let Some(request) = head(&mut stream, &mut buffer).await? {
        buffer.advance(request.length);
        discard(&mut stream, &mut buffer, request.body).await?;
        match responses.of(&request.target) {
            Response::Whole(response, pause) => {
                if !pause.is_zero() {
                    sleep(pause).await;
                }
                stream.write_all(&response).await?;
            }
            Response::Held(barrier, response) => {
                barrier.wait().await;
                stream.write_all(&response).await?;
            }
            Response::Sized { mut head, large, length } => {
                // Writes a small response at once, like the responses of the other models.
                let body = &large[large.len() - length..];
                let (first, rest) = body.split_at(length.min(FIRST));
                head.extend_from_slice(first);
                stream.write_all(&head).await?;
                stream.write_all(rest).await?;
            }
            Response::Events { head, group, count } => {
                stream.write_all(&head).await?;
                for _ in 0..count / GROUP {
                    stream.write_all(&group).await?;
                }
                let rest = group.len() / GROUP * (count % GROUP);
                stream.write_all(&group[..rest]).await?;
                stream.write_all(LAST_CHUNK).await?;
            }
            Response::Paced { head, count } => {
                stream.write_all(&head).await?;
                for _ in 0..count {
                    sleep(PACE).await;
                    stream.write_all(&event::chunk(&event::frame_of(&timed_part()))).await?;
                }
                stream.write_all(LAST_CHUNK).await?;
            }
        }
        stream.flush().await?;
    }
    Ok(())
}

/// Reads until the buffer contains the headers of a request. Returns `None` at the end of the connection.
async fn head(stream: &mut impl Stream, buffer: &mut BytesMut) -> io::Result<Option<Request>> {
    loop {
        if let Some(request) = parse(buffer)? {
            return Ok(Some(request));
        }
        if stream.read_buf(buffer).await? == 0 {
            return Ok(None);
        }
    }
}

fn parse(buffer: &[u8]) -> io::Result<Option<Request>> {
    let mut headers = [httparse::EMPTY_HEADER; 64];
    let mut request = httparse::Request::new(&mut headers);
    let httparse::Status::Complete(length) = request.parse(buffer).map_err(io::Error::other)? else {
        return Ok(None);
    };
    let body = request.headers.iter().find(|header| header.name.eq_ignore_ascii_case("content-length"));
    let body = body.and_then(|header| str::from_utf8(header.value).ok()?.parse().ok());
    let body = body.ok_or_else(|| io::Error::other("the request has no Content-Length"))?;
    Ok(Some(Request { target: request.path.unwrap_or_default().to_owned(), length, body }))
}

/// Reads and discards the body.
async fn discard(stream: &mut impl Stream, buffer: &mut BytesMut, body: usize) -> io::Result<()> {
    let mut rest = body;
    loop {
        let here = rest.min(buffer.len());
        buffer.advance(here);
        rest -= here;
        if rest == 0 {
            return Ok(());
        }
        buffer.reserve(64 * 1024);
        if stream.read_buf(buffer).await? == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
    }
}
