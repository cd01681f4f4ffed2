//! Amazon Titan Text. A request has an `inputText`, and its response has `results`.
//!
//! <https://docs.aws.amazon.com/bedrock/latest/userguide/model-parameters-titan-text.html>
//!
//! Some members have different names in a stream chunk and in a complete response. Only the first chunk
//! contains the number of prompt tokens. Only the last chunk contains the number of generated tokens and the
//! completion reason.

use serde::Deserialize;
use serde_json::{Value, json};

use super::chat_template::last_user_turn;
use super::completion::Completion;
use super::models::Model;
use super::reply::{Reply, ReplyBounds, StopReason, reply};
use super::response::Rejection;
use super::schema::{Number, Text, within};
use super::validation_error::ValidationError;
use super::{json, tokens};

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
struct Request {
    input_text: Text<1, { usize::MAX }>,
    #[serde(default)]
    text_generation_config: Config,
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
#[expect(dead_code, reason = "temperature and topP are only validated")]
struct Config {
    temperature: Option<Number<0, 1>>,
    top_p: Option<Number<0, 1>>,
    max_token_count: Option<i64>,
    #[serde(default)]
    stop_sequences: Vec<String>,
}

const DEFAULT_MAX_TOKENS: i64 = 512;

pub(super) fn complete(model: &Model, body: &Value) -> Result<Completion, Rejection> {
    let request: Request = json::read(body)?;
    let config = request.text_generation_config;
    let max_tokens = config.max_token_count.unwrap_or(DEFAULT_MAX_TOKENS);
    within(max_tokens, 0, max_token_limit(model))
        .map_err(|error: ValidationError| error.at("maxTokenCount").at("textGenerationConfig"))?;

    let turn = last_user_turn(&request.input_text.0);
    let reply =
        reply(turn, &ReplyBounds { max_tokens: Some(max_tokens), stop_sequences: &config.stop_sequences });
    let input_tokens = tokens::count(&request.input_text.0);
    let reason = match reply.stop {
        StopReason::EndTurn => "FINISHED",
        StopReason::MaxTokens => "LENGTH",
        StopReason::StopSequence(_) => "STOP_CRITERIA_MET",
    };
    let chunks = reply.marked_deltas().map(move |marked| {
        json!({
            "index": 0,
            "inputTextTokenCount": marked.is_first.then_some(input_tokens),
            "totalOutputTextTokenCount": marked.is_last.then_some(marked.delta.tokens),
            "outputText": marked.delta.text,
            "completionReason": marked.is_last.then_some(reason),
        })
    });
    let response = json!({
        "inputTextTokenCount": input_tokens,
        "results": [{"tokenCount": reply.tokens, "outputText": reply.text, "completionReason": reason}],
    });
    let Reply { tokens: output_tokens, max_tokens, .. } = reply;
    Ok(Completion { input_tokens, output_tokens, max_tokens, response, chunks: Box::new(chunks) })
}

/// Returns the maximum value of `maxTokenCount` for a model.
fn max_token_limit(model: &Model) -> i64 {
    match model.id {
        "amazon.titan-text-lite-v1" => 4_096,
        "amazon.titan-text-premier-v1:0" => 3_072,
        _ => 8_192,
    }
}
