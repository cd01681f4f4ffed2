//! File operations and hashes on the thread pool for blocking work.

use std::fs::{File, metadata};
use std::io::{Error, ErrorKind, Read, Result as IoResult, Seek};
use std::path::{Path, PathBuf};

use bytes::Bytes;
use invoke_model_signing::{PayloadHash, PayloadHasher};
use tokio::sync::oneshot;
use tokio::task::spawn_blocking;

use super::error::BodyError;

/// The maximum number of bytes that one read returns.
pub(super) const CHUNK_SIZE: usize = 64 << 10;

/// Runs blocking file operations on a separate thread. Therefore these operations do not block the threads
/// that drive sockets.
pub(super) async fn run_blocking<T: Send + 'static>(
    path: PathBuf,
    work: impl FnOnce(&Path) -> Result<T, BodyError> + Send + 'static,
) -> Result<T, BodyError> {
    let name = path.clone();
    let (sender, receiver) = oneshot::channel();
    // `send` fails if the caller has dropped its future. In this case, the result is discarded.
    spawn(Box::new(move || drop(sender.send(work(&path)))));
    receiver.await.unwrap_or_else(|_| {
        let error = Error::other("the reader panicked, or its runtime was shut down");
        Err(BodyError::Unreadable { path: name, error })
    })
}

/// Hashes a body on a separate thread, so that it does not block the other tasks and the timers of this thread.
pub(crate) async fn hash_on_other_thread(body: &Bytes) -> PayloadHash {
    let (sender, receiver) = oneshot::channel();
    let hashed = body.clone();
    spawn(Box::new(move || {
        // The call may have been cancelled while this closure waited for a thread.
        if !sender.is_closed() {
            drop(sender.send(PayloadHash::of(&hashed)));
        }
    }));
    // The thread does not run if the runtime is shut down.
    receiver.await.unwrap_or_else(|_| PayloadHash::of(body))
}

/// Runs `work` on the thread pool. The closure is boxed, so that the compiler generates the code of a task
/// only once, and not for each type of closure.
fn spawn(work: Box<dyn FnOnce() + Send>) {
    spawn_blocking(work);
}

pub(super) fn unreadable(path: &Path) -> impl Fn(Error) -> BodyError + '_ {
    |error| BodyError::Unreadable { path: path.to_owned(), error }
}

pub(super) fn open(path: &Path) -> Result<File, BodyError> {
    File::open(path).map_err(unreadable(path))
}

/// Opens and hashes a regular file. Returns the file, rewound to its start, with its length and hash.
pub(super) fn open_and_hash(path: &Path) -> Result<(File, u64, PayloadHash), BodyError> {
    // Check the file type before opening, because opening a pipe blocks until another process opens the other
    // end.
    if !metadata(path).map_err(unreadable(path))?.is_file() {
        return Err(BodyError::NotRegular { path: path.to_owned() });
    }
    let mut file = open(path)?;
    let (length, hash) = hash_rest(&mut file).map_err(unreadable(path))?;
    file.rewind().map_err(unreadable(path))?;
    Ok((file, length, hash))
}

/// Reads a file from its current position to its end. Returns the number of bytes and their hash.
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
