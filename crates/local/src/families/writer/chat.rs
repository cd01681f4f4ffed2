//! The chat completion schemas of Mistral AI and OpenAI. A choice of Mistral AI has the members `message` and
//! `stop_reason`. A choice of OpenAI has `finish_reason`, and `message` (or `delta` in a stream).

use serde_json::{Value, json};

use super::{StreamState, length_or, tool_calls};
use crate::conversation::{Answer, AnswerEnd, Block, Part};

/// The tags around the reasoning in the text of gpt-oss models.
const OPEN: &str = "<reasoning>";
const CLOSE: &str = "</reasoning>";

pub(super) fn response(mut template: Value, input_tokens: u64, answer: &Answer) -> Value {
    let (mut text, mut reasoning, mut calls) = (String::new(), String::new(), Vec::new());
    for block in &answer.blocks {
        match block {
            Block::Text(part) => text.push_str(part),
            Block::Reasoning { text, .. } => reasoning.push_str(text),
            Block::ToolUse(call) => {
                calls.push((call.tool_use_id.clone(), call.name.clone(), call.input.to_string()));
            }
        }
    }
    let mut message = json!({"role": "assistant"});
    if !reasoning.is_empty() {
        if has_tags(&template) {
            text.insert_str(0, &format!("{OPEN}{reasoning}{CLOSE}"));
        } else {
            message["reasoning_content"] = json!(reasoning);
        }
    }
    message["content"] = json!(text);
    if !calls.is_empty() {
        message["tool_calls"] = tool_calls(calls);
    }
    let stop_reason = stop_reason(&answer.stop_reason);
    let choice = &mut template["choices"][0];
    choice["message"] = message;
    let member = stop_member(choice);
    choice[member] = json!(stop_reason);
    if template.get("usage").is_some() {
        template["usage"] = usage(input_tokens, answer.output_tokens);
    }
    template
}

pub(super) fn chunks(template: &Value, state: &mut StreamState, part: Part) -> Vec<Value> {
    if template["choices"][0].get("finish_reason").is_some() {
        openai_chunks(template, state, part)
    } else {
        mistral_chunks(state, part)
    }
}

/// Returns the chunks of a Mistral model. The tool calls are in the last chunk.
fn mistral_chunks(state: &mut StreamState, part: Part) -> Vec<Value> {
    let chunk = |message: Value, stop_reason: Option<&str>| json!({"choices": [{"index": 0, "message": message, "stop_reason": stop_reason}]});
    match part {
        Part::Text(text) => vec![chunk(json!({"role": "assistant", "content": text}), None)],
        // Mistral models have no reasoning.
        Part::Reasoning(_) | Part::Signature(_) => Vec::new(),
        Part::ToolCall { id, name, .. } => {
            state.calls.push((id, name, String::new()));
            Vec::new()
        }
        Part::ToolInput(input) => {
            if let Some((_, _, arguments)) = state.calls.last_mut() {
                arguments.push_str(&input);
            }
            Vec::new()
        }
        Part::End(end) => {
            let mut message = json!({"role": "assistant", "content": ""});
            if !state.calls.is_empty() {
                message["tool_calls"] = tool_calls(std::mem::take(&mut state.calls));
            }
            vec![chunk(message, Some(stop_reason(&end.stop_reason)))]
        }
    }
}

fn openai_chunks(template: &Value, state: &mut StreamState, part: Part) -> Vec<Value> {
    let chunk = |delta: Value, finish_reason: Option<&str>| {
        let mut chunk = template.clone();
        chunk["object"] = json!("chat.completion.chunk");
        chunk["choices"] =
            json!([{"index": 0, "delta": delta, "finish_reason": finish_reason, "logprobs": null}]);
        if let Some(members) = chunk.as_object_mut() {
            members.remove("usage");
        }
        chunk
    };
    let mut chunks = Vec::new();
    if state.begin() {
        chunks.push(chunk(json!({"role": "assistant", "content": ""}), None));
    }
    let is_reasoning = matches!(part, Part::Reasoning(_));
    if has_tags(template) && is_reasoning != state.open.is_some() {
        state.open = is_reasoning.then_some("reasoning");
        chunks.push(chunk(json!({"content": if is_reasoning { OPEN } else { CLOSE }}), None));
    }
    match part {
        Part::Text(text) => chunks.push(chunk(json!({"content": text}), None)),
        Part::Reasoning(text) => {
            let key = if has_tags(template) { "content" } else { "reasoning_content" };
            chunks.push(chunk(json!({key: text}), None));
        }
        Part::Signature(_) => {}
        Part::ToolCall { id, name, .. } => {
            let function = json!({"name": name, "arguments": ""});
            let call = json!({"index": state.index, "id": id, "type": "function", "function": function});
            state.index += 1;
            chunks.push(chunk(json!({"tool_calls": [call]}), None));
        }
        Part::ToolInput(input) => {
            let index = state.index.saturating_sub(1);
            let call = json!({"index": index, "function": {"arguments": input}});
            chunks.push(chunk(json!({"tool_calls": [call]}), None));
        }
        Part::End(AnswerEnd { stop_reason: reason, input_tokens, output_tokens, .. }) => {
            let mut last = chunk(json!({}), Some(stop_reason(&reason)));
            if template.get("usage").is_some() {
                last["usage"] = usage(input_tokens, output_tokens);
            }
            chunks.push(last);
        }
    }
    chunks
}

/// Returns `true` if the model puts its reasoning in the text, between tags. The simulated response of such a model
/// begins with a tag, because these models always reason.
fn has_tags(template: &Value) -> bool {
    let text = template["choices"][0]["message"]["content"].as_str();
    text.is_some_and(|text| text.starts_with(OPEN))
}

fn usage(input_tokens: u64, output_tokens: u64) -> Value {
    json!({
        "prompt_tokens": input_tokens,
        "completion_tokens": output_tokens,
        "total_tokens": input_tokens + output_tokens,
    })
}

fn stop_member(choice: &Value) -> &'static str {
    if choice.get("finish_reason").is_some() { "finish_reason" } else { "stop_reason" }
}

fn stop_reason(stop_reason: &invoke_model_types::StopReason) -> &'static str {
    match stop_reason.as_str() {
        "tool_use" => "tool_calls",
        "content_filtered" | "guardrail_intervened" => "content_filter",
        _ => length_or(stop_reason, "stop"),
    }
}
