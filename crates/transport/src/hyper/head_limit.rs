//! A limit for the bytes that a server sends before the head of its response is complete.
//!
//! hyper limits the size of one head, and the number of its headers. But a server can send any number of 1xx
//! responses before the final response ([RFC 9110,
//! 15.2](https://www.rfc-editor.org/rfc/rfc9110#section-15.2)), and hyper reads them all.

use std::io::{self, IoSlice};
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::AtomicUsize;
use std::sync::atomic::Ordering::Relaxed;
use std::task::{Context, Poll, ready};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use super::stream::Stream;

/// The maximum number of bytes of all heads of a response. The limit of hyper for one head is smaller.
const MAX_HEADS: usize = 1 << 20;

/// The number of bytes that may still be read before the head of the response is complete. The connection and
/// its stream share this number. The limit has no effect until it is started.
#[derive(Clone, Debug)]
pub(super) struct HeadLimit(Arc<AtomicUsize>);

impl Default for HeadLimit {
    /// Returns a limit without effect.
    fn default() -> Self {
        Self(Arc::new(AtomicUsize::new(usize::MAX)))
    }
}

impl HeadLimit {
    /// Starts to count the bytes that are read.
    pub(super) fn start(&self) {
        self.0.store(MAX_HEADS, Relaxed);
    }

    /// Ends the limit, because the head of the response is complete.
    pub(super) fn end(&self) {
        self.0.store(usize::MAX, Relaxed);
    }
}

/// The error of a response whose head does not end.
#[derive(Debug, thiserror::Error)]
#[error("the server sent more than {MAX_HEADS} bytes without a final status and its headers")]
pub(super) struct EndlessHead;

/// A stream with a [`HeadLimit`].
///
/// The type of the inner stream is a parameter, so that a read or write makes only one dynamic call.
pub(super) struct LimitedStream<S> {
    stream: S,
    limit: HeadLimit,
}

impl<S> LimitedStream<S> {
    pub(super) fn new(stream: S) -> Self {
        Self { stream, limit: HeadLimit::default() }
    }
}

impl<S: AsyncRead + AsyncWrite + Send + Sync + Unpin> Stream for LimitedStream<S> {
    fn head_limit(&self) -> &HeadLimit {
        &self.limit
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for LimitedStream<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let rest = self.limit.0.load(Relaxed);
        if rest == 0 {
            return Poll::Ready(Err(io::Error::new(io::ErrorKind::InvalidData, EndlessHead)));
        }
        let before = buf.filled().len();
        ready!(Pin::new(&mut self.stream).poll_read(cx, buf))?;
        if rest != usize::MAX {
            self.limit.0.store(rest.saturating_sub(buf.filled().len() - before), Relaxed);
        }
        Poll::Ready(Ok(()))
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for LimitedStream<S> {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(cx, buf)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write_vectored(cx, bufs)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }
}
