//! Reads blobs from Python objects.

use bytes::Bytes;
use pyo3::buffer::PyBuffer;
use pyo3::exceptions::{PyNotImplementedError, PyTypeError, PyValueError};
use pyo3::prelude::*;
use pyo3::pybacked::PyBackedBytes;
use pyo3::types::{PyByteArray, PyBytes, PyMemoryView, PyString};

use crate::file::RegularFile;

/// The objects that are blobs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Blobs {
    /// `bytes`, text, other buffers and files.
    All,
    /// As `All`. Returns no bytes instead of reading a file, because a file can be read only once.
    WithoutReading,
    /// `bytes`, text and `bytearray`. Other objects raise a `NotImplementedError`, and then botocore makes the call.
    InMemory,
}

/// The payload of an input.
#[derive(Debug)]
pub(crate) enum Payload {
    Bytes(Bytes),
    File(RegularFile),
}

/// Returns the payload of an input, or `None` if the object is not a blob. Does not read a large regular file.
///
/// # Errors
/// Returns the errors of [`read`].
pub(crate) fn payload(value: &Bound<'_, PyAny>, blobs: Blobs) -> PyResult<Option<Payload>> {
    if blobs == Blobs::All {
        if let Some(file) = RegularFile::of_large(value)? {
            return Ok(Some(Payload::File(file)));
        }
    }
    Ok(read(value, blobs)?.map(Payload::Bytes))
}

/// Returns the bytes of a blob, or `None` if the object is not a blob.
///
/// Copies neither `bytes` nor a contiguous `memoryview` of `bytes`, because `bytes` never change. Copies other buffers.
/// Reads a file from its position to its end.
///
/// # Errors
/// Returns the exception of `read`. Also returns an exception if a file is open in text mode, or is at its end.
pub(crate) fn read(value: &Bound<'_, PyAny>, blobs: Blobs) -> PyResult<Option<Bytes>> {
    if let Ok(bytes) = value.cast::<PyBytes>() {
        return Ok(Some(Bytes::from_owner(PyBackedBytes::from(bytes.clone()))));
    }
    if let Ok(text) = value.cast::<PyString>() {
        return Ok(Some(Bytes::copy_from_slice(text.to_str()?.as_bytes())));
    }
    if blobs == Blobs::InMemory && !value.is_instance_of::<PyByteArray>() {
        return Err(PyNotImplementedError::new_err("a blob that is neither bytes nor text"));
    }
    if let Some(part) = part_of_bytes(value)? {
        return Ok(Some(part));
    }
    if let Ok(buffer) = PyBuffer::<u8>::get(value) {
        return Ok(Some(buffer.to_vec(value.py())?.into()));
    }
    if !value.hasattr("read")? {
        return Ok(None);
    }
    if blobs == Blobs::WithoutReading {
        return Ok(Some(Bytes::new()));
    }
    let content = value.call_method0("read")?;
    let Ok(content) = content.cast::<PyBytes>() else {
        return Err(match content.is_instance_of::<PyString>() {
            true => PyTypeError::new_err("the file is open in text mode: open it in binary mode (\"rb\")"),
            false => PyTypeError::new_err("`read` of the file did not return bytes"),
        });
    };
    if content.as_bytes().is_empty() && is_exhausted(value) {
        return Err(PyValueError::new_err("the file is at its end: call `seek(0)` before the call"));
    }
    Ok(Some(Bytes::from_owner(PyBackedBytes::from(content.clone()))))
}

/// Returns the bytes of a contiguous `memoryview` of `bytes`, without a copy. Returns `None` for other objects.
fn part_of_bytes(value: &Bound<'_, PyAny>) -> PyResult<Option<Bytes>> {
    if !value.is_instance_of::<PyMemoryView>() {
        return Ok(None);
    }
    let owner = value.getattr("obj")?;
    let (Ok(owner), Ok(view)) = (owner.cast::<PyBytes>(), PyBuffer::<u8>::get(value)) else {
        return Ok(None);
    };
    if !view.is_c_contiguous() {
        return Ok(None);
    }
    let bytes = Bytes::from_owner(PyBackedBytes::from(owner.clone()));
    let start = (view.buf_ptr() as usize).wrapping_sub(bytes.as_ptr() as usize);
    let end = start.checked_add(view.len_bytes()).filter(|end| *end <= bytes.len());
    Ok(end.map(|end| bytes.slice(start..end)))
}

/// Returns `true` if a file was read before.
fn is_exhausted(file: &Bound<'_, PyAny>) -> bool {
    file.call_method0("tell")
        .and_then(|position| position.extract::<u64>())
        .is_ok_and(|position| position > 0)
}
