//! Amazon Titan Text: `inputText` in, `results` out.
//!
//! <https://docs.aws.amazon.com/bedrock/latest/userguide/model-parameters-titan-text.html>
//!
//! In a stream the keys of the result stand in each chunk, with other names: the prompt is counted in the first, the
//! result in the last, which says why it ends.

use serde::Deserialize;
use serde_json::{Value, json};

use super::answer::Refusal;
use super::bounded::{Number, Text, within};
use super::completion::Completion;
use super::fault::Fault;
use super::models::Model;
use super::reply::{End, Limits, Reply, reply};
use super::{json, prompt, tokens};

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
struct Request {
    input_text: Text<1, { usize::MAX }>,
    #[serde(default)]
    text_generation_config: Config,
}

#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
#[expect(dead_code, reason = "temperature and topP are only checked")]
struct Config {
    temperature: Option<Number<0, 1>>,
    top_p: Option<Number<0, 1>>,
    max_token_count: Option<i64>,
    #[serde(default)]
    stop_sequences: Vec<String>,
}

const DEFAULT_MAX_TOKENS: i64 = 512;

pub(super) fn complete(model: &Model, body: &Value) -> Result<Completion, Refusal> {
    let request: Request = json::read(body)?;
    let config = request.text_generation_config;
    let max_tokens = config.max_token_count.unwrap_or(DEFAULT_MAX_TOKENS);
    within(max_tokens, 0, longest(model))
        .map_err(|fault: Fault| fault.at("maxTokenCount").at("textGenerationConfig"))?;

    let turn = prompt::last_turn(&request.input_text.0, &["User:"], &["\nBot:"]);
    let reply = reply(turn, &Limits { max_tokens: Some(max_tokens), stop: &config.stop_sequences });
    let input_tokens = tokens::count(&request.input_text.0);
    let reason = match reply.end {
        End::Finished => "FINISHED",
        End::Length => "LENGTH",
        End::Stop(_) => "STOP_CRITERIA_MET",
    };
    let chunks = reply.steps().map(move |step| {
        json!({
            "index": 0,
            "inputTextTokenCount": step.is_first.then_some(input_tokens),
            "totalOutputTextTokenCount": step.is_last.then_some(step.delta.tokens),
            "outputText": step.delta.text,
            "completionReason": step.is_last.then_some(reason),
        })
    });
    let whole = json!({
        "inputTextTokenCount": input_tokens,
        "results": [{"tokenCount": reply.tokens, "outputText": reply.text, "completionReason": reason}],
    });
    let Reply { tokens: output_tokens, max_tokens, .. } = reply;
    Ok(Completion { input_tokens, output_tokens, max_tokens, whole, chunks: Box::new(chunks) })
}

/// The most tokens that a caller may ask for.
fn longest(model: &Model) -> i64 {
    match model.id {
        "amazon.titan-text-lite-v1" => 4_096,
        "amazon.titan-text-premier-v1:0" => 3_072,
        _ => 8_192,
    }
}
