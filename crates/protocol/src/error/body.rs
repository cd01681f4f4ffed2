//! The words in the body of an error response: the error code and the message.
//!
//! Services send JSON objects. Gateways, load balancers and proxies send other JSON, XML, HTML or text. Their
//! words explain the failure to a person, so this module finds the message in all of these formats.

use std::borrow::Cow;
use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};

use super::markup;

/// Names of members that contain a message, the best name first. `message` and `Message` are the names of the
/// services. The other names are common in gateways and in other APIs.
pub(crate) const MESSAGES: [&str; 19] = [
    "message",
    "Message",
    "errorMessage",
    "error_message",
    "error_description",
    "detail",
    "msg",
    "faultstring",
    "description",
    "reason",
    "details",
    "title",
    "text",
    "error_msg",
    "err",
    "exception",
    "cause",
    "info",
    "MESSAGE",
];

/// Names of members that contain another object, a list or a text with the message.
pub(crate) const CONTAINERS: [&str; 8] =
    ["error", "Error", "errors", "Errors", "fault", "Output", "response", "innererror"];

/// The maximum number of nested objects and lists in which a message is searched.
const MAX_DEPTH: usize = 6;

/// The maximum number of characters of a message that is not a member of JSON.
const MAX_TEXT: usize = 1000;

/// The words of an error body.
#[derive(Debug, Default)]
pub(super) struct ErrorBody {
    /// `true` if the body is a JSON object. Other formats indicate that a proxy sent the response.
    pub(super) is_object: bool,
    pub(super) code: Option<String>,
    pub(super) message: Option<String>,
    /// `true` if the member `message` or `Message` contains the message.
    pub(super) has_own_message: bool,
    /// The member `error`, if it is an object or a text.
    pub(super) error: Option<NestedError>,
}

/// The member `error` of the body, in which the OpenAI API and the Messages API of Anthropic nest their
/// errors.
#[derive(Clone, Debug, Default)]
pub(super) struct NestedError {
    /// `false` if the member is a text.
    pub(super) is_object: bool,
    /// The member `code`, or the member `type` if `code` is not a text.
    pub(super) code: Option<String>,
    pub(super) message: Option<String>,
}

impl ErrorBody {
    /// Finds the words in a body. The function reads JSON without building a tree, because the size of a tree
    /// is a multiple of the size of the body. If the body is incomplete, the function returns the words of
    /// the received part.
    pub(super) fn parse(body: &[u8]) -> Self {
        let text = decode(body);
        let text = text.trim();
        match text.bytes().next() {
            None => Self::default(),
            Some(b'{' | b'[' | b'"') => Self::from_json(text),
            Some(b'<') => {
                let words = markup::words(text);
                Self {
                    code: words.code,
                    message: words.message.and_then(|text| shorten(&text)),
                    ..Self::default()
                }
            }
            Some(_) => Self { message: shorten(text), ..Self::default() },
        }
    }

    fn from_json(text: &str) -> Self {
        let mut found = Members::default();
        let mut deserializer = serde_json::Deserializer::from_str(text);
        let parsed = Words { found: &mut found, depth: 0 }.deserialize(&mut deserializer);
        let is_valid = parsed.and_then(|()| deserializer.end()).is_ok();
        let is_object = is_valid && text.starts_with('{');
        let has_own_message = found.has_own_message();
        let code = found.code.take().or(found.error_type.take());
        let service_code = found.nested.as_mut().and_then(|nested| nested.service_code.take());
        let error = found.nested.as_ref().and_then(|nested| nested.error.clone());
        let message = found.into_message().or_else(|| shorten(text).filter(|_| !is_object));
        Self { is_object, code: code.or(service_code), message, has_own_message, error }
    }
}

/// The members that were found in an object and in the objects that it contains.
#[derive(Default)]
struct Members {
    /// `true` if the value is an object.
    is_object: bool,
    /// The member `code`.
    code: Option<String>,
    /// The member `__type`.
    error_type: Option<String>,
    /// The member `type`.
    kind: Option<String>,
    /// The member `Code`, which only AWS uses.
    query_code: Option<String>,
    /// The message, and the index of its name in [`MESSAGES`].
    message: Option<(usize, String)>,
    nested: Option<Nested>,
}

/// The words of a member in [`CONTAINERS`].
#[derive(Default)]
struct Nested {
    /// The code in a member that only AWS uses.
    service_code: Option<String>,
    message: Option<String>,
    /// All words, if the name of the member is `error`.
    error: Option<NestedError>,
}

impl Members {
    fn has_own_message(&self) -> bool {
        // The first two names are the names of the services.
        self.message.as_ref().is_some_and(|(rank, _)| *rank < 2)
    }

    /// Returns the best message: the message of a service, then a nested message, then any other message.
    fn into_message(self) -> Option<String> {
        let has_own_message = self.has_own_message();
        let own = self.message.map(|(_, message)| message);
        let nested = self.nested.and_then(|nested| nested.message);
        if has_own_message { own } else { nested.or(own) }
    }
}

