//! Files of Python as the bodies of requests. They are read in chunks, so memory does not depend on their size.

use std::io::{Error as IoError, Read, Result as IoResult};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use bytes::Bytes;
use http_body::{Frame, SizeHint};
use invoke_model_client::Body;
use pyo3::exceptions::{PyOSError, PyRuntimeError, PyValueError};
use pyo3::prelude::*;
use pyo3::pybacked::PyBackedBytes;
use pyo3::types::PyBytes;

use crate::blob;
use crate::errors::PythonError;

/// The size of the chunks of a file in bytes. A file of this size is read at once.
const CHUNK: u64 = 64 * 1024;

/// A binary file with `seek`, from its position to its end.
#[derive(Clone, Debug)]
pub(crate) struct PythonFile {
    file: Arc<Py<PyAny>>,
    position: u64,
    end: u64,
}

impl PythonFile {
    /// Returns a file that has `seek` and is larger than a chunk. Returns `None` for other objects. Also returns `None` for
    /// a `BytesIO`, which is in memory, so its `read` usually copies nothing.
    ///
    /// # Errors
    /// Returns the exception of the file, for example if it is closed.
    pub(crate) fn of_large(value: &Bound<'_, PyAny>) -> PyResult<Option<Self>> {
        let py = value.py();
        if value.is_instance_of::<PyBytes>() || !value.hasattr("seek")? || !value.hasattr("tell")? {
            return Ok(None);
        }
        if value.get_type().is(&py.import("io")?.getattr("BytesIO")?) {
            return Ok(None);
        }
        if value.hasattr("seekable")? && !value.call_method0("seekable")?.is_truthy()? {
            return Ok(None);
        }
        let (position, end) = match bounds(value) {
            Ok(bounds) => bounds,
            // A pipe, for example.
            Err(error) if error.is_instance_of::<PyOSError>(py) => return Ok(None),
            Err(error) => return Err(error),
        };
        let file = Self { file: Arc::new(value.clone().unbind()), position, end };
        Ok(Some(file).filter(|file| file.remaining() > CHUNK))
    }

    /// Returns the number of bytes to the end.
    fn remaining(&self) -> u64 {
        self.end.saturating_sub(self.position)
    }

    /// Returns a body that the client reads once to hash it, and then for each attempt.
    pub(crate) fn into_body(self) -> Body {
        let name = Python::attach(|py| {
            let name = self.file.bind(py).getattr("name").and_then(|name| name.extract::<String>());
            name.unwrap_or_else(|_| "the file".to_owned())
        });
        Body::from_reader(name, move || {
            // Moves a file that was hashed back to its position.
            run(|py| self.file.bind(py).call_method1("seek", (self.position,)).map(drop))?;
            Ok(self.clone())
        })
    }

    /// Reads up to `limit` bytes at the position, and moves the position. Returns no bytes at the end.
    ///
    /// Each read sets the position of the file, because another call may read the same file.
    fn next(&mut self, py: Python<'_>, limit: u64) -> PyResult<PyBackedBytes> {
        let file = self.file.bind(py);
        file.call_method1("seek", (self.position,))?;
        let content = file.call_method1("read", (limit,))?;
        let content = content.cast_into::<PyBytes>().map_err(|error| blob::not_bytes(&error.into_inner()))?;
        let length = content.as_bytes().len() as u64;
        if length > limit {
            return Err(PyValueError::new_err("`read` of the file returned more bytes than requested"));
        }
        self.position += length;
        Ok(content.into())
    }
}

/// Returns the position and the end of a file, and leaves its position unchanged.
fn bounds(file: &Bound<'_, PyAny>) -> PyResult<(u64, u64)> {
    let position = file.call_method0("tell")?.extract()?;
    file.call_method1("seek", (0, 2))?;
    let end = file.call_method0("tell")?.extract()?;
    file.call_method1("seek", (position,))?;
    Ok((position, end))
}

/// Runs Python code on a thread that does not hold the global interpreter lock.
fn run<T>(code: impl FnOnce(Python<'_>) -> PyResult<T>) -> IoResult<T> {
    let ends = || IoError::other("the interpreter ends");
    let result = Python::try_attach(|py| {
        code(py).map_err(|exception| IoError::other(PythonError::new(py, exception)))
    });
    result.ok_or_else(ends)?
}

impl Read for PythonFile {
    fn read(&mut self, buffer: &mut [u8]) -> IoResult<usize> {
        let content = run(|py| self.next(py, buffer.len() as u64))?;
        buffer[..content.len()].copy_from_slice(&content);
        Ok(content.len())
    }
}

/// The body of a request that botocore has signed. The thread of the caller reads the file.
impl http_body::Body for PythonFile {
    type Data = Bytes;
    type Error = IoError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, IoError>>> {
        let limit = self.remaining().min(CHUNK);
        if limit == 0 {
            return Poll::Ready(None);
        }
        let frame = run(|py| match self.next(py, limit)? {
            content if content.is_empty() => {
                Err(PyRuntimeError::new_err("the file became shorter while it was sent"))
            }
            content => Ok(Frame::data(Bytes::from_owner(content))),
        });
        Poll::Ready(Some(frame))
    }

    fn is_end_stream(&self) -> bool {
        self.remaining() == 0
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.remaining())
    }
}
