//! A request body in a file. The client reads the file to hash the content, and again to send it.

use std::fs::File;
use std::io::{BufReader, Read};
use std::path::PathBuf;

use bytes::Bytes;
use invoke_model_families::TokenEstimate;
use invoke_model_signing::PayloadHash;

use super::error::BodyError;
use super::io::{open, open_and_hash, run_blocking, unreadable};
use super::stream::FileStream;

/// A body file with its length and hash.
pub(crate) struct BodyFile {
    path: PathBuf,
    /// The open file, positioned at its start. `None` after the first attempt has taken the file.
    file: Option<File>,
    length: u64,
    hash: PayloadHash,
}

impl BodyFile {
    /// Opens a file and hashes its content. Unsigned requests also need the hash, to detect changes of the
    /// file.
    pub(crate) async fn open(path: PathBuf) -> Result<Self, BodyError> {
        run_blocking(path, |path| {
            let (file, length, hash) = open_and_hash(path)?;
            Ok(Self { path: path.to_owned(), file: Some(file), length, hash })
        })
        .await
    }

    /// Returns the hash of the content.
    pub(crate) fn hash(&self) -> &PayloadHash {
        &self.hash
    }

    /// Estimates the input and output tokens of a request with this content.
    pub(crate) async fn token_estimate(&self) -> Result<TokenEstimate, BodyError> {
        run_blocking(self.path.clone(), |path| {
            TokenEstimate::from_reader(BufReader::new(open(path)?)).map_err(unreadable(path))
        })
        .await
    }

    /// Returns the content as an HTTP body of known length. The body reads the file while the request is
    /// sent.
    ///
    /// Each retry opens the file again. The content must still have the same hash.
    pub(crate) async fn stream(&mut self) -> Result<FileStream, BodyError> {
        let file = match self.file.take() {
            Some(file) => file,
            None => run_blocking(self.path.clone(), open).await?,
        };
        Ok(FileStream::new(file, self.path.clone(), self.length, self.hash.clone()))
    }

    /// Reads all content into memory.
    pub(crate) async fn into_bytes(self) -> Result<Bytes, BodyError> {
        let Self { path, file, length, hash } = self;
        run_blocking(path, move |path| {
            let mut file = file.map_or_else(|| open(path), Ok)?;
            let mut content = Vec::with_capacity(usize::try_from(length).unwrap_or_default());
            file.read_to_end(&mut content).map_err(unreadable(path))?;
            if hash != PayloadHash::of(&content) {
                return Err(BodyError::Changed { path: path.to_owned() });
            }
            Ok(content.into())
        })
        .await
    }
}