/// Visits a JSON value, and stores the words in `found`.
struct Words<'a> {
    found: &'a mut Members,
    depth: usize,
}

impl<'de> DeserializeSeed<'de> for Words<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        match self.depth {
            MAX_DEPTH.. => deserializer.deserialize_ignored_any(IgnoredAny).map(|_| ()),
            _ => deserializer.deserialize_any(self),
        }
    }
}

impl<'de> Visitor<'de> for Words<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_str<E>(self, text: &str) -> Result<(), E> {
        if !text.trim().is_empty() {
            self.found.message = Some((0, text.to_owned()));
        }
        Ok(())
    }

    fn visit_bool<E>(self, _: bool) -> Result<(), E> {
        Ok(())
    }

    fn visit_i64<E>(self, _: i64) -> Result<(), E> {
        Ok(())
    }

    fn visit_u64<E>(self, _: u64) -> Result<(), E> {
        Ok(())
    }

    fn visit_f64<E>(self, _: f64) -> Result<(), E> {
        Ok(())
    }

    fn visit_unit<E>(self) -> Result<(), E> {
        Ok(())
    }

    /// Keeps the words of the first element that has words.
    fn visit_seq<A: SeqAccess<'de>>(self, mut elements: A) -> Result<(), A::Error> {
        loop {
            let mut element = Members::default();
            let words = Words { found: &mut element, depth: self.depth + 1 };
            let visited = elements.next_element_seed(words);
            if self.found.message.is_none() {
                self.found.query_code = self.found.query_code.take().or(element.query_code.take());
                self.found.message = element.into_message().map(|message| (0, message));
            }
            if visited?.is_none() {
                return Ok(());
            }
        }
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<(), A::Error> {
        self.found.is_object = true;
        while let Some(name) = members.next_key::<String>()? {
            let mut value = Members::default();
            let visited = members.next_value_seed(Words { found: &mut value, depth: self.depth + 1 });
            self.found.add(&name, value);
            visited?;
        }
        Ok(())
    }
}

impl Members {
    /// Stores the words of a member. If a name is repeated, the last member counts.
    fn add(&mut self, name: &str, value: Members) {
        match name {
            "code" => self.code = value.into_message(),
            "__type" => self.error_type = value.into_message(),
            "type" => self.kind = value.into_message(),
            "Code" => self.query_code = value.into_message(),
            name if CONTAINERS.contains(&name) => {
                let is_object = value.is_object;
                let service_code = value.error_type.clone().or(value.query_code.clone());
                let code = value.code.clone().or(value.kind.clone());
                let message = value.into_message();
                if is_object || message.is_some() {
                    let error = NestedError { is_object, code, message: message.clone() };
                    let error = Some(error).filter(|_| name == "error");
                    self.nested = Some(Nested { service_code, message, error });
                }
            }
            name => {
                let Some(rank) = MESSAGES.iter().position(|known| *known == name) else { return };
                let Some(message) = value.into_message() else { return };
                if self.message.as_ref().is_none_or(|(best, _)| rank <= *best) {
                    self.message = Some((rank, message));
                }
            }
        }
    }
}

/// Decodes a text. Services send UTF-8. Some proxies add a byte order mark, or send UTF-16 or Latin-1.
fn decode(body: &[u8]) -> Cow<'_, str> {
    let wide = |order: fn([u8; 2]) -> u16, bytes: &[u8]| -> Cow<'static, str> {
        let units = bytes.chunks_exact(2).map(|pair| order([pair[0], pair[1]]));
        char::decode_utf16(units).map(|unit| unit.unwrap_or(char::REPLACEMENT_CHARACTER)).collect()
    };
    match body {
        [0xef, 0xbb, 0xbf, rest @ ..] => String::from_utf8_lossy(rest),
        [0xff, 0xfe, rest @ ..] => wide(u16::from_le_bytes, rest),
        [0xfe, 0xff, rest @ ..] => wide(u16::from_be_bytes, rest),
        _ => match std::str::from_utf8(body) {
            Ok(text) => text.into(),
            // A limit on the size of the body can divide the last character.
            Err(error) if error.error_len().is_none() => String::from_utf8_lossy(body),
            Err(_) => body.iter().copied().map(char::from).collect::<String>().into(),
        },
    }
}

/// Returns the beginning of a text, or `None` if the text has no words. Binary data has no words.
fn shorten(text: &str) -> Option<String> {
    let text = text.trim();
    let is_binary = |character: char| character.is_control() && !matches!(character, '\n' | '\r' | '\t');
    let start = text.chars().take(MAX_TEXT);
    if start.clone().filter(|character| is_binary(*character)).count() * 20 > start.clone().count() {
        return None;
    }
    let mut short: String = start.collect();
    if short.len() < text.len() {
        short.push_str("..");
    }
    Some(short).filter(|short| !short.is_empty())
}
