//! What a call sends: bytes, or a file.

mod error;
mod file;
mod stream;

use std::fmt;
use std::path::PathBuf;

use bytes::Bytes;

pub use error::BodyError;
pub(crate) use file::File;

/// The payload of a call: anything that is `Into<Bytes>` (a `String`, a `Vec<u8>`, static text), or a file.
///
/// `Debug` shows no content.
#[derive(Clone)]
pub struct Body(pub(crate) Content);

#[derive(Clone)]
pub(crate) enum Content {
    Bytes(Bytes),
    Path(PathBuf),
}

impl Body {
    /// The content of a file, in constant memory however long it is: read once for the hash that the signature
    /// needs, and once more while it is sent.
    ///
    /// The file is opened when the call is sent. A call whose file is missing, is no regular file, or changes
    /// between the two readings ends with a [`BodyError`] that names it.
    pub fn from_path(path: impl Into<PathBuf>) -> Self {
        Self(Content::Path(path.into()))
    }
}

impl<T: Into<Bytes>> From<T> for Body {
    fn from(bytes: T) -> Self {
        Self(Content::Bytes(bytes.into()))
    }
}

impl fmt::Debug for Body {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Content::Bytes(bytes) => f.debug_struct("Body").field("length", &bytes.len()).finish(),
            Content::Path(path) => f.debug_struct("Body").field("path", path).finish(),
        }
    }
}
