//! File operations and hashes on the thread pool for blocking work.

use std::io::{Error, ErrorKind, Read, Result as IoResult};

use bytes::Bytes;
use invoke_model_signing::{PayloadHash, PayloadHasher};
use tokio::sync::oneshot;
use tokio::task::spawn_blocking;

use super::error::BodyError;
use super::source::{BodySource, Reader};

/// The maximum number of bytes that one read returns.
pub(super) const CHUNK_SIZE: usize = 64 << 10;

/// Runs blocking file operations on a separate thread. Therefore these operations do not block the threads
/// that drive sockets.
///
/// The function in the second argument of `work` returns `true` if the caller has dropped its future. In this
/// case, `work` can return any result, because it is discarded.
pub(super) async fn run_blocking<T: Send + 'static>(
    source: BodySource,
    work: impl FnOnce(&BodySource, &dyn Fn() -> bool) -> Result<T, BodyError> + Send + 'static,
) -> Result<T, BodyError> {
    let of_thread = source.clone();
    let (sender, receiver) = oneshot::channel();
    spawn(Box::new(move || {
        // The call may have been cancelled while this closure waited for a thread.
        if !sender.is_closed() {
            let result = work(&of_thread, &|| sender.is_closed());
            drop(sender.send(result));
        }
    }));
    receiver.await.unwrap_or_else(|_| {
        let error = Error::other("the reader panicked, or its runtime was shut down");
        Err(source.unreadable(error))
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

/// Reads a file or a reader. Returns the number of bytes and their hash. Stops if `is_cancelled` returns `true`.
pub(super) fn hash(
    source: &BodySource,
    is_cancelled: &dyn Fn() -> bool,
) -> Result<(u64, PayloadHash), BodyError> {
    let mut reader = source.open()?;
    let (mut hasher, mut length) = (PayloadHasher::new(), 0);
    loop {
        if is_cancelled() {
            return Err(source.unreadable(Error::other("the call was cancelled")));
        }
        let chunk = read_chunk(&mut reader, CHUNK_SIZE).map_err(|error| source.unreadable(error))?;
        hasher.update(&chunk);
        length += chunk.len() as u64;
        if chunk.len() < CHUNK_SIZE {
            return Ok((length, hasher.finish()));
        }
    }
}

/// Reads up to `limit` bytes. Returns fewer bytes only at the end.
///
/// `Read::read_to_end` would request small parts from a reader of unknown length.
pub(super) fn read_chunk(reader: &mut Reader, limit: usize) -> IoResult<Vec<u8>> {
    let (mut chunk, mut filled) = (vec![0; limit], 0);
    while filled < limit {
        match reader.read(&mut chunk[filled..]) {
            Ok(0) => break,
            Ok(read) => filled += read,
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    chunk.truncate(filled);
    Ok(chunk)
}
