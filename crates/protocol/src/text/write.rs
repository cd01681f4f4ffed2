//! Values to text.

use std::borrow::Cow;
use std::fmt::Display;

use crate::blob;
use crate::{Timestamp, timestamp, timestamp::Format};

/// A string or open enum, as it is.
pub fn string<T: AsRef<str>>(value: &T) -> Cow<'_, str> {
    value.as_ref().into()
}

/// An element of a list in a field: in quotes if it has a comma or a quote, or blanks at its ends, which are not part
/// of one without.
pub fn list_element<T: AsRef<str>>(value: &T) -> Cow<'_, str> {
    let value = value.as_ref();
    if value.contains([',', '"']) || value.trim() != value {
        return format!("\"{}\"", value.replace('\\', "\\\\").replace('"', "\\\"")).into();
    }
    value.into()
}

/// A string with a media type, in base64 so that any media type can stand in a field.
/// <https://smithy.io/2.0/spec/http-bindings.html#httpheader-serialization-rules>
pub fn media_type<T: AsRef<str>>(value: &T) -> Cow<'_, str> {
    blob::encode(value.as_ref().as_bytes()).into()
}

/// A boolean, integer or int enum.
pub fn display<T: Display>(value: &T) -> Cow<'_, str> {
    value.to_string().into()
}

/// A float or double: the shortest text that reads back as it, or `NaN`, `Infinity`, `-Infinity`.
pub fn float<T: Copy + Display + Into<f64>>(value: &T) -> Cow<'_, str> {
    match (*value).into() {
        wide if wide.is_nan() => "NaN".into(),
        f64::INFINITY => "Infinity".into(),
        f64::NEG_INFINITY => "-Infinity".into(),
        _ => value.to_string().into(),
    }
}

/// A timestamp in the format that the model states.
pub fn timestamp(format: Format) -> impl Fn(&Timestamp) -> Cow<'_, str> {
    move |value| timestamp::write(value, format).into()
}
