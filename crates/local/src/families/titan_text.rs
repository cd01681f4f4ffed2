//! Amazon Titan Text: `inputText` in, `results` out.
//!
//! <https://docs.aws.amazon.com/bedrock/latest/userguide/model-parameters-titan-text.html>

use serde::Deserialize;
use serde_json::{Value, json};

use super::answer::{Answer, Refusal};
use super::bounded::{Number, Text, within};
use super::fault::Fault;
use super::models::Model;
use super::reply::{End, Limits, reply};
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

pub(super) fn answer(model: &Model, body: &Value) -> Result<Answer, Refusal> {
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
    let body = json!({
        "inputTextTokenCount": input_tokens,
        "results": [{"tokenCount": reply.tokens, "outputText": reply.text, "completionReason": reason}],
    });
    Ok(Answer::json(&body, input_tokens, reply.tokens))
}

/// The most tokens that a caller may ask for.
fn longest(model: &Model) -> i64 {
    match model.id {
        "amazon.titan-text-lite-v1" => 4_096,
        "amazon.titan-text-premier-v1:0" => 3_072,
        _ => 8_192,
    }
}
