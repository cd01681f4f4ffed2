//! An HTTP body that reads a file while the request is sent.

use std::fs::File;
use std::io::Read;
use std::path::PathBuf;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};
use invoke_model_signing::{PayloadHash, PayloadHasher};

use super::error::BodyError;
use super::io::{CHUNK_SIZE, run_blocking, unreadable};

/// An HTTP body that reads a file in chunks.
///
/// The body returns its last chunk only if the content has the same hash as in the first read. If the content
/// has changed, the body fails, and the request stays incomplete.
pub(crate) struct FileStream {
    file: Arc<File>,
    path: PathBuf,
    /// The read in progress.
    read: Option<ReadFuture>,
    /// The number of bytes that are not read yet.
    remaining: u64,
    hasher: PayloadHasher,
    expected_hash: PayloadHash,
}

type ReadFuture = Pin<Box<dyn Future<Output = Result<Vec<u8>, BodyError>> + Send>>;

impl FileStream {
    pub(super) fn new(file: File, path: PathBuf, length: u64, expected_hash: PayloadHash) -> Self {
        let (file, hasher) = (Arc::new(file), PayloadHasher::new());
        Self { file, path, read: None, remaining: length, hasher, expected_hash }
    }

    fn poll_read(&mut self, cx: &mut Context<'_>) -> Poll<Result<Vec<u8>, BodyError>> {
        let (file, path, wanted) = (&self.file, &self.path, self.remaining.min(CHUNK_SIZE as u64));
        let read = self.read.get_or_insert_with(|| {
            let file = Arc::clone(file);
            Box::pin(run_blocking(path.clone(), move |path| {
                let mut chunk = Vec::with_capacity(CHUNK_SIZE);
                (&*file).take(wanted).read_to_end(&mut chunk).map_err(unreadable(path))?;
                Ok(chunk)
            }))
        });
        let result = ready!(read.as_mut().poll(cx));
        self.read = None;
        Poll::Ready(result)
    }

    /// Hashes a chunk. After the last chunk, compares the hash with the expected hash.
    fn check(&mut self, chunk: &[u8]) -> Result<(), BodyError> {
        self.remaining -= chunk.len() as u64;
        self.hasher.update(chunk);
        if self.remaining == 0 && std::mem::take(&mut self.hasher).finish() != self.expected_hash {
            return Err(BodyError::Changed { path: self.path.clone() });
        }
        Ok(())
    }
}

impl Body for FileStream {
    type Data = Bytes;
    type Error = BodyError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BodyError>>> {
        if self.remaining == 0 {
            return Poll::Ready(None);
        }
        let frame = ready!(self.poll_read(cx)).and_then(|chunk| match chunk.is_empty() {
            // The file has become shorter.
            true => Err(BodyError::Changed { path: self.path.clone() }),
            false => self.check(&chunk).map(|()| Frame::data(chunk.into())),
        });
        Poll::Ready(Some(frame))
    }

    fn is_end_stream(&self) -> bool {
        self.remaining == 0
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.remaining)
    }
}
