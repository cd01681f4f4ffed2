//! The kind of a message: event, exception or error.
//!
//! <https://smithy.io/2.0/aws/amazon-eventstream.html>

use serde::{Serialize, Serializer};

use super::header::HeaderValue;
use super::message::Message;
use super::raw::RawHeader;
use super::read;
use crate::blob;
use crate::error::{ErrorMetadata, ParseError, ParseErrorKind};
use crate::json;
use crate::json::FromJson;

/// The kind of a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind<'a> {
    /// An event. The text is the name of the event.
    Event(&'a str),
    /// An error that the Smithy model defines. The text is the name of its union member.
    Exception(&'a str),
    /// An error that the Smithy model does not define.
    Error,
}

impl<'a> Kind<'a> {
    /// Determines the kind of a message from the headers `:message-type`, `:event-type` and
    /// `:exception-type`.
    ///
    /// # Errors
    /// Returns an error if the kind is unknown, or if a header that this function needs is missing or is not
    /// a string.
    pub fn of(message: &'a Message) -> Result<Self, ParseError> {
        // This loop finds all three headers in one pass. Each lookup by name would start at the first header
        // again.
        let (mut kind, mut event, mut exception) = (None, None, None);
        for header in message.raw_headers() {
            let found = match header.name {
                b":message-type" => &mut kind,
                b":event-type" => &mut event,
                b":exception-type" => &mut exception,
                _ => continue,
            };
            found.get_or_insert(header);
        }
        match kind.and_then(RawHeader::text) {
            Some(b"event") => text(":event-type", event).map(Self::Event),
            Some(b"exception") => text(":exception-type", exception).map(Self::Exception),
            Some(b"error") => Ok(Self::Error),
            _ => {
                text(":message-type", kind)?;
                let kind = ParseErrorKind::Text { expected: "event, exception or error" };
                Err(ParseError::new(":message-type", kind))
            }
        }
    }
}

/// Serializes an event that the Smithy model does not define. The output is an object with one member. The
/// name of the member is the name of the event. The value is the payload as JSON, or as base64 text if the
/// payload is not JSON.
///
/// Generated code uses this function as `#[serde(serialize_with = ..)]`.
///
/// # Errors
/// Returns the errors of the serializer.
pub fn serialize_event<S: Serializer>(message: &Message, serializer: S) -> Result<S::Ok, S::Error> {
    let name = match Kind::of(message) {
        Ok(Kind::Event(name) | Kind::Exception(name)) => name,
        Ok(Kind::Error) | Err(_) => "unknown",
    };
    let payload = message.payload();
    let value = match json::read::body(payload, json::read::document) {
        _ if payload.is_empty() => json::Value::Object(serde_json::Map::new()),
        Ok(value) => value,
        Err(_) => blob::encode(payload).into(),
    };
    json::UnknownMember::new(name, value).serialize(serializer)
}

/// Implements `Deserialize` for the generated events of a stream. Each event has the form `("name", Variant)`.
///
/// The implementation reads an object with one member, the form that the implementation of `Serialize` writes.
/// An event that is not in the model is an error, because the object does not contain the headers of its
/// message.
#[macro_export]
macro_rules! deserialize_events {
    ($name:ident, [$(($event:literal, $variant:ident)),* $(,)?]) => {
        $crate::deserialize_only_member!($name, [$(($event, $variant, value)),*], |name, value| {
            Err(::serde::de::Error::unknown_variant(&name, &[$($event),*]))
        });
    };
}

fn text<'a>(name: &str, header: Option<RawHeader<'a>>) -> Result<&'a str, ParseError> {
    match header.and_then(RawHeader::value) {
        Some(HeaderValue::String(text)) => Ok(text),
        Some(other) => {
            let kind = ParseErrorKind::Type { expected: "a string", found: other.type_name() };
            Err(ParseError::new(name, kind))
        }
        None => Err(ParseError::new(name, ParseErrorKind::Missing)),
    }
}

/// Parses a member from a header of an event. Returns `None` if the header is missing.
///
/// # Errors
/// Returns an error if the header does not have the type that `read` expects.
pub fn header<T>(
    message: &Message,
    name: &str,
    read: impl Fn(HeaderValue<'_>) -> Result<T, ParseErrorKind>,
) -> Result<Option<T>, ParseError> {
    let value = message.header(name).map(read).transpose();
    value.map_err(|kind| ParseError::new(name, kind))
}

/// Returns the value of a required member of the response head.
///
/// # Errors
/// Returns an error if the value is `None`.
pub fn required<T>(member: &str, value: Option<T>) -> Result<T, ParseError> {
    value.ok_or_else(|| ParseError::new(member, ParseErrorKind::Missing))
}

/// Parses an error that the Smithy model defines. If the payload does not match the model, the result
/// contains only the code and the message.
pub fn exception<T: FromJson, E: From<ErrorMetadata>>(message: &Message, modeled: impl FnOnce(T) -> E) -> E {
    let payload: &[u8] = if message.payload().is_empty() { b"{}" } else { message.payload() };
    match json::read::body(payload, T::from_json) {
        Ok(error) => modeled(error),
        Err(_) => ErrorMetadata::from_message(message).into(),
    }
}

/// Returns the code and the message of an error.
pub(crate) fn error_of(message: &Message) -> (Option<String>, Option<String>) {
    // If an error has no code or no message, services send an empty header. The filter treats an empty header
    // as missing.
    let text =
        |name| header(message, name, read::string).ok().flatten().filter(|text: &String| !text.is_empty());
    let code = text(":error-code").or_else(|| text(":exception-type"));
    let text = text(":error-message").or_else(|| {
        json::Object::from_body(message.payload(), &mut json::Nodes::default()).ok()?.message().ok()?
    });
    (code, text)
}
