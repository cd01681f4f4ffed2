//! Parsers of JSON values. Each function parses one JSON value, or returns a function that parses one JSON
//! value. The functions for lists and maps take the parser of an element as an argument.

use std::collections::BTreeMap;

use bytes::Bytes;
use jiff::Timestamp;
use serde_json::Value;

use super::BorrowedValue;
use crate::error::{ParseError, ParseErrorKind};
use crate::timestamp::Format;
use crate::{blob, timestamp};

/// Parses a string.
///
/// # Errors
/// Returns an error if the value has another type.
pub fn string(value: BorrowedValue<'_>) -> Result<String, ParseError> {
    match value {
        BorrowedValue::String(text) => Ok(text.into_owned()),
        other => Err(unexpected("a string", &other).into()),
    }
}

/// Parses an open enum. Keeps values that are not in the model.
///
/// # Errors
/// Returns an error if the value is not a string.
pub fn string_enum<T: From<String>>(value: BorrowedValue<'_>) -> Result<T, ParseError> {
    string(value).map(T::from)
}

/// Parses a boolean.
///
/// # Errors
/// Returns an error if the value has another type.
pub fn boolean(value: BorrowedValue<'_>) -> Result<bool, ParseError> {
    match value {
        BorrowedValue::Bool(value) => Ok(value),
        other => Err(unexpected("a boolean", &other).into()),
    }
}

