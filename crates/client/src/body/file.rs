//! A request body in a file or a reader. The client reads it to hash the content, and again to send it.

use std::io::{BufReader, Read};

use bytes::Bytes;
use invoke_model_families::TokenEstimate;
use invoke_model_signing::PayloadHash;

use super::error::BodyError;
use super::io::{CHUNK_SIZE, hash, run_blocking};
use super::source::BodySource;
use super::stream::FileStream;

/// A body in a file or a reader, with its length and hash.
pub(crate) struct BodyFile {
    source: BodySource,
    length: u64,
    hash: PayloadHash,
}

impl BodyFile {
    /// Opens a file or a reader, and hashes its content. Unsigned requests also need the hash, to detect changes
    /// of the content.
    pub(crate) async fn open(source: BodySource) -> Result<Self, BodyError> {
        run_blocking(source, |source, is_cancelled| {
            let (length, hash) = hash(source, is_cancelled)?;
            Ok(Self { source: source.clone(), length, hash })
        })
        .await
    }

    /// Returns the hash of the content.
    pub(crate) fn hash(&self) -> &PayloadHash {
        &self.hash
    }

    /// Estimates the input and output tokens of a request with this content.
    pub(crate) async fn token_estimate(&self) -> Result<TokenEstimate, BodyError> {
        run_blocking(self.source.clone(), |source, _| {
            let reader = BufReader::with_capacity(CHUNK_SIZE, source.open()?);
            TokenEstimate::from_reader(reader).map_err(|error| source.unreadable(error))
        })
        .await
    }

    /// Returns the content as an HTTP body of known length. The body reads the file while the request is
    /// sent.
    ///
    /// Each attempt opens the file again. The content must still have the same hash.
    pub(crate) async fn stream(&self) -> Result<FileStream, BodyError> {
        let reader = run_blocking(self.source.clone(), |source, _| source.open()).await?;
        Ok(FileStream::new(reader, self.source.clone(), self.length, self.hash.clone()))
    }

    /// Reads all content into memory.
    pub(crate) async fn into_bytes(self) -> Result<Bytes, BodyError> {
        let Self { source, length, hash } = self;
        run_blocking(source, move |source, _| {
            let mut reader = source.open()?;
            let mut content = Vec::with_capacity(usize::try_from(length).unwrap_or_default());
            reader.read_to_end(&mut content).map_err(|error| source.unreadable(error))?;
            if hash != PayloadHash::of(&content) {
                return Err(source.changed());
            }
            Ok(content.into())
        })
        .await
    }
}
