//! A body file: opened once, read twice.

use std::io::{self, Read, Seek};
use std::path::{Path, PathBuf};

use bytes::Bytes;
use invoke_model_signing::{PayloadHash, PayloadHasher};
use tokio::sync::oneshot;
use tokio::task::spawn_blocking;

use super::BodyError;
use super::stream::FileStream;
use crate::TokenEstimate;

/// What is read at once, in bytes.
pub(super) const PIECE: usize = 64 << 10;

/// An open file that stands at its beginning.
pub(crate) struct File {
    path: PathBuf,
    /// Until it is read.
    file: Option<std::fs::File>,
    length: u64,
    hash: PayloadHash,
}

impl File {
    /// Opens a file and takes its hash. A request without a signature has it checked too.
    pub(crate) async fn open(path: PathBuf) -> Result<Self, BodyError> {
        blocking(path, move |path| {
            let unreadable = |error| BodyError::Unreadable { path: path.to_owned(), error };
            // Before it is opened: to open a pipe waits for its other end.
            let is_regular = std::fs::metadata(path).map_err(unreadable)?.is_file();
            if !is_regular {
                return Err(BodyError::NotRegular { path: path.to_owned() });
            }
            let mut file = std::fs::File::open(path).map_err(unreadable)?;
            let (length, hash) = hash_of(&mut file).map_err(unreadable)?;
            file.rewind().map_err(unreadable)?;
            Ok(Self { path: path.to_owned(), file: Some(file), length, hash })
        })
        .await
    }

    /// The hash of the content.
    pub(crate) fn hash(&self) -> &PayloadHash {
        &self.hash
    }

    /// What the content asks of the service's quotas.
    pub(crate) async fn demand(&self) -> Result<TokenEstimate, BodyError> {
        blocking(self.path.clone(), |path| {
            let unreadable = |error| BodyError::Unreadable { path: path.to_owned(), error };
            TokenEstimate::of_reader(io::BufReader::new(open(path)?)).map_err(unreadable)
        })
        .await
    }

    /// The content as a body of known length that is read while it is sent. For another attempt the file is opened
    /// again; what is in it must still be what the hash was taken of.
    pub(crate) async fn stream(&mut self) -> Result<FileStream, BodyError> {
        let file = match self.file.take() {
            Some(file) => file,
            None => blocking(self.path.clone(), open).await?,
        };
        Ok(FileStream::new(file, self.path.clone(), self.length, self.hash.clone()))
    }

    /// The whole content in memory.
    pub(crate) async fn into_bytes(self) -> Result<Bytes, BodyError> {
        let Self { path, file, length, hash } = self;
        blocking(path, move |path| {
            let mut file = file.map_or_else(|| open(path), Ok)?;
            let mut content = Vec::with_capacity(usize::try_from(length).unwrap_or_default());
            file.read_to_end(&mut content)
                .map_err(|error| BodyError::Unreadable { path: path.to_owned(), error })?;
            if hash != PayloadHash::of(&content) {
                return Err(BodyError::Changed { path: path.to_owned() });
            }
            Ok(content.into())
        })
        .await
    }
}

fn open(path: &Path) -> Result<std::fs::File, BodyError> {
    std::fs::File::open(path).map_err(|error| BodyError::Unreadable { path: path.to_owned(), error })
}

/// The length and hash of what is left of a file.
fn hash_of(file: &mut std::fs::File) -> io::Result<(u64, PayloadHash)> {
    let mut hasher = PayloadHasher::new();
    let mut piece = vec![0; PIECE];
    let mut length = 0;
    loop {
        match file.read(&mut piece) {
            Ok(0) => return Ok((length, hasher.finish())),
            Ok(read) => {
                hasher.update(&piece[..read]);
                length += read as u64;
            }
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
}

/// Runs what waits for a disk away from the threads that drive sockets.
pub(super) async fn blocking<T: Send + 'static>(
    path: PathBuf,
    work: impl FnOnce(&Path) -> Result<T, BodyError> + Send + 'static,
) -> Result<T, BodyError> {
    let name = path.clone();
    let (sender, done) = oneshot::channel();
    // Who waits may be gone.
    spawn(Box::new(move || drop(sender.send(work(&path)))));
    done.await.unwrap_or_else(|_| {
        let error = io::Error::other("its reader panicked, or the runtime that it ran in has ended");
        Err(BodyError::Unreadable { path: name, error })
    })
}

/// Of one type, whatever the work is: the code of a task is compiled for each type of its work.
fn spawn(work: Box<dyn FnOnce() + Send>) {
    spawn_blocking(work);
}
