//! Replies and conditions on texts in the format of rule files. `docs/rules.md` describes each member.

use std::fmt;

use invoke_model_types::StopReason;
use regex_lite::Regex;
use serde::de::value::MapAccessDeserializer;
use serde::de::{Deserializer, Error as _, MapAccess, Visitor};
use serde::{Deserialize, Serialize, Serializer};
use serde_json::{Map, Value, json};

use super::error_form::one_of;
use super::model_reply::{ModelReply, ReplyBlock};
use super::when::TextPattern;
use crate::json_form::object_form;

/// The JSON form of a reply. A text alone is the short form.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ReplyForm {
    reasoning: Option<String>,
    text: Option<String>,
    json: Option<Value>,
    tool: Option<ToolForm>,
    #[serde(default)]
    tools: Vec<ToolForm>,
    stop_reason: Option<String>,
    usage: Option<UsageForm>,
}

#[derive(Deserialize)]
#[serde(remote = "Self", deny_unknown_fields)]
struct ToolForm {
    name: String,
    #[serde(default = "empty_object")]
    input: Value,
    id: Option<String>,
}

object_form!(ToolForm, "an object with `name`");

#[derive(Deserialize)]
#[serde(remote = "Self", deny_unknown_fields)]
struct UsageForm {
    input_tokens: u64,
    output_tokens: u64,
}

object_form!(UsageForm, "an object with `input_tokens` and `output_tokens`");

#[derive(Deserialize)]
#[serde(remote = "Self", deny_unknown_fields)]
struct PatternForm {
    contains: Option<String>,
    matches: Option<String>,
}

object_form!(PatternForm, "`{\"contains\": TEXT}` or `{\"matches\": REGEX}`");

fn empty_object() -> Value {
    Value::Object(serde_json::Map::new())
}

impl<'de> Deserialize<'de> for ModelReply {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct TextOrMembers;

        impl<'de> Visitor<'de> for TextOrMembers {
            type Value = ModelReply;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a reply: a text or an object")
            }

            fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<ModelReply, E> {
                Ok(ModelReply::text(text))
            }

            fn visit_map<A: MapAccess<'de>>(self, members: A) -> Result<ModelReply, A::Error> {
                let form = ReplyForm::deserialize(MapAccessDeserializer::new(members))?;
                form.reply().map_err(A::Error::custom)
            }
        }

        deserializer.deserialize_any(TextOrMembers)
    }
}

impl Serialize for ModelReply {
    /// Writes a text, or the object that `ReplyForm` reads.
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if let (&[ReplyBlock::Text(ref text)], None, None) = (&self.blocks[..], &self.stop_reason, self.usage)
        {
            return serializer.serialize_str(text);
        }
        let mut members = Map::new();
        let mut tools = Vec::new();
        for block in &self.blocks {
            match block {
                ReplyBlock::Reasoning(text) => _ = members.insert("reasoning".to_owned(), json!(text)),
                ReplyBlock::Text(text) => _ = members.insert("text".to_owned(), json!(text)),
                ReplyBlock::ToolCall { id: Some(id), name, input } => {
                    tools.push(json!({"name": name, "input": input, "id": id}));
                }
                ReplyBlock::ToolCall { id: None, name, input } => {
                    tools.push(json!({"name": name, "input": input}));
                }
            }
        }
        if !tools.is_empty() {
            members.insert("tools".to_owned(), Value::Array(tools));
        }
        if let Some(reason) = &self.stop_reason {
            members.insert("stop_reason".to_owned(), json!(reason.as_str()));
        }
        if let Some((input, output)) = self.usage {
            members.insert("usage".to_owned(), json!({"input_tokens": input, "output_tokens": output}));
        }
        members.serialize(serializer)
    }
}

impl ReplyForm {
    fn reply(self) -> Result<ModelReply, String> {
        let text = match (self.text, self.json) {
            (Some(_), Some(_)) => {
                return Err("`reply`: `text` and `json` exclude each other: remove one of them".to_owned());
            }
            (text, None) => text,
            (None, Some(value)) => Some(value.to_string()),
        };
        let tools = self.tool.into_iter().chain(self.tools);
        let calls =
            tools.map(|tool| ReplyBlock::ToolCall { id: tool.id, name: tool.name, input: tool.input });
        let blocks: Vec<_> = (self.reasoning.map(ReplyBlock::Reasoning).into_iter())
            .chain(text.map(ReplyBlock::Text))
            .chain(calls)
            .collect();
        if blocks.is_empty() && self.stop_reason.is_none() {
            return Err("`reply`: the reply is empty: add `text`, `json`, `tool` or `reasoning`".to_owned());
        }
        let input = blocks.iter().find_map(|block| match block {
            ReplyBlock::ToolCall { name, input, .. } if !input.is_object() => Some(name),
            _ => None,
        });
        if let Some(name) = input {
            return Err(format!("`reply`: the `input` of the tool {name:?} must be an object"));
        }
        let stop_reason = self.stop_reason.map(stop_reason).transpose()?;
        let usage = self.usage.map(|usage| (usage.input_tokens, usage.output_tokens));
        Ok(ModelReply { blocks, stop_reason, usage })
    }
}

fn stop_reason(name: String) -> Result<StopReason, String> {
    let known = StopReason::VALUES;
    let found = known.iter().find(|value| value.as_str() == name);
    found.cloned().ok_or_else(|| {
        let names: Vec<_> = known.iter().map(StopReason::as_str).collect();
        format!("`reply`: `stop_reason` is {name:?}: it must be {}", one_of(&names))
    })
}

impl<'de> Deserialize<'de> for TextPattern {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        match <PatternForm as Deserialize>::deserialize(deserializer)? {
            PatternForm { contains: Some(text), matches: None } => Ok(Self::Contains(text)),
            PatternForm { contains: None, matches: Some(regex) } => Regex::new(&regex)
                .map(Self::Matches)
                .map_err(|error| D::Error::custom(format_args!("the regular expression {regex:?}: {error}"))),
            PatternForm { contains: Some(_), matches: Some(_) } => {
                Err(D::Error::custom("`contains` and `matches` exclude each other: keep one of them"))
            }
            PatternForm { contains: None, matches: None } => {
                Err(D::Error::custom("a condition on a text needs `contains` or `matches`"))
            }
        }
    }
}

impl Serialize for TextPattern {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Contains(text) => serializer.collect_map([("contains", text.as_str())]),
            Self::Matches(regex) => serializer.collect_map([("matches", regex.as_str())]),
        }
    }
}
