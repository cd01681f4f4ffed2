//! The most output that a body states, whatever the family of the model.
//!
//! The members of all families differ, and none of them means something else in another one but for `max_tokens`, which
//! limits the input where the body asks for embeddings. So the model need not be known, and may be one of tomorrow.

use std::fmt;

use serde::de::{Deserialize, DeserializeSeed, Deserializer, Error, IgnoredAny, MapAccess, Visitor};
use serde_json::de::Read;

/// Reads a body and gives the largest limit on its output. Values of other members are passed over. What is not as it
/// must be ends the reading: the service refuses it, and says why.
pub(super) fn max_output<'de>(body: impl Read<'de>) -> Option<u64> {
    let mut stated = Stated::default();
    let members = Members { stated: &mut stated, of_group: false };
    // The limits that were found before an error still hold.
    let _ = members.deserialize(&mut serde_json::Deserializer::new(body));
    if stated.embeds { None } else { stated.most }
}

#[derive(Default)]
struct Stated {
    most: Option<u64>,
    /// The body asks for embeddings.
    embeds: bool,
}

/// Visits the members of the body, or of an object in it that has limits.
struct Members<'a> {
    stated: &'a mut Stated,
    of_group: bool,
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

    /// Some libraries write members without a value as `null`.
    fn visit_none<E: Error>(self) -> Result<(), E> {
        Ok(())
    }

    fn visit_some<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_map(self)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<(), A::Error> {
        let Self { stated, of_group } = self;
        while let Some(name) = members.next_key::<Name>()? {
            match name {
                Name::Limit => {
                    let limit: Option<Tokens> = members.next_value()?;
                    stated.most = stated.most.max(limit.map(|tokens| tokens.0));
                }
                Name::Group if !of_group => {
                    members.next_value_seed(Members { stated: &mut *stated, of_group: true })?;
                }
                Name::InputType if !of_group => {
                    stated.embeds = true;
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
    /// A body with it asks for embeddings: Cohere Embed demands it, and no family that generates has it.
    InputType,
    Other,
}

impl From<&str> for Name {
    fn from(name: &str) -> Self {
        match name {
            "max_tokens"
            | "max_completion_tokens"
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

/// A number of tokens, in any way in which JSON can write it.
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

            /// As in 1e3 and 512.0. A number beyond the range is taken for its end.
            fn visit_f64<E>(self, number: f64) -> Result<Tokens, E> {
                Ok(Tokens(number as u64))
            }
        }

        deserializer.deserialize_u64(Number)
    }
}
