//! Amazon Nova understanding models, schema `messages-v1`.
//!
//! * <https://docs.aws.amazon.com/nova/latest/userguide/complete-request-schema.html>
//! * <https://docs.aws.amazon.com/nova/latest/nova2-userguide/request-response-schema.html>
//! * <https://docs.aws.amazon.com/nova/latest/userguide/using-invoke-api.html>
//!
//! In a stream each piece of text is a content block of its own, as the service sends it; the usage comes last.
//!
//! Tools, images, video and audio are accepted and change nothing. The pages differ on the most tokens that a
//! caller may ask for, so that no upper limit is enforced.

use serde::Deserialize;
use serde::de::IgnoredAny;
use serde_json::{Value, json};

use super::answer::Refusal;
use super::bounded::{Integer, List, Number};
use super::completion::Completion;
use super::reply::{End, Limits, Reply, reply};
use super::{json, tokens};

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
#[expect(dead_code, reason = "what is not read below is only checked, or accepted without effect")]
struct Request {
    schema_version: Option<SchemaVersion>,
    #[serde(default)]
    system: Vec<System>,
    messages: List<Message, 1, { usize::MAX }>,
    #[serde(default)]
    inference_config: Config,
    tool_config: Option<IgnoredAny>,
    reasoning_config: Option<IgnoredAny>,
}

#[derive(Deserialize)]
enum SchemaVersion {
    #[serde(rename = "messages-v1")]
    Messages1,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
#[expect(dead_code, reason = "a cache point is accepted without effect")]
struct System {
    text: Option<String>,
    cache_point: Option<IgnoredAny>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Message {
    role: Role,
    content: List<Block, 1, { usize::MAX }>,
}

#[derive(Deserialize, PartialEq)]
#[serde(rename_all = "lowercase")]
enum Role {
    User,
    Assistant,
}

/// One of these; the bytes of images, video and audio are base64.
#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
#[expect(dead_code, reason = "only text is read; the rest is accepted without effect")]
struct Block {
    text: Option<String>,
    image: Option<IgnoredAny>,
    video: Option<IgnoredAny>,
    audio: Option<IgnoredAny>,
    tool_use: Option<IgnoredAny>,
    tool_result: Option<IgnoredAny>,
    reasoning_content: Option<IgnoredAny>,
    cache_point: Option<IgnoredAny>,
}

#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
#[expect(dead_code, reason = "what is not read below is only checked, or accepted without effect")]
struct Config {
    #[serde(alias = "max_new_tokens")]
    max_tokens: Option<Integer<1, { i64::MAX }>>,
    temperature: Option<Number<0, 1>>,
    #[serde(alias = "top_p")]
    top_p: Option<Number<0, 1>>,
    #[serde(alias = "top_k")]
    top_k: Option<Integer<0, { i64::MAX }>>,
    #[serde(default)]
    stop_sequences: Vec<String>,
    reasoning_config: Option<IgnoredAny>,
}

impl Message {
    fn text(&self) -> String {
        self.content.0.iter().filter_map(|block| block.text.as_deref()).collect::<Vec<_>>().join("\n")
    }
}

pub(super) fn complete(body: &Value) -> Result<Completion, Refusal> {
    let request: Request = json::read(body)?;
    let messages = request.messages.0;
    if messages[0].role != Role::User {
        let words = "A conversation must start with a user message. Try again with a conversation that starts \
                     with a user message.";
        return Err(Refusal::Validation(words.to_owned()));
    }
    let turn =
        messages.iter().rfind(|message| message.role == Role::User).map_or_else(String::new, Message::text);
    let config = request.inference_config;
    let limits = Limits { max_tokens: config.max_tokens.map(|limit| limit.0), stop: &config.stop_sequences };
    let reply = reply(&turn, &limits);

    let system = request.system.into_iter().filter_map(|system| system.text);
    let texts = messages.iter().map(Message::text).chain(system);
    let input_tokens = texts.map(|text| tokens::count(&text)).sum::<u64>();
    let stop_reason = match reply.end {
        End::Finished => "end_turn",
        End::Length => "max_tokens",
        End::Stop(_) => "stop_sequence",
    };
    let usage = json!({
        "inputTokens": input_tokens,
        "outputTokens": reply.tokens,
        "totalTokens": input_tokens + reply.tokens,
        "cacheReadInputTokenCount": 0,
        "cacheWriteInputTokenCount": 0,
    });
    let chunks = chunks(&reply, stop_reason, usage.clone());
    let whole = json!({
        "output": {"message": {"role": "assistant", "content": [{"text": reply.text}]}},
        "stopReason": stop_reason,
        "usage": usage,
    });
    let Reply { tokens: output_tokens, max_tokens, .. } = reply;
    Ok(Completion { input_tokens, output_tokens, max_tokens, whole, chunks: Box::new(chunks) })
}

fn chunks(
    reply: &Reply,
    stop_reason: &'static str,
    usage: Value,
) -> impl Iterator<Item = Value> + Send + use<> {
    let start = json!({"messageStart": {"role": "assistant"}});
    let blocks = reply.deltas().enumerate().flat_map(|(index, delta)| {
        [
            json!({"contentBlockDelta": {"delta": {"text": delta.text}, "contentBlockIndex": index}}),
            json!({"contentBlockStop": {"contentBlockIndex": index}}),
        ]
    });
    let stop = json!({"messageStop": {"stopReason": stop_reason}});
    let metadata = json!({"metadata": {"usage": usage, "metrics": {}, "trace": {}}});
    std::iter::once(start).chain(blocks).chain([stop, metadata])
}
