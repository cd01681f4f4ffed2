//! The content of a message: a string or a list of typed parts.

use std::fmt;

use serde::Deserialize;
use serde::de::value::SeqAccessDeserializer;
use serde::de::{Deserializer, Error, SeqAccess, Visitor};
use serde_json::Value;

/// The content of a message: `"text"` or `[{"type": "text", "text": "..."}, {"type": "image", ...}]`.
#[derive(Debug)]
pub(super) enum Content {
    /// A string.
    Text(String),
    /// A list of parts.
    Parts(Vec<Part>),
}

/// A part of any type. Members that have no field in this structure are ignored.
#[derive(Debug, Deserialize)]
pub(super) struct Part {
    #[serde(rename = "type")]
    pub(super) kind: String,
    /// The text of a part of type `text`.
    pub(super) text: Option<String>,
    /// The id of a part of type `tool_use`.
    pub(super) id: Option<String>,
    /// The name of the tool in a part of type `tool_use`.
    pub(super) name: Option<String>,
    /// The id of the tool call in a part of type `tool_result`.
    pub(super) tool_use_id: Option<String>,
    /// The result in a part of type `tool_result`.
    pub(super) content: Option<Content>,
    /// The signature of a part of type `thinking`.
    pub(super) signature: Option<String>,
    /// The source of a part of type `image`. In parts of other types, `source` has other shapes.
    pub(super) source: Option<Value>,
    /// The image of a part of type `image_url`: a string, or an object with a `url`.
    pub(super) image_url: Option<Value>,
}

impl Content {
    /// Returns the parts. A string has no parts.
    pub(super) fn parts(&self) -> &[Part] {
        match self {
            Self::Text(_) => &[],
            Self::Parts(parts) => parts,
        }
    }

    /// Returns the text of the last part. It is empty if the part has no text.
    pub(super) fn last_text(&self) -> &str {
        match self {
            Self::Text(text) => text,
            Self::Parts(parts) => parts.last().and_then(|part| part.text.as_deref()).unwrap_or_default(),
        }
    }

    /// Returns the text. Each part that has text is one line.
    pub(super) fn text(&self) -> String {
        match self {
            Self::Text(text) => text.clone(),
            Self::Parts(parts) => {
                let part_text = |part: &Part| match (&part.text, &part.content) {
                    (Some(text), _) => Some(text.clone()),
                    (None, Some(content)) => Some(content.text()),
                    (None, None) => None,
                };
                parts
                    .iter()
                    .filter_map(part_text)
                    .filter(|text| !text.is_empty())
                    .collect::<Vec<_>>()
                    .join("\n")
            }
        }
    }
}

impl<'de> Deserialize<'de> for Content {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct TextOrParts;

        impl<'de> Visitor<'de> for TextOrParts {
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

        deserializer.deserialize_any(TextOrParts)
    }
}
