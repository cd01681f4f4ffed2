//! One connection: requests in, answers out.

use std::io;

use bytes::{Buf, BytesMut};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::time::sleep;

use crate::answer::{Answer, Answers};

/// Bytes both ways, encrypted or not.
pub(crate) trait Stream: AsyncRead + AsyncWrite + Unpin {}

impl<S: AsyncRead + AsyncWrite + Unpin> Stream for S {}

/// What is kept of a request.
struct Request {
    target: String,
    /// Of its head.
    length: usize,
    /// Of its body.
    body: usize,
}

pub(crate) async fn serve(mut stream: impl Stream, answers: &Answers) -> io::Result<()> {
    let mut buffer = BytesMut::with_capacity(64 * 1024);
    while let Some(request) = head(&mut stream, &mut buffer).await? {
        buffer.advance(request.length);
        discard(&mut stream, &mut buffer, request.body).await?;
        match answers.of(&request.target) {
            Answer::Whole(answer, pause) => {
                if !pause.is_zero() {
                    sleep(pause).await;
                }
                stream.write_all(&answer).await?;
            }
            Answer::Held(barrier, answer) => {
                barrier.wait().await;
                stream.write_all(&answer).await?;
            }
            Answer::Events { head, event, count } => {
                stream.write_all(&head).await?;
                for _ in 0..count {
                    stream.write_all(&event).await?;
                }
                stream.write_all(b"0\r\n\r\n").await?;
            }
        }
        stream.flush().await?;
    }
    Ok(())
}

/// Reads until the head of a request is in the buffer; `None` at the end of the connection.
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
    let mut fields = [httparse::EMPTY_HEADER; 64];
    let mut request = httparse::Request::new(&mut fields);
    let httparse::Status::Complete(length) = request.parse(buffer).map_err(io::Error::other)? else {
        return Ok(None);
    };
    let body = request.headers.iter().find(|field| field.name.eq_ignore_ascii_case("content-length"));
    let body = body.and_then(|field| str::from_utf8(field.value).ok()?.parse().ok());
    let body = body.ok_or_else(|| io::Error::other("a request without Content-Length"))?;
    Ok(Some(Request { target: request.path.unwrap_or_default().to_owned(), length, body }))
}

/// Reads the body, and keeps nothing of it.
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
