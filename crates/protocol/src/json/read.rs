//! Parsers of JSON values. Each function parses one JSON value, or returns a function that parses one JSON
//! value. The functions for lists and maps take the parser of an element as an argument.

use std::collections::BTreeMap;

use bytes::Bytes;
use jiff::Timestamp;
use serde_json::Value;

use crate::error::{ParseError, ParseErrorKind};
use crate::timestamp::Format;
use crate::{blob, timestamp};

/// Parses a string.
///
/// # Errors
/// Returns an error if the value has another type.
pub fn string(value: Value) -> Result<String, ParseError> {
    match value {
        Value::String(text) => Ok(text),
        other => Err(unexpected("a string", &other).into()),
    }
}

/// Parses an open enum. Keeps values that are not in the model.
///
/// # Errors
/// Returns an error if the value is not a string.
pub fn string_enum<T: From<String>>(value: Value) -> Result<T, ParseError> {
    string(value).map(T::from)
}

/// Parses a boolean.
///
/// # Errors
/// Returns an error if the value has another type.
pub fn boolean(value: Value) -> Result<bool, ParseError> {
    value.as_bool().ok_or_else(|| unexpected("a boolean", &value).into())
}

/// Parses a byte, short, integer or long. Accepts numbers such as `1.0` and `1e3`, which other JSON libraries
/// write for integers.
///
/// # Errors
/// Returns an error if the value is not a number, has a fraction, or is outside the range of `T`.
pub fn integer<T: TryFrom<i64>>(value: Value) -> Result<T, ParseError> {
    let expected = std::any::type_name::<T>();
    match &value {
        Value::Number(number) => {
            let wide = number.as_i64().or_else(|| number.as_f64().and_then(integral));
            let narrow = wide.and_then(|wide| T::try_from(wide).ok());
            narrow.ok_or_else(|| ParseErrorKind::Range { expected }.into())
        }
        other => Err(unexpected("an integer", other).into()),
    }
}

/// Converts a double without a fraction to an integer, if all digits of the integer are exact.
fn integral(value: f64) -> Option<i64> {
    const EXACT: f64 = (1_u64 << f64::MANTISSA_DIGITS) as f64;
    #[expect(clippy::cast_possible_truncation, reason = "the value is an integer of at most 53 bits")]
    (value.fract() == 0.0 && value.abs() < EXACT).then_some(value as i64)
}

/// Parses an int enum. Keeps values that are not in the model.
///
/// # Errors
/// Returns an error if the value is not a 32-bit integer.
pub fn int_enum<T: From<i32>>(value: Value) -> Result<T, ParseError> {
    integer::<i32>(value).map(T::from)
}

/// Parses a double: a number, or one of the strings `NaN`, `Infinity` and `-Infinity`.
///
/// # Errors
/// Returns an error for other values.
pub fn double(value: Value) -> Result<f64, ParseError> {
    let special = match value.as_str() {
        Some("NaN") => Some(f64::NAN),
        Some("Infinity") => Some(f64::INFINITY),
        Some("-Infinity") => Some(f64::NEG_INFINITY),
        _ => None,
    };
    special.or_else(|| value.as_f64()).ok_or_else(|| unexpected("a number", &value).into())
}

/// Parses a float. Parses the value as a double and rounds the double to 32 bits.
///
/// # Errors
/// See [`double`].
pub fn float(value: Value) -> Result<f32, ParseError> {
    #[expect(clippy::cast_possible_truncation, reason = "the member is a float in the model")]
    double(value).map(|wide| wide as f32)
}

/// Parses a blob from base64.
///
/// # Errors
/// Returns an error if the value is not a string or not base64.
pub fn blob(value: Value) -> Result<Bytes, ParseError> {
    let bytes = blob::decode(string(value)?.as_bytes());
    bytes.map(Bytes::from).ok_or_else(|| ParseErrorKind::Base64.into())
}

/// Returns the value unchanged, because a document can be any JSON value.
///
/// # Errors
/// This function never fails. It returns a `Result`, like all parsers.
pub fn document(value: Value) -> Result<Value, ParseError> {
    Ok(value)
}

