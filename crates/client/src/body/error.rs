//! Why a file cannot be the body of a call.

use std::io;
use std::path::PathBuf;

/// A body file that cannot be sent.
///
/// It holds no `source`: its line already has the words of the operating system.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum BodyError {
    /// It is missing, or may not be read.
    #[error("the file of `body`, {}, cannot be read: {error}", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// What the operating system says.
        error: io::Error,
    },

    /// It is a directory, a pipe or a device, which cannot be read twice.
    #[error("the file of `body`, {}, is not a regular file: give one, or give `body` its bytes", path.display())]
    NotRegular {
        /// The file.
        path: PathBuf,
    },

    /// It is not what it was when its hash was taken. The request was not completed.
    #[error("the file of `body`, {}, changed while it was sent: send it again when nobody writes to it", path.display())]
    Changed {
        /// The file.
        path: PathBuf,
    },
}