/// Parses a byte, short, integer or long. Accepts numbers such as `1.0` and `1e3`, which other JSON libraries
/// write for integers.
///
/// # Errors
/// Returns an error if the value is not a number, has a fraction, or is outside the range of `T`.
pub fn integer<T: TryFrom<i64>>(value: BorrowedValue<'_>) -> Result<T, ParseError> {
    let expected = std::any::type_name::<T>();
    match &value {
        BorrowedValue::Number(number) => {
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
pub fn int_enum<T: From<i32>>(value: BorrowedValue<'_>) -> Result<T, ParseError> {
    integer::<i32>(value).map(T::from)
}

/// Parses a double: a number, or one of the strings `NaN`, `Infinity` and `-Infinity`.
///
/// # Errors
/// Returns an error for other values.
pub fn double(value: BorrowedValue<'_>) -> Result<f64, ParseError> {
    let number = match &value {
        BorrowedValue::Number(number) => number.as_f64(),
        BorrowedValue::String(text) => match text.as_ref() {
            "NaN" => Some(f64::NAN),
            "Infinity" => Some(f64::INFINITY),
            "-Infinity" => Some(f64::NEG_INFINITY),
            _ => None,
        },
        _ => None,
    };
    number.ok_or_else(|| unexpected("a number", &value).into())
}

/// Parses a float. Parses the value as a double and rounds the double to 32 bits.
///
/// # Errors
/// See [`double`].
pub fn float(value: BorrowedValue<'_>) -> Result<f32, ParseError> {
    #[expect(clippy::cast_possible_truncation, reason = "the member is a float in the model")]
    double(value).map(|wide| wide as f32)
}

/// Parses a blob from base64.
///
/// # Errors
/// Returns an error if the value is not a string or not base64.
pub fn blob(value: BorrowedValue<'_>) -> Result<Bytes, ParseError> {
    match value {
        BorrowedValue::String(text) => {
            let bytes = blob::decode(text.as_bytes());
            bytes.map(Bytes::from).ok_or_else(|| ParseErrorKind::Base64.into())
        }
        other => Err(unexpected("a string", &other).into()),
    }
}

/// Converts the value. A document can be any JSON value.
///
/// # Errors
/// This function never fails. It returns a `Result`, like all parsers.
pub fn document(value: BorrowedValue<'_>) -> Result<Value, ParseError> {
    Ok(value.into())
}

/// Returns a parser of timestamps in the given format. [`Format::EpochSeconds`] uses JSON numbers, and the
/// other formats use JSON strings.
pub fn timestamp(format: Format) -> impl Fn(BorrowedValue<'_>) -> Result<Timestamp, ParseError> {
    move |value: BorrowedValue<'_>| match (&value, format) {
        (BorrowedValue::Number(seconds), Format::EpochSeconds) => Ok(timestamp::from_epoch_number(seconds)?),
        (BorrowedValue::String(text), Format::DateTime | Format::HttpDate) => {
            Ok(timestamp::read(text, format)?)
        }
        (other, Format::EpochSeconds) => Err(unexpected("a number of seconds", other).into()),
        (other, _) => Err(unexpected("a timestamp as a string", other).into()),
    }
}

/// Returns a parser of lists. Skips nulls, because only sparse lists can contain them.
pub fn list<T>(
    read: impl Fn(BorrowedValue<'_>) -> Result<T, ParseError>,
) -> impl Fn(BorrowedValue<'_>) -> Result<Vec<T>, ParseError> {
    move |value: BorrowedValue<'_>| {
        let elements = array(value)?.into_iter().enumerate().filter(|(_, element)| !element.is_null());
        elements.map(|(index, element)| read(element).map_err(|error| error.in_element(index))).collect()
    }
}

/// Returns a parser of sparse lists. Sparse lists can contain nulls.
///
/// <https://smithy.io/2.0/spec/type-refinement-traits.html#sparse-trait>
pub fn sparse_list<T>(
    read: impl Fn(BorrowedValue<'_>) -> Result<T, ParseError>,
) -> impl Fn(BorrowedValue<'_>) -> Result<Vec<Option<T>>, ParseError> {
    move |value: BorrowedValue<'_>| {
        let elements = array(value)?.into_iter().enumerate();
        elements
            .map(|(index, element)| nullable(element, &read).map_err(|error| error.in_element(index)))
            .collect()
    }
}

/// Returns a parser of maps. Skips nulls, because only sparse maps can contain them.
pub fn map<K: From<String> + Ord, T>(
    read: impl Fn(BorrowedValue<'_>) -> Result<T, ParseError>,
) -> impl Fn(BorrowedValue<'_>) -> Result<BTreeMap<K, T>, ParseError> {
    move |value: BorrowedValue<'_>| {
        let entries = super::Object::from_value(value)?.into_map().into_iter();
        let entries = entries.filter(|(_, value)| !value.is_null());
        entries
            .map(|(key, value)| Ok((K::from(key.into_owned()), read(value).map_err(ParseError::in_value)?)))
            .collect()
    }
}

/// Returns a parser of sparse maps. Sparse maps can contain nulls.
///
/// <https://smithy.io/2.0/spec/type-refinement-traits.html#sparse-trait>
pub fn sparse_map<K: From<String> + Ord, T>(
    read: impl Fn(BorrowedValue<'_>) -> Result<T, ParseError>,
) -> impl Fn(BorrowedValue<'_>) -> Result<BTreeMap<K, Option<T>>, ParseError> {
    move |value: BorrowedValue<'_>| {
        let entries = super::Object::from_value(value)?.into_map().into_iter();
        let read = |value| nullable(value, &read).map_err(ParseError::in_value);
        entries.map(|(key, value)| Ok((K::from(key.into_owned()), read(value)?))).collect()
    }
}

/// Parses an empty structure. A union member without data has this value.
///
/// # Errors
/// Returns an error if the value is not an object.
pub fn unit(value: BorrowedValue<'_>) -> Result<(), ParseError> {
    super::Object::from_value(value).map(|_| ())
}

/// Returns a parser of boxed values. Recursive shapes are boxed.
pub fn boxed<T>(
    read: impl Fn(BorrowedValue<'_>) -> Result<T, ParseError>,
) -> impl Fn(BorrowedValue<'_>) -> Result<Box<T>, ParseError> {
    move |value: BorrowedValue<'_>| read(value).map(Box::new)
}

pub(super) fn unexpected(expected: &'static str, value: &BorrowedValue<'_>) -> ParseErrorKind {
    ParseErrorKind::Type { expected, found: value.type_name() }
}

fn array(value: BorrowedValue<'_>) -> Result<Vec<BorrowedValue<'_>>, ParseError> {
    match value {
        BorrowedValue::Array(elements) => Ok(elements),
        other => Err(unexpected("an array", &other).into()),
    }
}

fn nullable<'a, T>(
    value: BorrowedValue<'a>,
    read: impl Fn(BorrowedValue<'a>) -> Result<T, ParseError>,
) -> Result<Option<T>, ParseError> {
    if value.is_null() { Ok(None) } else { read(value).map(Some) }
}
