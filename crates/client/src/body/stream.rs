//! A body file while it is sent.

use std::path::PathBuf;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use http_body::{Frame, SizeHint};
use invoke_model_signing::{PayloadHash, PayloadHasher};
use tokio::io::{AsyncRead, ReadBuf};

use super::BodyError;
use super::file::PIECE;

/// Reads a file piece by piece. The last piece is given only if the whole has the hash of the first reading, so that a
/// request with another content is never complete.
pub(crate) struct FileStream {
    file: tokio::fs::File,
    path: PathBuf,
    /// Bytes that are still to come.
    remaining: u64,
    hasher: PayloadHasher,
    hash: PayloadHash,
}

impl FileStream {
    pub(super) fn new(file: tokio::fs::File, path: PathBuf, length: u64, hash: PayloadHash) -> Self {
        Self { file, path, remaining: length, hasher: PayloadHasher::new(), hash }
    }

    /// Takes note of a piece; the last one must make the file what it was.
    fn check(&mut self, piece: &[u8]) -> Result<(), BodyError> {
        self.remaining -= piece.len() as u64;
        self.hasher.update(piece);
        if self.remaining == 0 && std::mem::take(&mut self.hasher).finish() != self.hash {
            return Err(BodyError::Changed { path: self.path.clone() });
        }
        Ok(())
    }
}

impl http_body::Body for FileStream {
    type Data = Bytes;
    type Error = BodyError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BodyError>>> {
        if self.remaining == 0 {
            return Poll::Ready(None);
        }
        let wanted = usize::try_from(self.remaining).map_or(PIECE, |remaining| remaining.min(PIECE));
        let mut piece = vec![0; wanted];
        let mut buffer = ReadBuf::new(&mut piece);
        let read =
            ready!(Pin::new(&mut self.file).poll_read(cx, &mut buffer)).map(|()| buffer.filled().len());
        Poll::Ready(Some(match read {
            Err(error) => Err(BodyError::Unreadable { path: self.path.clone(), error }),
            // It ends before its length.
            Ok(0) => Err(BodyError::Changed { path: self.path.clone() }),
            Ok(read) => {
                piece.truncate(read);
                self.check(&piece).map(|()| Frame::data(piece.into()))
            }
        }))
    }

    fn is_end_stream(&self) -> bool {
        self.remaining == 0
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.remaining)
    }
}
