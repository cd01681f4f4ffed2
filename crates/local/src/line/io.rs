//! Bytes through a connection.

use std::io::{self, IoSlice};
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::sleep;

use super::{Dripping, MeteredSocket, Socket, State, Writing};

impl<S: Socket> AsyncRead for &MeteredSocket<S> {
    fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let line: &MeteredSocket<S> = self.get_mut();
        let state = &mut *line.lock();
        state.check()?;
        let before = buf.filled().len();
        ready!(Pin::new(&mut state.socket).poll_read(cx, buf))?;
        let mut read = buf.filled().len() - before;
        if read > 0 && std::mem::take(&mut state.is_fresh) {
            state.reading = line.endpoint.script.begun();
        }
        if let Some((left, end)) = &mut state.reading {
            // Who reads a byte too many throws it away, which nobody sees.
            read = read.min(usize::try_from(*left).unwrap_or(usize::MAX));
            buf.set_filled(before + read);
            *left -= read as u64;
            if *left == 0 {
                let end = *end;
                state.end(end);
            }
        }
        line.tally.received(read);
        if read == 0 { Poll::Ready(state.check()) } else { Poll::Ready(Ok(())) }
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
        let line: &MeteredSocket<S> = self.get_mut();
        let state = &mut *line.lock();
        state.check()?;
        if let Some(dripping) = &mut state.writing.drip {
            ready!(dripping.poll(cx));
        }
        let written = if state.writing.is_open() {
            let written = ready!(Pin::new(&mut state.socket).poll_write_vectored(cx, slices))?;
            if let Some(answering) = &state.writing.answering {
                answering.wrote(written);
            }
            written
        } else {
            let next = slices.iter().find(|slice| !slice.is_empty()).map_or(&[][..], |slice| slice);
            let next = &next[..state.writing.room(next)];
            let written = ready!(Pin::new(&mut state.socket).poll_write(cx, next))?;
            if let Some(dripping) = &mut state.writing.drip {
                dripping.pause = Some(Box::pin(sleep(dripping.drip.interval)));
            }
            if let Some(end) = state.writing.wrote(&next[..written]) {
                // hyper offers all that it holds.
                if written == slices.iter().map(|slice| slice.len()).sum::<usize>() {
                    line.wrote_all(state);
                }
                state.end(end);
            }
            written
        };
        line.tally.sent(written);
        Poll::Ready(Ok(written))
    }

    fn is_write_vectored(&self) -> bool {
        self.lock().socket.is_write_vectored()
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let line: &MeteredSocket<S> = self.get_mut();
        let state = &mut *line.lock();
        state.check()?;
        ready!(Pin::new(&mut state.socket).poll_flush(cx))?;
        if line.wrote_all(state) {
            let Writing { cut, .. } = std::mem::take(&mut state.writing);
            if let Some(cut) = cut {
                state.end(cut.end);
            }
            state.is_fresh = true;
            state.otherwise = None;
        }
        Poll::Ready(state.check())
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let state = &mut *self.get_mut().lock();
        if state.end.is_some() {
            return Poll::Ready(Ok(()));
        }
        Pin::new(&mut state.socket).poll_shutdown(cx)
    }
}

impl<S> MeteredSocket<S> {
    /// All of an answer that was made has left. Whether it is all there is, so that the answer is whole.
    fn wrote_all(&self, state: &State<S>) -> bool {
        let whole = state.writing.answering.as_ref().filter(|answering| answering.is_made());
        if let Some(answering) = whole {
            answering.whole();
            self.tally.answered();
        }
        whole.is_some()
    }
}

impl<S> State<S> {
    /// An error once the connection has ended.
    fn check(&self) -> io::Result<()> {
        match self.end {
            Some(_) => Err(io::Error::other("the connection breaks here, as was asked for")),
            None => Ok(()),
        }
    }
}

impl Dripping {
    /// Waits for the next drop.
    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        if let Some(pause) = &mut self.pause {
            ready!(pause.as_mut().poll(cx));
            self.pause = None;
        }
        Poll::Ready(())
    }
}
