//! A body file while it is sent.

use std::fs::File;
use std::io::Read;
use std::path::PathBuf;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use http_body::{Frame, SizeHint};
use invoke_model_signing::{PayloadHash, PayloadHasher};

use super::BodyError;
use super::file::{PIECE, blocking};

/// Reads a file piece by piece. The last piece is given only if the whole has the hash of the first reading, so that a
/// request with another content is never complete.
pub(crate) struct FileStream {
    file: Arc<File>,
    path: PathBuf,
    /// The piece that is on its way.
    reading: Option<Reading>,
    /// Bytes that are still to come.
    remaining: u64,
    hasher: PayloadHasher,
    hash: PayloadHash,
}

type Reading = Pin<Box<dyn Future<Output = Result<Vec<u8>, BodyError>> + Send>>;

impl FileStream {
    pub(super) fn new(file: File, path: PathBuf, length: u64, hash: PayloadHash) -> Self {
        let hasher = PayloadHasher::new();
        Self { file: Arc::new(file), path, reading: None, remaining: length, hasher, hash }
    }

    fn poll_read(&mut self, cx: &mut Context<'_>) -> Poll<Result<Vec<u8>, BodyError>> {
        let (file, path, wanted) = (&self.file, &self.path, self.remaining.min(PIECE as u64));
        let reading = self.reading.get_or_insert_with(|| {
            let file = Arc::clone(file);
            Box::pin(blocking(path.clone(), move |path| {
                let mut piece = Vec::with_capacity(PIECE);
                let read = (&*file).take(wanted).read_to_end(&mut piece);
                read.map_err(|error| BodyError::Unreadable { path: path.to_owned(), error })?;
                Ok(piece)
            }))
        });
        let read = ready!(reading.as_mut().poll(cx));
        self.reading = None;
        Poll::Ready(read)
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
        let read = ready!(self.poll_read(cx)).and_then(|piece| match piece.is_empty() {
            // It ends before its length.
            true => Err(BodyError::Changed { path: self.path.clone() }),
            false => self.check(&piece).map(|()| Frame::data(piece.into())),
        });
        Poll::Ready(Some(read))
    }

    fn is_end_stream(&self) -> bool {
        self.remaining == 0
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.remaining)
    }
}
