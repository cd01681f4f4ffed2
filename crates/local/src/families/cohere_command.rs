//! Cohere Command R and R+. A request has a `message`, and its response has a `text`.
//!
//! * <https://docs.aws.amazon.com/bedrock/latest/userguide/model-parameters-cohere-command-r-plus.html>
//! * <https://docs.cohere.com/v1/docs/streaming>
//!
//! The last event of a stream repeats the complete response.
//!
//! Documents and tools are accepted but have no effect. Responses contain no citations and no tool calls.

use serde::de::IgnoredAny;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use super::completion::Completion;
use super::models::Model;
use super::reply::{ReplyBounds, StopReason, reply};
use super::response::{Rejection, ResponseIds};
use super::schema::{Integer, Number, Text};
use super::{json, tokens};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(dead_code, reason = "the unused members are only validated, or have no effect")]
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

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Turn {
    role: Role,
    message: String,
}

#[derive(Serialize, Deserialize)]
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

pub(super) fn complete(model: &Model, body: &Value) -> Result<Completion, Rejection> {
    let request: Request = json::read(body)?;
    let ids = ResponseIds::new(model, body);
    let message = request.message.0;
    let history = request.chat_history;
    let preamble = request.preamble.unwrap_or_default();
    let texts = history.iter().map(|turn| &turn.message).chain([&preamble, &message]);
    let input_tokens = texts.map(|text| tokens::count(text)).sum();

    let mut response = json!({
        "response_id": ids.uuid("response_id"),
        "generation_id": ids.uuid("generation_id"),
        "text": "",
        "finish_reason": "COMPLETE",
    });
    if request.return_prompt {
        response["prompt"] = json!(message);
    }
    if request.tools.is_some() {
        response["tool_calls"] = json!([]);
    }
    if request.search_queries_only {
        // The response has search queries instead of text. The only query is the message itself.
        response["is_search_required"] = json!(true);
        response["search_queries"] = json!([{"text": message, "generation_id": ids.uuid("search_query")}]);
        let queries =
            [event("search-queries-generation", "search_queries", response["search_queries"].clone())];
        let output_tokens = tokens::count(&message);
        return Ok(completion([input_tokens, output_tokens], None, response, queries.into_iter()));
    }

    let max_tokens = request.max_tokens.map(|limit| limit.0);
    let reply = reply(&message, &ReplyBounds { max_tokens, stop_sequences: &request.stop_sequences });
    if reply.stop == StopReason::MaxTokens {
        response["finish_reason"] = json!("MAX_TOKENS");
    }
    response["text"] = json!(reply.text);
    let texts = reply.deltas().map(|delta| event("text-generation", "text", json!(delta.text)));
    let output_tokens = reply.tokens;
    let added = [Turn { role: Role::User, message }, Turn { role: Role::Chatbot, message: reply.text }];
    response["chat_history"] = history.iter().chain(&added).map(|turn| json!(turn)).collect();
    Ok(completion([input_tokens, output_tokens], max_tokens, response, texts))
}

fn completion(
    [input_tokens, output_tokens]: [u64; 2],
    max_tokens: Option<i64>,
    response: Value,
    events: impl Iterator<Item = Value> + Send + 'static,
) -> Completion {
    let start = event("stream-start", "generation_id", response["generation_id"].clone());
    let mut end = event("stream-end", "finish_reason", response["finish_reason"].clone());
    end["is_finished"] = json!(true);
    end["response"] = response.clone();
    let chunks = Box::new(std::iter::once(start).chain(events).chain([end]));
    Completion { input_tokens, output_tokens, max_tokens, response, chunks }
}

fn event(kind: &str, key: &str, value: Value) -> Value {
    json!({"event_type": kind, "is_finished": false, key: value})
}
