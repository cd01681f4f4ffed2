//! The content of a message: one string, or a list of typed parts.

use std::fmt;

use serde::Deserialize;
use serde::de::value::SeqAccessDeserializer;
use serde::de::{Deserializer, Error, SeqAccess, Visitor};
use serde_json::Value;

/// `"text"` or `[{"type": "text", "text": "..."}, {"type": "image", ...}]`
#[derive(Debug)]
pub(super) enum Content {
    /// One string.
    Text(String),
    /// Parts in order.
    Parts(Vec<Part>),
}

/// A part of any type. Only its text counts here; what else it holds is not looked at.
#[derive(Debug, Deserialize)]
pub(super) struct Part {
    #[serde(rename = "type")]
    pub(super) kind: String,
    /// The words of a part of type `text`.
    pub(super) text: Option<String>,
    /// The result that a part of type `tool_result` hands back.
    pub(super) content: Option<Content>,
    /// Where a part of type `image` has its bytes from; other types have a source of another shape.
    pub(super) source: Option<Value>,
}

impl Content {
    /// The words in it, one line for each part that has words.
    pub(super) fn text(&self) -> String {
        match self {
            Self::Text(text) => text.clone(),
            Self::Parts(parts) => {
                let words = |part: &Part| match (&part.text, &part.content) {
                    (Some(text), _) => Some(text.clone()),
                    (None, Some(content)) => Some(content.text()),
                    (None, None) => None,
                };
                parts
                    .iter()
                    .filter_map(words)
                    .filter(|words| !words.is_empty())
                    .collect::<Vec<_>>()
                    .join("\n")
            }
        }
    }
}

impl<'de> Deserialize<'de> for Content {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Either;

        impl<'de> Visitor<'de> for Either {
            type Value = Content;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("String or JSONArray")
            }

            fn visit_str<E: Error>(self, text: &str) -> Result<Content, E> {
                Ok(Content::Text(text.to_owned()))
            }

            fn visit_seq<A: SeqAccess<'de>>(self, parts: A) -> Result<Content, A::Error> {
                Vec::deserialize(SeqAccessDeserializer::new(parts)).map(Content::Parts)
            }
        }

        deserializer.deserialize_any(Either)
    }
}
