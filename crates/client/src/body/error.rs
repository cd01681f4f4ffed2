//! Errors of a request body that is read from a file or a reader.

use std::io;
use std::path::PathBuf;

/// The error of a file or a reader that cannot be sent as the body of a request. For a reader, the path is its name.
///
/// `source()` returns `None`, because `Display` already writes the error text of the operating system.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum BodyError {
    /// The file or the reader cannot be opened or read, or the runtime is shutting down.
    #[error("`body`: cannot read {}: {error}", path.display())]
    Unreadable {
        /// Path of the file.
        path: PathBuf,
        /// Error of the operating system, or of the reader.
        error: io::Error,
    },

    /// The path is a directory, a pipe or a device. The client reads the file twice, and only a regular file
    /// can be read twice.
    #[error("`body`: {} is not a regular file; read it, and set `body` to its bytes", path.display())]
    NotRegular {
        /// Path of the file.
        path: PathBuf,
    },

    /// The content has changed since the client hashed it for the signature. The service did not receive a
    /// complete request.
    #[error("`body`: {} changed while it was sent; retry when no program writes to it", path.display())]
    Changed {
        /// Path of the file.
        path: PathBuf,
    },
}
