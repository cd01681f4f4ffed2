//! Regular files of Python as the bodies of requests. The client reads them in parts, so memory does not depend on their
//! size.
//!
//! The client never calls Python code for a part. Python code could fail on another thread, move the position of the file
//! after a call was cancelled, or run while the interpreter exits.

use std::fs::{self, File};
use std::io::{Read, Result as IoResult};
use std::os::unix::fs::FileExt;
use std::path::PathBuf;
use std::sync::Arc;

use invoke_model_client::Body;
use pyo3::prelude::*;
use pyo3::types::PyBytes;

/// The size in bytes up to which a file is read at once.
const SMALL: u64 = 64 * 1024;

/// A regular file, from a position to the end that it had at the start of the call. Each copy has a position of its own.
#[derive(Clone, Debug)]
pub(crate) struct RegularFile {
    file: Arc<File>,
    name: PathBuf,
    position: u64,
    end: u64,
}

impl RegularFile {
    /// Opens the file of a file object again, if the object is a binary file of the module `io`, and the file is a
    /// regular file of more than 64 KiB from its position. Moves the object to the end of the file, as reading it would.
    /// Returns `None` for other objects.
    ///
    /// # Errors
    /// Returns the exception of the object, for example if it is closed.
    pub(crate) fn of_large(value: &Bound<'_, PyAny>) -> PyResult<Option<Self>> {
        let Some(object) = file_object(value)? else { return Ok(None) };
        // Writes buffered bytes to the file.
        object.call_method0("flush")?;
        let path =
            PathBuf::from(format!("/proc/self/fd/{}", object.call_method0("fileno")?.extract::<i32>()?));
        // The type is checked before the file is opened, because opening a pipe waits for its other end.
        if !fs::metadata(&path).is_ok_and(|metadata| metadata.is_file()) {
            return Ok(None);
        }
        let position = object.call_method0("tell")?.extract()?;
        // The process may not be allowed to open the file again.
        let Ok(file) = File::open(path) else { return Ok(None) };
        let Ok(end) = file.metadata().map(|metadata| metadata.len()) else { return Ok(None) };
        if end.saturating_sub(position) <= SMALL {
            return Ok(None);
        }
        object.call_method1("seek", (end,))?;
        // The `name` of a `TemporaryFile` is its file descriptor.
        let name = object.getattr("name").and_then(|name| name.extract());
        let name = name.unwrap_or_else(|_| "the file".into());
        Ok(Some(Self { file: Arc::new(file), name, position, end }))
    }

    /// Returns a body that the client reads once to hash it, and then for each attempt.
    pub(crate) fn into_body(self) -> Body {
        Body::from_reader(self.name.clone(), move || Ok(self.clone()))
    }
}

/// Returns the object if it is a file of the module `io` that is open for reading in binary mode. Returns the file of a
/// `NamedTemporaryFile`. Returns `None` for other objects, and for subclasses, which may change the content.
fn file_object<'py>(value: &Bound<'py, PyAny>) -> PyResult<Option<Bound<'py, PyAny>>> {
    if value.is_instance_of::<PyBytes>() {
        return Ok(None);
    }
    let io = value.py().import("io")?;
    let is =
        |object: &Bound<'py, PyAny>, class: &str| io.getattr(class).map(|class| object.get_type().is(&class));
    let is_temporary = value.get_type().fully_qualified_name()? == "tempfile._TemporaryFileWrapper";
    let object = if is_temporary { value.getattr("file")? } else { value.clone() };
    let is_buffered = is(&object, "BufferedReader")? || is(&object, "BufferedRandom")?;
    let raw = if is_buffered { object.getattr("raw")? } else { object.clone() };
    Ok(if is(&raw, "FileIO")? && object.call_method0("readable")?.is_truthy()? { Some(object) } else { None })
}

impl Read for RegularFile {
    fn read(&mut self, buffer: &mut [u8]) -> IoResult<usize> {
        let remaining = usize::try_from(self.end.saturating_sub(self.position)).unwrap_or(usize::MAX);
        let limit = remaining.min(buffer.len());
        let read = self.file.read_at(&mut buffer[..limit], self.position)?;
        self.position += read as u64;
        Ok(read)
    }
}
