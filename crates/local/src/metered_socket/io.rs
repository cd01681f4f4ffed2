//! `AsyncRead` and `AsyncWrite` of a metered socket.

use std::io::{self, IoSlice};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::sleep;

use super::{Dripping, MeteredSocket, Socket, State, Writing};

/// A metered socket as hyper uses it.
pub(crate) struct SocketIo<S>(pub(crate) Arc<MeteredSocket<S>>);

impl<S: Socket> AsyncRead for SocketIo<S> {
    fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut &*self.0).poll_read(cx, buf)
    }
}

impl<S: Socket> AsyncWrite for SocketIo<S> {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut &*self.0).poll_write(cx, bytes)
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut &*self.0).poll_write_vectored(cx, slices)
    }

    fn is_write_vectored(&self) -> bool {
        (&*self.0).is_write_vectored()
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut &*self.0).poll_flush(cx)
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut &*self.0).poll_shutdown(cx)
    }
}

impl<S: Socket> AsyncRead for &MeteredSocket<S> {
    fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let metered: &MeteredSocket<S> = self.get_mut();
        let state = &mut *metered.lock();
        state.check_open()?;
        let before = buf.filled().len();
        ready!(Pin::new(open(&mut state.socket)?).poll_read(cx, buf))?;
        let mut read = buf.filled().len() - before;
        if read > 0 && std::mem::take(&mut state.awaits_request) {
            metered.activity.receive();
            state.read_fault = metered.endpoint.fault_rules.next_request_fault();
        }
        if let Some((remaining, end)) = &mut state.read_fault {
            // Discards the bytes that were read beyond the limit. The client cannot detect that the endpoint
            // has read them.
            read = read.min(usize::try_from(*remaining).unwrap_or(usize::MAX));
            buf.set_filled(before + read);
            *remaining -= read as u64;
            if *remaining == 0 {
                let end = *end;
                state.end(end);
            }
        }
        metered.counter.add_received(read);
        if read == 0 { Poll::Ready(state.check_open()) } else { Poll::Ready(Ok(())) }
    }
}

impl<S: Socket> AsyncWrite for &MeteredSocket<S> {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        self.poll_write_vectored(cx, &[IoSlice::new(bytes)])
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let metered: &MeteredSocket<S> = self.get_mut();
        let state = &mut *metered.lock();
        state.check_open()?;
        if let Some(dripping) = &mut state.writing.drip {
            ready!(dripping.poll(cx));
        }
        let written = if state.writing.is_unrestricted() {
            let written = ready!(Pin::new(open(&mut state.socket)?).poll_write_vectored(cx, slices))?;
            if let Some(delivery) = &state.writing.delivery {
                delivery.add_sent(written);
            }
            written
        } else {
            let next = slices.iter().find(|slice| !slice.is_empty()).map_or(&[][..], |slice| slice);
            let next = &next[..state.writing.allowed(next)];
            let written = ready!(Pin::new(open(&mut state.socket)?).poll_write(cx, next))?;
            if let Some(dripping) = &mut state.writing.drip {
                dripping.pause = Some(Box::pin(sleep(dripping.drip.interval)));
            }
            if let Some(end) = state.writing.record(&next[..written]) {
                // The slices contain all bytes that hyper has buffered. If all these bytes were written, the
                // response may be complete.
                if written == slices.iter().map(|slice| slice.len()).sum::<usize>() {
                    metered.finish_if_generated(state);
                }
                state.end(end);
            }
            written
        };
        metered.counter.add_sent(written);
        Poll::Ready(Ok(written))
    }

    fn is_write_vectored(&self) -> bool {
        self.lock().socket.as_ref().is_some_and(AsyncWrite::is_write_vectored)
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let metered: &MeteredSocket<S> = self.get_mut();
        let state = &mut *metered.lock();
        state.check_open()?;
        ready!(Pin::new(open(&mut state.socket)?).poll_flush(cx))?;
        if metered.finish_if_generated(state) {
            let Writing { cutoff, .. } = std::mem::take(&mut state.writing);
            if let Some(cutoff) = cutoff {
                state.end(cutoff.end);
            }
            state.awaits_request = true;
            state.end_on_close = None;
        }
        Poll::Ready(state.check_open())
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let state = &mut *self.get_mut().lock();
        if state.end.is_some() {
            return Poll::Ready(Ok(()));
        }
        Pin::new(open(&mut state.socket)?).poll_shutdown(cx)
    }
}

impl<S> MeteredSocket<S> {
    /// Records that the response is complete, if its last byte was generated. The caller must have written
    /// all bytes that were generated so far. Returns `true` if the response is complete.
    fn finish_if_generated(&self, state: &State<S>) -> bool {
        let complete = state.writing.delivery.as_ref().filter(|delivery| delivery.is_generated());
        if let Some(delivery) = complete {
            delivery.complete(&self.counter);
        }
        complete.is_some()
    }
}

/// Returns the socket, or an error if the connection has ended.
fn open<S>(socket: &mut Option<S>) -> io::Result<&mut S> {
    socket.as_mut().ok_or_else(|| io::ErrorKind::NotConnected.into())
}

impl<S> State<S> {
    /// Returns an error if a fault has ended the connection.
    fn check_open(&self) -> io::Result<()> {
        match self.end {
            Some(_) => Err(io::Error::other("injected fault: the connection ends")),
            None => Ok(()),
        }
    }
}

impl Dripping {
    /// Waits until the next write is allowed.
    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        if let Some(pause) = &mut self.pause {
            ready!(pause.as_mut().poll(cx));
            self.pause = None;
        }
        Poll::Ready(())
    }
}
