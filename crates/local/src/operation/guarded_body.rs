//! Guardrails of `InvokeModel` and `InvokeModelWithResponseStream`: the texts in the bodies of the vendors.
//!
//! The guardrail evaluates the text of the messages of the user, and then the text of the response. The
//! response of a guarded call has additional members:
//! <https://docs.aws.amazon.com/bedrock/latest/userguide/guardrails-use-inference-api.html>
//!
//! A blocked response has the schema of the vendor. Its only text is the message of the guardrail.

use invoke_model_types::Trace;
use serde_json::{Map, Value, json};

use crate::families::{self, ModelResponse, Rejection, ResponseChunks, count_tokens};
use crate::guardrail::{CallTrace, Content, GuardedCall, Outcome, Scope};

const ACTION: &str = "amazon-bedrock-guardrailAction";
const TRACE: &str = "amazon-bedrock-trace";

/// The members that contain the text of a response or of a chunk.
const TEXT_MEMBERS: [&str; 5] = ["text", "outputText", "generation", "completion", "content"];

/// The members that contain other texts, such as the arguments of tools. The last chunk of a Cohere model
/// repeats the complete text in `response`.
const OPAQUE_MEMBERS: [&str; 5] = ["input", "arguments", "tool_calls", "chat_history", "response"];

/// The members that contain the number of output tokens.
const OUTPUT_TOKENS: [&str; 6] = [
    "output_tokens",
    "outputTokens",
    "tokenCount",
    "totalOutputTextTokenCount",
    "generation_token_count",
    "completion_tokens",
];

/// Returns the scope of a trace, if a request asks for a trace.
pub(super) fn trace_scope(trace: Option<&Trace>) -> Option<Scope> {
    match trace {
        Some(trace) if *trace == Trace::ENABLED => Some(Scope::Interventions),
        Some(trace) if *trace == Trace::ENABLED_FULL => Some(Scope::Full),
        _ => None,
    }
}

/// Returns the response of a model after the guardrail has evaluated the input and the output. `blocked` is the
/// message of a blocked input.
pub(super) fn respond(
    mut call: GuardedCall<'_>,
    blocked: Option<String>,
    mut response: ModelResponse,
    model_id: &str,
    body: &Value,
) -> Result<ModelResponse, Rejection> {
    let mut value = parse(&response)?;
    let outcome = match blocked {
        Some(message) => Outcome::Blocked(message),
        None => call.check_output(texts(&mut value)),
    };
    let has_intervened = outcome != Outcome::Pass;
    match outcome {
        Outcome::Pass => {}
        Outcome::Masked(texts) => replace(&mut value, texts),
        Outcome::Blocked(message) => {
            value = parse(&families::respond(model_id, &with_text_only(body))?)?;
            response.output_tokens = count_tokens(&message);
            set_output_tokens(&mut value, response.output_tokens);
            replace(&mut value, vec![message]);
        }
    }
    value[ACTION] = action(has_intervened);
    if let Some(trace) = call.into_trace() {
        value[TRACE] = trace_member(trace);
    }
    response.body = value.to_string().into_bytes();
    Ok(response)
}

/// Returns the chunks of a stream after the guardrail has evaluated the input and the output. If the
/// guardrail intervenes, one chunk contains the complete text, as in the service. `blocked` is the message of a
/// blocked input.
pub(super) fn stream(
    mut call: GuardedCall<'_>,
    blocked: Option<String>,
    mut response: ResponseChunks,
    model_id: &str,
    body: &Value,
) -> Result<ResponseChunks, Rejection> {
    let mut chunks: Vec<Value> = response.by_ref().collect();
    let outcome = match blocked {
        Some(message) => Outcome::Blocked(message),
        None => call.check_output(vec![chunks.iter_mut().flat_map(texts).collect()]),
    };
    let has_intervened = outcome != Outcome::Pass;
    match outcome {
        Outcome::Pass => {}
        Outcome::Masked(texts) => replace_in_chunks(&mut chunks, texts.concat()),
        Outcome::Blocked(message) => {
            chunks = families::stream(model_id, &with_text_only(body))?.collect();
            response.output_tokens = count_tokens(&message);
            chunks.iter_mut().for_each(|chunk| set_output_tokens(chunk, response.output_tokens));
            replace_in_chunks(&mut chunks, message);
        }
    }
    for chunk in &mut chunks {
        chunk[ACTION] = action(has_intervened);
    }
    if let (Some(last), Some(trace)) = (chunks.last_mut(), call.into_trace()) {
        last[TRACE] = trace_member(trace);
    }
    Ok(response.with_chunks(chunks))
}

/// Returns the texts of the user in a body. If the body has a `tagSuffix` and tagged texts, only the tagged
/// texts are guarded.
pub(super) fn input(body: &Value) -> Content {
    let mut texts = Vec::new();
    if let Some(messages) = body["messages"].as_array() {
        let of_user = messages.iter().filter(|message| message["role"] == "user");
        of_user.for_each(|message| collect(&message["content"], &mut texts));
    }
    let members = ["inputText", "prompt", "message"].into_iter().filter_map(|name| body.get(name));
    members.for_each(|member| collect(member, &mut texts));
    let suffix = body.pointer("/amazon-bedrock-guardrailConfig/tagSuffix").and_then(Value::as_str);
    let Some(suffix) = suffix else { return Content::guarded(texts) };
    let tag = format!("amazon-bedrock-guardrails-guardContent_{suffix}>");
    let (open, close) = (format!("<{tag}"), format!("</{tag}"));
    if !texts.iter().any(|text| text.contains(&open)) {
        return Content::guarded(texts);
    }
    let mut content = Content::default();
    for text in &texts {
        for (index, part) in text.split(&open).enumerate() {
            match part.split_once(&close) {
                Some((guarded, rest)) if index > 0 => {
                    content.push(guarded, true);
                    content.push(rest, false);
                }
                _ => content.push(part, index > 0),
            }
        }
    }
    content
}

