//! Serializers of values to JSON. Each function writes one value, or returns a function that writes one
//! value. The functions for lists and maps take the writer of an element as an argument.

use std::collections::BTreeMap;
use std::fmt::Display;
use std::io::Write;

use bytes::Bytes;
use jiff::Timestamp;
use serde::Serialize;
use serde_json::Value;

use super::MAX_DEPTH;
use super::object::ObjectWriter;
use crate::error::{SerializeError, SerializeErrorKind};
use crate::timestamp::Format;
use crate::{blob, text, timestamp};

/// Writes a string or open enum.
pub fn string<T: AsRef<str> + ?Sized>(value: &T, out: &mut Vec<u8>) {
    let text = value.as_ref();
    // Most texts need no escape sequences, so check the complete text first. The loop has no early exit, so
    // the compiler can vectorize it.
    let special = |byte: u8| byte < b' ' || byte == b'"' || byte == b'\\';
    if text.bytes().fold(false, |found, byte| found | special(byte)) {
        return serialized(text, out);
    }
    out.reserve(text.len() + 2);
    out.push(b'"');
    out.extend_from_slice(text.as_bytes());
    out.push(b'"');
}

/// Writes a boolean, integer or int enum.
pub fn display<T: Display>(value: &T, out: &mut Vec<u8>) {
    // Writing to a vector cannot fail.
    let _ = write!(out, "{value}");
}

/// Writes a float or double. Writes `NaN` and the infinities as strings.
///
/// <https://smithy.io/2.0/aws/protocols/aws-restjson1-protocol.html#non-numeric-float-and-double-serialization>
pub fn float<T: Copy + Display + Into<f64>>(value: &T, out: &mut Vec<u8>) {
    let text = text::write::float(value);
    if Into::<f64>::into(*value).is_finite() {
        out.extend_from_slice(text.as_bytes());
    } else {
        string(&text, out);
    }
}

/// Writes a blob as base64.
pub fn blob(value: &Bytes, out: &mut Vec<u8>) {
    out.push(b'"');
    blob::append(value, out);
    out.push(b'"');
}

/// Writes a document. A document can be any JSON value.
///
/// If the document has more than [`MAX_DEPTH`] levels, this function removes all bytes from `out`. The code
/// that completes the message then returns an error.
pub fn document(value: &Value, out: &mut Vec<u8>) {
    if has_levels(value, MAX_DEPTH) { serialized(value, out) } else { out.clear() }
}

/// Returns `true` if the depth of a value is at most `levels`. Does not visit deeper values, because the
/// recursion could overflow the stack.
pub(super) fn has_levels(value: &Value, levels: usize) -> bool {
    match (value, levels.checked_sub(1)) {
        (Value::Array(_) | Value::Object(_), None) => false,
        (Value::Array(elements), Some(rest)) => elements.iter().all(|value| has_levels(value, rest)),
        (Value::Object(members), Some(rest)) => members.values().all(|value| has_levels(value, rest)),
        _ => true,
    }
}

/// Returns an error if [`document`] has found a document that is nested too deeply. The body has then lost
/// the start of its JSON value, so the body is empty or starts in the middle of an array or object.
pub(crate) fn check(body: &[u8]) -> Result<(), SerializeError> {
    match body.first() {
        None | Some(b',' | b']' | b'}') => Err(SerializeError::new("", SerializeErrorKind::TooDeep)),
        Some(_) => Ok(()),
    }
}

/// Returns a writer of timestamps in the given format. [`Format::EpochSeconds`] uses JSON numbers, and the
/// other formats use JSON strings.
pub fn timestamp(format: Format) -> impl Fn(&Timestamp, &mut Vec<u8>) {
    move |value, out| {
        let text = timestamp::write(value, format);
        match format {
            Format::EpochSeconds => out.extend_from_slice(text.as_bytes()),
            Format::DateTime | Format::HttpDate => string(&text, out),
        }
    }
}

/// Returns a writer of lists.
pub fn list<T>(write: impl Fn(&T, &mut Vec<u8>)) -> impl Fn(&Vec<T>, &mut Vec<u8>) {
    move |values, out| {
        out.push(b'[');
        for (index, value) in values.iter().enumerate() {
            if index > 0 {
                out.push(b',');
            }
            write(value, out);
        }
        out.push(b']');
    }
}

/// Returns a writer of sparse lists. Sparse lists can contain nulls.
pub fn sparse_list<T>(write: impl Fn(&T, &mut Vec<u8>)) -> impl Fn(&Vec<Option<T>>, &mut Vec<u8>) {
    list(nullable(write))
}

/// Returns a writer of maps.
pub fn map<K: AsRef<str>, T>(write: impl Fn(&T, &mut Vec<u8>)) -> impl Fn(&BTreeMap<K, T>, &mut Vec<u8>) {
    move |values, out| {
        let mut object = ObjectWriter::new(out);
        for (key, value) in values {
            object.member(key.as_ref(), value, &write);
        }
        object.end();
    }
}

/// Returns a writer of sparse maps. Sparse maps can contain nulls.
pub fn sparse_map<K: AsRef<str>, T>(
    write: impl Fn(&T, &mut Vec<u8>),
) -> impl Fn(&BTreeMap<K, Option<T>>, &mut Vec<u8>) {
    map(nullable(write))
}

/// Writes an empty structure. A union member without data has this value.
pub fn unit((): &(), out: &mut Vec<u8>) {
    out.extend_from_slice(b"{}");
}

/// Returns a writer of boxed values. Recursive shapes are boxed.
pub fn boxed<T>(write: impl Fn(&T, &mut Vec<u8>)) -> impl Fn(&Box<T>, &mut Vec<u8>) {
    move |value, out| write(value, out)
}

fn nullable<T>(write: impl Fn(&T, &mut Vec<u8>)) -> impl Fn(&Option<T>, &mut Vec<u8>) {
    move |value, out| match value {
        Some(value) => write(value, out),
        None => out.extend_from_slice(b"null"),
    }
}

fn serialized<T: Serialize + ?Sized>(value: &T, out: &mut Vec<u8>) {
    // Writing text or a JSON value to a vector cannot fail.
    let _ = serde_json::to_writer(out, value);
}
