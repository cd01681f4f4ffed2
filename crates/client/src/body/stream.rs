//! An HTTP body that reads a file or a reader while the request is sent.

use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};
use invoke_model_signing::{PayloadHash, PayloadHasher};

use super::error::BodyError;
use super::io::{CHUNK_SIZE, read_chunk, run_blocking};
use super::source::{BodySource, Reader};

/// An HTTP body that reads a file or a reader in chunks.
///
/// The body returns its last chunk only if the content has the same hash as in the first read. If the content
/// has changed, the body fails, and the request stays incomplete.
pub(crate) struct FileStream {
    /// `None` during a read.
    reader: Option<Reader>,
    source: BodySource,
    /// The read in progress.
    read: Option<ReadFuture>,
    /// The number of bytes that are not read yet.
    remaining: u64,
    hasher: PayloadHasher,
    expected_hash: PayloadHash,
}

type ReadFuture = Pin<Box<dyn Future<Output = Result<(Reader, Vec<u8>), BodyError>> + Send>>;

impl FileStream {
    pub(super) fn new(reader: Reader, source: BodySource, length: u64, expected_hash: PayloadHash) -> Self {
        let (reader, hasher) = (Some(reader), PayloadHasher::new());
        Self { reader, source, read: None, remaining: length, hasher, expected_hash }
    }

    fn poll_read(&mut self, cx: &mut Context<'_>) -> Poll<Result<Vec<u8>, BodyError>> {
        if let Some(mut reader) = self.reader.take() {
            let wanted = self.remaining.min(CHUNK_SIZE as u64) as usize;
            self.read = Some(Box::pin(run_blocking(self.source.clone(), move |source, _| {
                let chunk = read_chunk(&mut reader, wanted).map_err(|error| source.unreadable(error))?;
                Ok((reader, chunk))
            })));
        }
        // Neither a read nor a reader is left after a failed read.
        let Some(read) = &mut self.read else { return Poll::Ready(Ok(Vec::new())) };
        let result = ready!(read.as_mut().poll(cx));
        self.read = None;
        Poll::Ready(result.map(|(reader, chunk)| {
            self.reader = Some(reader);
            chunk
        }))
    }

    /// Hashes a chunk. After the last chunk, compares the hash with the expected hash.
    fn check(&mut self, chunk: &[u8]) -> Result<(), BodyError> {
        self.remaining -= chunk.len() as u64;
        self.hasher.update(chunk);
        if self.remaining == 0 && std::mem::take(&mut self.hasher).finish() != self.expected_hash {
            return Err(self.source.changed());
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
            true => Err(self.source.changed()),
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
