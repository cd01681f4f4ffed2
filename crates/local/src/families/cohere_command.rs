//! Cohere Command R and R+: `message` in, `text` out.
//!
//! * <https://docs.aws.amazon.com/bedrock/latest/userguide/model-parameters-cohere-command-r-plus.html>
//! * <https://docs.cohere.com/v1/docs/streaming>
//!
//! In a stream the last event has the whole answer once more.
//!
//! Documents and tools are accepted and change nothing: nothing is cited, and no tool is ever called.

use serde::de::IgnoredAny;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use super::answer::Refusal;
use super::bounded::{Integer, Number, Text};
use super::completion::Completion;
use super::digest::Seal;
use super::models::Model;
use super::reply::{End, Limits, reply};
use super::{json, tokens};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(dead_code, reason = "what is not read below is only checked, or accepted without effect")]
struct Request {
    message: Text<1, { usize::MAX }>,
    #[serde(default)]
    chat_history: Vec<Turn>,
    documents: Option<Vec<Map<String, Value>>>,
    #[serde(default)]
    search_queries_only: bool,
    preamble: Option<String>,
    max_tokens: Option<Integer<1, { i64::MAX }>>,
    temperature: Option<Number<0, 1>>,
    p: Option<Number<0, 1>>,
    k: Option<Number<0, 500>>,
    prompt_truncation: Option<PromptTruncation>,
    frequency_penalty: Option<Number<0, 1>>,
    presence_penalty: Option<Number<0, 1>>,
    seed: Option<i64>,
    #[serde(default)]
    return_prompt: bool,
    tools: Option<Vec<IgnoredAny>>,
    tool_results: Option<Vec<IgnoredAny>>,
    #[serde(default)]
    stop_sequences: Vec<String>,
    raw_prompting: Option<bool>,
}

#[derive(Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
struct Turn {
    role: Role,
    message: String,
}

#[derive(Deserialize, Serialize)]
#[serde(rename_all = "UPPERCASE")]
enum Role {
    User,
    Chatbot,
}

#[derive(Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
enum PromptTruncation {
    Off,
    AutoPreserveOrder,
}

pub(super) fn complete(model: &Model, body: &Value) -> Result<Completion, Refusal> {
    let request: Request = json::read(body)?;
    let seal = Seal::new(model, body);
    let message = request.message.0;
    let history = request.chat_history;
    let preamble = request.preamble.unwrap_or_default();
    let read = history.iter().map(|turn| &turn.message).chain([&preamble, &message]);
    let input_tokens = read.map(|text| tokens::count(text)).sum();

    let mut answer = json!({
        "response_id": seal.uuid("response_id"),
        "generation_id": seal.uuid("generation_id"),
        "text": "",
        "finish_reason": "COMPLETE",
    });
    if request.return_prompt {
        answer["prompt"] = json!(message);
    }
    if request.tools.is_some() {
        answer["tool_calls"] = json!([]);
    }
    if request.search_queries_only {
        // No reply then, only queries to search with: here the message itself.
        answer["is_search_required"] = json!(true);
        answer["search_queries"] = json!([{"text": message, "generation_id": seal.uuid("search_query")}]);
        let queries =
            [event("search-queries-generation", "search_queries", answer["search_queries"].clone())];
        let output_tokens = tokens::count(&message);
        return Ok(completion([input_tokens, output_tokens], None, answer, queries.into_iter()));
    }

    let max_tokens = request.max_tokens.map(|limit| limit.0);
    let reply = reply(&message, &Limits { max_tokens, stop: &request.stop_sequences });
    if reply.end == End::Length {
        answer["finish_reason"] = json!("MAX_TOKENS");
    }
    answer["text"] = json!(reply.text);
    let texts = reply.deltas().map(|delta| event("text-generation", "text", json!(delta.text)));
    let output_tokens = reply.tokens;
    let new = [Turn { role: Role::User, message }, Turn { role: Role::Chatbot, message: reply.text }];
    answer["chat_history"] = history.iter().chain(&new).map(|turn| json!(turn)).collect();
    Ok(completion([input_tokens, output_tokens], max_tokens, answer, texts))
}

fn completion(
    [input_tokens, output_tokens]: [u64; 2],
    max_tokens: Option<i64>,
    answer: Value,
    events: impl Iterator<Item = Value> + Send + 'static,
) -> Completion {
    let start = event("stream-start", "generation_id", answer["generation_id"].clone());
    let mut end = event("stream-end", "finish_reason", answer["finish_reason"].clone());
    end["is_finished"] = json!(true);
    end["response"] = answer.clone();
    let chunks = Box::new(std::iter::once(start).chain(events).chain([end]));
    Completion { input_tokens, output_tokens, max_tokens, whole: answer, chunks }
}

fn event(kind: &str, key: &str, value: Value) -> Value {
    json!({"event_type": kind, "is_finished": false, key: value})
}