/// Collects the text of a string, or of a list of content parts.
fn collect(content: &Value, texts: &mut Vec<String>) {
    match content {
        Value::String(text) => texts.push(text.clone()),
        Value::Array(parts) => parts.iter().for_each(|part| {
            collect(&part["text"], texts);
            collect(&part["content"], texts);
        }),
        _ => {}
    }
}

/// Returns the body without tools, stop sequences and thinking. Every model responds to this body with text
/// only.
fn with_text_only(body: &Value) -> Value {
    let mut body = body.clone();
    if let Some(members) = body.as_object_mut() {
        for name in ["tools", "tool_choice", "toolConfig", "stop_sequences", "thinking"] {
            members.remove(name);
        }
    }
    body
}

fn parse(response: &ModelResponse) -> Result<Value, Rejection> {
    serde_json::from_slice(&response.body).map_err(|error| Rejection::Internal(error.to_string()))
}

fn texts(value: &mut Value) -> Vec<String> {
    let mut texts = Vec::new();
    visit(value, &mut |text| texts.push(text.clone()));
    texts
}

/// Replaces the texts of a response. If there are fewer new texts, the other texts become empty.
fn replace(value: &mut Value, texts: Vec<String>) {
    // Replace the text in the chat history, too. The chat history of a Cohere model ends with the response.
    let history = value.get_mut("chat_history").and_then(|history| history.as_array_mut()?.last_mut());
    if let Some(last) = history.filter(|last| last["role"] == "CHATBOT") {
        last["message"] = json!(texts.concat());
    }
    let mut texts = texts.into_iter();
    visit(value, &mut |text| *text = texts.next().unwrap_or_default());
}

/// Puts a text into the first chunk that has text. Removes the other chunks that have text. Keeps the last
/// chunk of the stream, because this chunk may also have the stop reason.
fn replace_in_chunks(chunks: &mut Vec<Value>, text: String) {
    for response in chunks.iter_mut().filter_map(|chunk| chunk.get_mut("response")) {
        replace(response, vec![text.clone()]);
    }
    let (mut text, last) = (Some(text), chunks.len().saturating_sub(1));
    let mut index = 0;
    chunks.retain_mut(|chunk| {
        let is_last = index == last;
        index += 1;
        let has_text = texts(chunk).iter().any(|text| !text.is_empty());
        let first = text.take_if(|_| has_text);
        let is_kept = first.is_some() || !has_text || is_last;
        if has_text {
            replace(chunk, vec![first.unwrap_or_default()]);
        }
        // Nova models send each piece of text as a separate block. Remove the stop events of the blocks whose
        // text was removed.
        let is_stop_of_removed_block =
            chunk.pointer("/contentBlockStop/contentBlockIndex").is_some_and(|block| *block != 0);
        is_kept && !is_stop_of_removed_block
    });
}

/// Calls a function with each text of a response or a chunk.
fn visit(value: &mut Value, found: &mut dyn FnMut(&mut String)) {
    match value {
        Value::Array(items) => items.iter_mut().for_each(|item| visit(item, found)),
        Value::Object(members) => members.iter_mut().for_each(|(name, member)| match member {
            Value::String(text) if TEXT_MEMBERS.contains(&name.as_str()) => found(text),
            member if !OPAQUE_MEMBERS.contains(&name.as_str()) => visit(member, found),
            _ => {}
        }),
        _ => {}
    }
}

/// Sets the number of output tokens in the usage of a response or a chunk.
fn set_output_tokens(value: &mut Value, tokens: u64) {
    match value {
        Value::Array(items) => items.iter_mut().for_each(|item| set_output_tokens(item, tokens)),
        Value::Object(members) => {
            set_total_tokens(members, tokens);
            for (name, member) in members {
                match member {
                    Value::Number(_) if OUTPUT_TOKENS.contains(&name.as_str()) => *member = json!(tokens),
                    member => set_output_tokens(member, tokens),
                }
            }
        }
        _ => {}
    }
}

fn set_total_tokens(usage: &mut Map<String, Value>, output: u64) {
    for (input, total) in [("inputTokens", "totalTokens"), ("prompt_tokens", "total_tokens")] {
        if let (Some(input), true) = (usage.get(input).and_then(Value::as_u64), usage.contains_key(total)) {
            usage.insert(total.to_owned(), json!(input + output));
        }
    }
}

fn action(has_intervened: bool) -> Value {
    json!(if has_intervened { "INTERVENED" } else { "NONE" })
}

fn trace_member(trace: CallTrace) -> Value {
    let mut guardrail = json!({"actionReason": trace.action_reason});
    if let Some(assessment) = trace.input {
        guardrail["input"] = json!({trace.id.as_str(): assessment});
    }
    if let Some(assessment) = trace.output {
        guardrail["outputs"] = json!([{trace.id.as_str(): assessment}]);
        guardrail["modelOutput"] = json!(trace.model_output);
    }
    json!({"guardrail": guardrail})
}
