//! Finds the limit of output tokens in a request body of any model family.
//!
//! The families use different names for the member that contains the limit, but each name has the same
//! meaning in all families. Therefore this module needs no model id, and it also works for future models. The
//! only exception is `max_tokens`: in requests for embeddings, it limits the input. This module recognizes
//! these requests by the member `input_type`.

use std::fmt;

use serde::de::{Deserialize, DeserializeSeed, Deserializer, Error, IgnoredAny, MapAccess, Visitor};
use serde_json::de::{Read, SliceRead};

/// Returns the maximum number of output tokens that a request body allows, or `None` if the body has no
/// limit.
///
/// The body has the schema of any model family. The [crate documentation](crate#requests) lists the members
/// that limit the output. If a body has several limits, the largest limit counts.
///
/// Skips the values of other members. Stops at a syntax error or at a limit of the wrong type, but does not
/// return an error, because the service rejects such a body.
///
/// ```
/// use invoke_model_families::max_output_tokens;
///
/// assert_eq!(max_output_tokens(br#"{"inferenceConfig":{"maxTokens":512},"messages":[]}"#), Some(512));
/// assert_eq!(max_output_tokens(br#"{"inputText":"hi"}"#), None);
/// ```
#[must_use]
pub fn max_output_tokens(body: &[u8]) -> Option<u64> {
    read_max_output_tokens(SliceRead::new(body))
}

/// Implements [`max_output_tokens`] for any source of the body.
pub(crate) fn read_max_output_tokens<'de>(body: impl Read<'de>) -> Option<u64> {
    let mut found = Found::default();
    let members = Members { found: &mut found, in_group: false };
    // Ignore the error, because the limits that were found before the error are valid.
    let _ = members.deserialize(&mut serde_json::Deserializer::new(body));
    if found.is_embedding { None } else { found.limit }
}

#[derive(Default)]
struct Found {
    limit: Option<u64>,
    is_embedding: bool,
}

/// Visits the members of the body, or the members of its object `inferenceConfig` or `textGenerationConfig`.
struct Members<'a> {
    found: &'a mut Found,
    in_group: bool,
}

impl<'de> DeserializeSeed<'de> for Members<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_option(self)
    }
}

impl<'de> Visitor<'de> for Members<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    /// Ignores `null`, because some libraries write `null` for unset members.
    fn visit_none<E: Error>(self) -> Result<(), E> {
        Ok(())
    }

    fn visit_some<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_map(self)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<(), A::Error> {
        let Self { found, in_group } = self;
        while let Some(name) = members.next_key::<Name>()? {
            match name {
                Name::Limit => {
                    let limit: Option<Tokens> = members.next_value()?;
                    found.limit = found.limit.max(limit.map(|tokens| tokens.0));
                }
                Name::Group if !in_group => {
                    members.next_value_seed(Members { found: &mut *found, in_group: true })?;
                }
                Name::InputType if !in_group => {
                    found.is_embedding = true;
                    members.next_value::<IgnoredAny>()?;
                }
                _ => drop(members.next_value::<IgnoredAny>()?),
            }
        }
        Ok(())
    }
}

/// The name of a member.
enum Name {
    Group,
    Limit,
    /// Identifies a request for embeddings. Cohere Embed requires this member. Families that generate text do
    /// not have this member.
    InputType,
    Other,
}

impl From<&str> for Name {
    fn from(name: &str) -> Self {
        match name {
            "max_tokens"
            | "max_completion_tokens"
            | "max_output_tokens"
            | "max_tokens_to_sample"
            | "max_gen_len"
            | "maxTokens"
            | "max_new_tokens"
            | "maxTokenCount" => Self::Limit,
            "inferenceConfig" | "textGenerationConfig" => Self::Group,
            "input_type" => Self::InputType,
            _ => Self::Other,
        }
    }
}

impl<'de> Deserialize<'de> for Name {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Text;

        impl Visitor<'_> for Text {
            type Value = Name;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("the name of a member")
            }

            fn visit_str<E>(self, name: &str) -> Result<Name, E> {
                Ok(name.into())
            }
        }

        deserializer.deserialize_str(Text)
    }
}

/// A number of tokens, in any JSON notation.
struct Tokens(u64);

impl<'de> Deserialize<'de> for Tokens {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Number;

        impl Visitor<'_> for Number {
            type Value = Tokens;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a number of tokens")
            }

            fn visit_u64<E>(self, number: u64) -> Result<Tokens, E> {
                Ok(Tokens(number))
            }

            /// Accepts numbers such as 1e3 and 512.0. Clamps them to the range of `u64`.
            fn visit_f64<E>(self, number: f64) -> Result<Tokens, E> {
                Ok(Tokens(number as u64))
            }
        }

        deserializer.deserialize_u64(Number)
    }
}
