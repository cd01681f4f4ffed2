//! What a message says that it is. <https://smithy.io/2.0/aws/amazon-eventstream.html>

use super::raw::RawHeader;
use super::{HeaderValue, Message, read};
use crate::json::FromJson;
use crate::{ErrorMetadata, ParseError, ParseErrorKind, json};

/// The kinds of messages.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind<'a> {
    /// An event of that name.
    Event(&'a str),
    /// An error of the model, by the name of its member.
    Exception(&'a str),
    /// An error that the model does not have.
    Error,
}

impl<'a> Kind<'a> {
    /// The kind of a message, from the headers that begin with a colon.
    ///
    /// # Errors
    /// A header is missing, is no string, or names no kind.
    pub fn of(message: &'a Message) -> Result<Self, ParseError> {
        // In one pass: to find a header is to read those before it.
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

/// Reads a member from a header of an event; absent is not set.
///
/// # Errors
/// The header is of another type.
pub fn header<T>(
    message: &Message,
    name: &str,
    read: impl Fn(HeaderValue<'_>) -> Result<T, ParseErrorKind>,
) -> Result<Option<T>, ParseError> {
    let value = message.header(name).map(read).transpose();
    value.map_err(|kind| ParseError::new(name, kind))
}

/// A required member of the answer's head, which must be there.
///
/// # Errors
/// It is not.
pub fn required<T>(member: &str, value: Option<T>) -> Result<T, ParseError> {
    value.ok_or_else(|| ParseError::new(member, ParseErrorKind::Missing))
}

/// Reads an error of the model; one whose payload is not of its shape still is an error, of its name.
pub fn exception<T: FromJson, E: From<ErrorMetadata>>(message: &Message, modeled: impl FnOnce(T) -> E) -> E {
    let value = match message.payload().is_empty() {
        true => Ok(json::Value::Object(serde_json::Map::new())),
        false => json::value_of(message.payload()),
    };
    match value.and_then(T::from_json) {
        Ok(error) => modeled(error),
        Err(_) => ErrorMetadata::from_message(message).into(),
    }
}

/// The code and the words of an error in a message.
pub(crate) fn error_of(message: &Message) -> (Option<String>, Option<String>) {
    // Who has no words sends empty ones.
    let text =
        |name| header(message, name, read::string).ok().flatten().filter(|text: &String| !text.is_empty());
    let code = text(":error-code").or_else(|| text(":exception-type"));
    let words = text(":error-message").or_else(|| {
        let object: serde_json::Map<String, json::Value> = serde_json::from_slice(message.payload()).ok()?;
        let words = object.get("message").or_else(|| object.get("Message"))?;
        words.as_str().map(str::to_owned)
    });
    (code, words)
}
