//! Serializers of simple values to text.

use std::borrow::Cow;
use std::fmt::Display;

use jiff::Timestamp;

use crate::timestamp::Format;
use crate::{blob, timestamp};

/// Returns the text of a string or open enum.
pub fn string<T: AsRef<str>>(value: &T) -> Cow<'_, str> {
    value.as_ref().into()
}

/// Serializes an element of a list in a header. Quotes elements that contain a comma or a quote. Also quotes
/// elements that start or end with whitespace, because parsers remove whitespace around unquoted elements.
pub fn list_element<T: AsRef<str>>(value: &T) -> Cow<'_, str> {
    let value = value.as_ref();
    if value.contains([',', '"']) || value.trim() != value {
        return format!("\"{}\"", value.replace('\\', "\\\\").replace('"', "\\\"")).into();
    }
    value.into()
}

/// Serializes a string with a media type as base64, because its text may not be valid in a header.
///
/// <https://smithy.io/2.0/spec/http-bindings.html#httpheader-serialization-rules>
pub fn media_type<T: AsRef<str>>(value: &T) -> Cow<'_, str> {
    blob::encode(value.as_ref().as_bytes()).into()
}

/// Serializes a boolean, integer or int enum.
pub fn display<T: Display>(value: &T) -> Cow<'_, str> {
    value.to_string().into()
}

/// Serializes a float or double. The result is `NaN`, `Infinity`, `-Infinity`, or the shortest text that
/// parses to the same number.
pub fn float<T: Copy + Display + Into<f64>>(value: &T) -> Cow<'_, str> {
    match (*value).into() {
        wide if wide.is_nan() => "NaN".into(),
        f64::INFINITY => "Infinity".into(),
        f64::NEG_INFINITY => "-Infinity".into(),
        _ => value.to_string().into(),
    }
}

/// Returns a serializer of timestamps in the given format.
pub fn timestamp(format: Format) -> impl Fn(&Timestamp) -> Cow<'_, str> {
    move |value| timestamp::write(value, format).into()
}
