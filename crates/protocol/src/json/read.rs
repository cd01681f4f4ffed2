//! Parsers of JSON values. Each function parses one JSON value, or returns a function that parses one JSON
//! value. The functions for lists and maps take the parser of an element as an argument.

use std::borrow::Cow;
use std::collections::BTreeMap;

use bytes::Bytes;
use jiff::Timestamp;
use serde_json::{Number, Value};

use super::object::{members, members_by_name};
use super::scan::{Node, Nodes};
use super::value::{BorrowedValue, Values};
use crate::error::{ParseError, ParseErrorKind};
use crate::timestamp::Format;
use crate::{blob, timestamp};

/// Parses a body with `read`.
///
/// # Errors
/// Returns an error if the body is not JSON, and the errors of `read`.
pub fn body<T>(
    body: &[u8],
    read: impl FnOnce(BorrowedValue<'_>) -> Result<T, ParseError>,
) -> Result<T, ParseError> {
    read(Nodes::default().parse(body)?)
}

/// Parses a string.
///
/// # Errors
/// Returns an error if the value has another type.
pub fn string(value: BorrowedValue<'_>) -> Result<String, ParseError> {
    value.text().map(Cow::into_owned)
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
    match value.node() {
        Node::Bool(value) => Ok(value),
        _ => Err(value.unexpected("a boolean").into()),
    }
}

/// Parses a byte, short, integer or long. Accepts numbers such as `1.0` and `1e3`, which other JSON libraries
/// write for integers.
///
/// # Errors
/// Returns an error if the value is not a number, has a fraction, or is outside the range of `T`.
pub fn integer<T: TryFrom<i64>>(value: BorrowedValue<'_>) -> Result<T, ParseError> {
    let expected = std::any::type_name::<T>();
    match value.node() {
        Node::Number(text) => {
            let wide = text.parse().ok().or_else(|| wide(text));
            let narrow = wide.and_then(|wide: i64| T::try_from(wide).ok());
            narrow.ok_or_else(|| ParseErrorKind::Range { expected }.into())
        }
        _ => Err(value.unexpected("an integer").into()),
    }
}

/// Parses a number with a fraction or an exponent as an integer. Returns `None` if the value is not an integer,
/// or is too large for an exact double.
fn wide(text: &str) -> Option<i64> {
    const EXACT: f64 = (1_u64 << f64::MANTISSA_DIGITS) as f64;
    let value = number(text).ok()?.as_f64()?;
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
    let number = match value.node() {
        Node::Number(text) => number(text)?.as_f64(),
        Node::Plain("NaN") => Some(f64::NAN),
        Node::Plain("Infinity") => Some(f64::INFINITY),
        Node::Plain("-Infinity") => Some(f64::NEG_INFINITY),
        _ => None,
    };
    number.ok_or_else(|| value.unexpected("a number").into())
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
    let bytes = blob::decode(value.text()?.as_bytes());
    bytes.map(Bytes::from).ok_or_else(|| ParseErrorKind::Base64.into())
}

/// Parses a document. A document can be any JSON value.
///
/// # Errors
/// Returns an error if a number does not fit a double, or if a string contains half of a surrogate pair.
pub fn document(value: BorrowedValue<'_>) -> Result<Value, ParseError> {
    Ok(match value.node() {
        Node::Null => Value::Null,
        Node::Bool(value) => Value::Bool(value),
        Node::Number(text) => Value::Number(number(text)?),
        Node::Plain(_) | Node::Escaped(_) => Value::String(string(value)?),
        Node::Array(_) => Value::Array(value.values().map(document).collect::<Result<_, _>>()?),
        Node::Object(_) => {
            let members = members(value)?.map(|member| {
                let (name, value) = member?;
                Ok((name.into_owned(), document(value)?))
            });
            Value::Object(members.collect::<Result<_, ParseError>>()?)
        }
    })
}

/// Returns a parser of timestamps in the given format. [`Format::EpochSeconds`] uses JSON numbers, and the
/// other formats use JSON strings.
pub fn timestamp(format: Format) -> impl Fn(BorrowedValue<'_>) -> Result<Timestamp, ParseError> {
    move |value: BorrowedValue<'_>| match (value.node(), format) {
        (Node::Number(text), Format::EpochSeconds) => Ok(timestamp::from_epoch_number(&number(text)?)?),
        (Node::Plain(_) | Node::Escaped(_), Format::DateTime | Format::HttpDate) => {
            Ok(timestamp::read(&value.text()?, format)?)
        }
        (_, Format::EpochSeconds) => Err(value.unexpected("a number of seconds").into()),
        _ => Err(value.unexpected("a timestamp as a string").into()),
    }
}

/// Returns a parser of lists that are not sparse. The parser skips nulls, because nulls are not valid in these
/// lists.
pub fn list<T>(
    read: impl Fn(BorrowedValue<'_>) -> Result<T, ParseError>,
) -> impl Fn(BorrowedValue<'_>) -> Result<Vec<T>, ParseError> {
    move |value: BorrowedValue<'_>| {
        let elements = array(value)?.enumerate().filter(|(_, element)| !element.is_null());
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
        array(value)?
            .enumerate()
            .map(|(index, element)| nullable(element, &read).map_err(|error| error.in_element(index)))
            .collect()
    }
}

/// Returns a parser of maps that are not sparse. The parser skips entries with the value null, because null is
/// not valid in these maps.
pub fn map<K: From<String> + Ord, T>(
    read: impl Fn(BorrowedValue<'_>) -> Result<T, ParseError>,
) -> impl Fn(BorrowedValue<'_>) -> Result<BTreeMap<K, T>, ParseError> {
    move |value: BorrowedValue<'_>| {
        let entries = members_by_name(value)?.into_iter();
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
        let entries = members_by_name(value)?.into_iter();
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

pub(crate) fn array(value: BorrowedValue<'_>) -> Result<Values<'_>, ParseError> {
    match value.node() {
        Node::Array(_) => Ok(value.values()),
        _ => Err(value.unexpected("an array").into()),
    }
}

/// Parses the text of a number.
fn number(text: &str) -> Result<Number, ParseErrorKind> {
    serde_json::from_str(text).map_err(|_| ParseErrorKind::Range { expected: "f64" })
}

fn nullable<'a, T>(
    value: BorrowedValue<'a>,
    read: impl Fn(BorrowedValue<'a>) -> Result<T, ParseError>,
) -> Result<Option<T>, ParseError> {
    if value.is_null() { Ok(None) } else { read(value).map(Some) }
}