/// Returns a parser of timestamps in the given format. [`Format::EpochSeconds`] uses JSON numbers, and the
/// other formats use JSON strings.
pub fn timestamp(format: Format) -> impl Fn(Value) -> Result<Timestamp, ParseError> {
    move |value| match (&value, format) {
        (Value::Number(seconds), Format::EpochSeconds) => Ok(timestamp::from_epoch_number(seconds)?),
        (Value::String(text), Format::DateTime | Format::HttpDate) => Ok(timestamp::read(text, format)?),
        (other, Format::EpochSeconds) => Err(unexpected("a number of seconds", other).into()),
        (other, _) => Err(unexpected("a timestamp as a string", other).into()),
    }
}

/// Returns a parser of lists. Skips nulls, because only sparse lists can contain them.
pub fn list<T>(
    read: impl Fn(Value) -> Result<T, ParseError>,
) -> impl Fn(Value) -> Result<Vec<T>, ParseError> {
    move |value| {
        let elements = array(value)?.into_iter().enumerate().filter(|(_, element)| !element.is_null());
        elements.map(|(index, element)| read(element).map_err(|error| error.in_element(index))).collect()
    }
}

/// Returns a parser of sparse lists. Sparse lists can contain nulls.
///
/// <https://smithy.io/2.0/spec/type-refinement-traits.html#sparse-trait>
pub fn sparse_list<T>(
    read: impl Fn(Value) -> Result<T, ParseError>,
) -> impl Fn(Value) -> Result<Vec<Option<T>>, ParseError> {
    move |value| {
        let elements = array(value)?.into_iter().enumerate();
        elements
            .map(|(index, element)| nullable(element, &read).map_err(|error| error.in_element(index)))
            .collect()
    }
}

/// Returns a parser of maps. Skips nulls, because only sparse maps can contain them.
pub fn map<K: From<String> + Ord, T>(
    read: impl Fn(Value) -> Result<T, ParseError>,
) -> impl Fn(Value) -> Result<BTreeMap<K, T>, ParseError> {
    move |value| {
        let entries = super::Object::from_value(value)?.into_map().into_iter();
        let entries = entries.filter(|(_, value)| !value.is_null());
        entries.map(|(key, value)| Ok((K::from(key), read(value).map_err(ParseError::in_value)?))).collect()
    }
}

/// Returns a parser of sparse maps. Sparse maps can contain nulls.
///
/// <https://smithy.io/2.0/spec/type-refinement-traits.html#sparse-trait>
pub fn sparse_map<K: From<String> + Ord, T>(
    read: impl Fn(Value) -> Result<T, ParseError>,
) -> impl Fn(Value) -> Result<BTreeMap<K, Option<T>>, ParseError> {
    move |value| {
        let entries = super::Object::from_value(value)?.into_map().into_iter();
        let read = |value| nullable(value, &read).map_err(ParseError::in_value);
        entries.map(|(key, value)| Ok((K::from(key), read(value)?))).collect()
    }
}

/// Parses an empty structure. A union member without data has this value.
///
/// # Errors
/// Returns an error if the value is not an object.
pub fn unit(value: Value) -> Result<(), ParseError> {
    super::Object::from_value(value).map(|_| ())
}

/// Returns a parser of boxed values. Recursive shapes are boxed.
pub fn boxed<T>(
    read: impl Fn(Value) -> Result<T, ParseError>,
) -> impl Fn(Value) -> Result<Box<T>, ParseError> {
    move |value| read(value).map(Box::new)
}

pub(super) fn unexpected(expected: &'static str, value: &Value) -> ParseErrorKind {
    ParseErrorKind::Type { expected, found: type_name(value) }
}

pub(super) fn type_name(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "a boolean",
        Value::Number(_) => "a number",
        Value::String(_) => "a string",
        Value::Array(_) => "an array",
        Value::Object(_) => "an object",
    }
}

fn array(value: Value) -> Result<Vec<Value>, ParseError> {
    match value {
        Value::Array(elements) => Ok(elements),
        other => Err(unexpected("an array", &other).into()),
    }
}

fn nullable<T>(value: Value, read: impl Fn(Value) -> Result<T, ParseError>) -> Result<Option<T>, ParseError> {
    if value.is_null() { Ok(None) } else { read(value).map(Some) }
}
