//! File operations on the thread pool for blocking work.

use std::fs::{File, metadata};
use std::io::{Error, ErrorKind, Read, Result as IoResult, Seek};
use std::path::{Path, PathBuf};

use invoke_model_signing::{PayloadHash, PayloadHasher};
use tokio::sync::oneshot;
use tokio::task::spawn_blocking;

use super::error::BodyError;

/// Bytes that one read returns at most.
pub(super) const CHUNK_SIZE: usize = 64 << 10;

/// Runs blocking file operations on a separate thread, so that they do not block the threads that drive
/// sockets.
pub(super) async fn run_blocking<T: Send + 'static>(
    path: PathBuf,
    work: impl FnOnce(&Path) -> Result<T, BodyError> + Send + 'static,
) -> Result<T, BodyError> {
    let name = path.clone();
    let (sender, receiver) = oneshot::channel();
    // Sending fails if the caller was dropped meanwhile.
    spawn(Box::new(move || drop(sender.send(work(&path)))));
    receiver.await.unwrap_or_else(|_| {
        let error = Error::other("the reader panicked, or its runtime was shut down");
        Err(BodyError::Unreadable { path: name, error })
    })
}

/// Boxed, because the code of a task is compiled again for each type of work.
fn spawn(work: Box<dyn FnOnce() + Send>) {
    spawn_blocking(work);
}

pub(super) fn unreadable(path: &Path) -> impl Fn(Error) -> BodyError + '_ {
    |error| BodyError::Unreadable { path: path.to_owned(), error }
}

pub(super) fn open(path: &Path) -> Result<File, BodyError> {
    File::open(path).map_err(unreadable(path))
}

/// Opens a regular file, and returns its length and hash with it. The file is rewound to its start.
pub(super) fn open_and_hash(path: &Path) -> Result<(File, u64, PayloadHash), BodyError> {
    // Check before opening: opening a pipe blocks until its other end is opened.
    if !metadata(path).map_err(unreadable(path))?.is_file() {
        return Err(BodyError::NotRegular { path: path.to_owned() });
    }
    let mut file = open(path)?;
    let (length, hash) = hash_rest(&mut file).map_err(unreadable(path))?;
    file.rewind().map_err(unreadable(path))?;
    Ok((file, length, hash))
}

/// Returns the length and the hash of the rest of a file.
fn hash_rest(file: &mut File) -> IoResult<(u64, PayloadHash)> {
    let mut hasher = PayloadHasher::new();
    let mut chunk = vec![0; CHUNK_SIZE];
    let mut length = 0;
    loop {
        match file.read(&mut chunk) {
            Ok(0) => return Ok((length, hasher.finish())),
            Ok(read) => {
                hasher.update(&chunk[..read]);
                length += read as u64;
            }
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
}
