//! Replies and conditions on texts in the format of rule files. `docs/rules.md` describes each member.

use std::fmt;

use invoke_model_types::StopReason;
use regex_lite::Regex;
use serde::Deserialize;
use serde::de::value::MapAccessDeserializer;
use serde::de::{Deserializer, Error as _, MapAccess, Visitor};
use serde_json::Value;

use super::error_form::one_of;
use super::model_reply::{ModelReply, ReplyBlock};
use super::when::TextPattern;

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
#[serde(deny_unknown_fields)]
struct ToolForm {
    name: String,
    #[serde(default = "empty_object")]
    input: Value,
    id: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct UsageForm {
    input_tokens: u64,
    output_tokens: u64,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, expecting = "`{\"contains\": TEXT}` or `{\"matches\": REGEX}`")]
struct PatternForm {
    contains: Option<String>,
    matches: Option<String>,
}

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
        match PatternForm::deserialize(deserializer)? {
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
