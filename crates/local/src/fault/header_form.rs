//! Headers in the format of fault files: headers of responses, and headers of frames.

use std::fmt;

use invoke_model_protocol::event_stream::HeaderValue;
use serde::de::{Deserialize, Deserializer, Error as _, MapAccess, Visitor};
use serde::{Serialize, Serializer};
use serde_json::Value;

use crate::json_form::{Base64, alternative};

/// Headers to set and, with the value `null`, to remove.
#[derive(Clone)]
pub(super) struct Headers<V>(pub(super) Vec<(String, Option<V>)>);

impl<V> Headers<V> {
    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl<V> Default for Headers<V> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

impl<V: Serialize> Serialize for Headers<V> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.0.iter().map(|(name, value)| (name, value)))
    }
}

impl<'de, V: Deserialize<'de>> Deserialize<'de> for Headers<V> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Members<V>(Headers<V>);

        impl<'de, V: Deserialize<'de>> Visitor<'de> for Members<V> {
            type Value = Headers<V>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object with a text or null for each header")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Headers<V>, A::Error> {
                let Self(Headers(mut headers)) = self;
                while let Some((name, value)) = members.next_entry::<String, _>()? {
                    if headers.iter().any(|(known, _)| known.eq_ignore_ascii_case(&name)) {
                        return Err(A::Error::custom(format_args!("duplicate header `{name}`")));
                    }
                    headers.push((name, value));
                }
                Ok(Headers(headers))
            }
        }

        deserializer.deserialize_map(Members(Headers::default()))
    }
}

/// The value of a header of a frame. A text alone is the short form of a string.
pub(super) enum FrameHeader {
    Bool(bool),
    Byte(i8),
    Short(i16),
    Integer(i32),
    Long(i64),
    Bytes(Base64),
    String(String),
    Timestamp(i64),
    Uuid([u8; 16]),
}

impl<'de> Deserialize<'de> for FrameHeader {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let expected = "a text or {TYPE: VALUE}; TYPE is bool, byte, short, integer, long, bytes (base64), string, \
                        timestamp (milliseconds) or uuid, and VALUE must have this type";
        alternative(deserializer, expected, |name, value| {
            let Some(value) = value else { return Ok(Some(Self::String(name.to_owned()))) };
            Ok(match name {
                "bool" => value.as_bool().map(Self::Bool),
                "byte" => integer(value).map(Self::Byte),
                "short" => integer(value).map(Self::Short),
                "integer" => integer(value).map(Self::Integer),
                "long" => integer(value).map(Self::Long),
                "bytes" => Base64::deserialize(value).ok().map(Self::Bytes),
                "string" => value.as_str().map(|text| Self::String(text.to_owned())),
                "timestamp" => integer(value).map(Self::Timestamp),
                "uuid" => value.as_str().and_then(uuid).map(Self::Uuid),
                _ => None,
            })
        })
    }
}

impl FrameHeader {
    pub(super) fn value(&self) -> HeaderValue<'_> {
        match self {
            Self::Bool(value) => HeaderValue::Boolean(*value),
            Self::Byte(value) => HeaderValue::Byte(*value),
            Self::Short(value) => HeaderValue::Short(*value),
            Self::Integer(value) => HeaderValue::Integer(*value),
            Self::Long(value) => HeaderValue::Long(*value),
            Self::Bytes(Base64(bytes)) => HeaderValue::ByteArray(bytes),
            Self::String(text) => HeaderValue::String(text),
            Self::Timestamp(value) => HeaderValue::Timestamp(*value),
            Self::Uuid(bytes) => HeaderValue::Uuid(*bytes),
        }
    }
}

fn integer<T: TryFrom<i64>>(value: &Value) -> Option<T> {
    T::try_from(value.as_i64()?).ok()
}

/// Parses the text form of a UUID: 32 hex digits, and four hyphens after 8, 12, 16 and 20 digits.
fn uuid(text: &str) -> Option<[u8; 16]> {
    let groups: Vec<_> = text.split('-').map(str::len).collect();
    let digits = text.replace('-', "");
    let are_digits = digits.bytes().all(|digit| digit.is_ascii_hexdigit());
    let number = u128::from_str_radix(&digits, 16).ok()?;
    (groups == [8, 4, 4, 4, 12] && are_digits).then(|| number.to_be_bytes())
}
