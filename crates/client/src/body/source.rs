//! The source of a body that the client reads several times.

use std::fmt;
use std::fs::{File, metadata};
use std::io::{Error, Read, Result as IoResult};
use std::path::PathBuf;
use std::sync::Arc;

use super::error::BodyError;

/// A file, or a reader that can be opened several times.
#[derive(Clone)]
pub(crate) struct BodySource {
    /// The path of the file, or the name of the reader.
    path: PathBuf,
    /// Opens the reader. `None` for a file.
    open: Option<Arc<OpenReader>>,
}

/// The content of a body, from its start.
pub(super) type Reader = Box<dyn Read + Send>;

type OpenReader = dyn Fn() -> IoResult<Reader> + Send + Sync;

impl BodySource {
    pub(super) fn file(path: PathBuf) -> Self {
        Self { path, open: None }
    }

    pub(super) fn reader(name: PathBuf, open: impl Fn() -> IoResult<Reader> + Send + Sync + 'static) -> Self {
        Self { path: name, open: Some(Arc::new(open)) }
    }

    /// Opens a reader, or a regular file.
    pub(super) fn open(&self) -> Result<Reader, BodyError> {
        if let Some(open) = &self.open {
            return open().map_err(|error| self.unreadable(error));
        }
        // Check the file type before opening, because opening a pipe blocks until another process opens the other
        // end.
        if !metadata(&self.path).map_err(|error| self.unreadable(error))?.is_file() {
            return Err(BodyError::NotRegular { path: self.path.clone() });
        }
        let file = File::open(&self.path).map_err(|error| self.unreadable(error))?;
        Ok(Box::new(file))
    }

    pub(super) fn unreadable(&self, error: Error) -> BodyError {
        BodyError::Unreadable { path: self.path.clone(), error }
    }

    pub(super) fn changed(&self) -> BodyError {
        BodyError::Changed { path: self.path.clone() }
    }
}

impl fmt::Debug for BodySource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.path.fmt(f)
    }
}
