//! The shape of a response: the names of its headers, the order of its events and the paths of its members.
//! The shape does not contain values, because the models of the local endpoint are simulated.

use std::collections::{BTreeMap, BTreeSet};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use http::Response;
use invoke_model_protocol::event_stream::{HeaderValue, Message};
use serde_json::Value;

use crate::recorded::decode;

/// Headers that depend on the connection, or that recorders drop.
const TRANSPORT_HEADERS: [&str; 4] = ["connection", "content-length", "date", "transfer-encoding"];

/// Members that contain values of the caller or of the model, or the findings of a guardrail.
const OPAQUE: [&str; 6] = [
    "amazon-bedrock-trace",
    "content[].input",
    "embeddings",
    "toolUse.input",
    "tool_calls[].function.arguments",
    "trace.guardrail",
];

/// The shape of a successful response.
#[derive(Debug)]
pub(super) struct Shape {
    /// The names of the headers.
    pub(super) headers: BTreeSet<String>,
    /// The paths of the members, by the name of the event. The name is empty if the response is not a stream.
    pub(super) members: BTreeMap<String, BTreeSet<String>>,
    /// The distinct orders in which events list their headers.
    pub(super) event_headers: BTreeSet<String>,
    /// The first violation of the order of events in `ConverseStream`.
    pub(super) order: Result<(), String>,
}

impl Shape {
    pub(super) fn of(response: &Response<Bytes>) -> Self {
        let names = response.headers().keys().map(|name| name.as_str().to_owned());
        let headers = names.filter(|name| !TRANSPORT_HEADERS.contains(&name.as_str())).collect();
        let is_stream = response
            .headers()
            .get("content-type")
            .is_none_or(|value| value == "application/vnd.amazon.eventstream");
        let mut shape =
            Self { headers, members: BTreeMap::new(), event_headers: BTreeSet::new(), order: Ok(()) };
        if !is_stream || response.body().starts_with(b"{") {
            shape.add("", &serde_json::from_slice(response.body()).unwrap());
            return shape;
        }
        let messages = decode(response.body(), response.body().len()).unwrap();
        for message in &messages {
            let names: Vec<_> = message.headers().map(|(name, _)| name).collect();
            shape.event_headers.insert(names.join(" "));
            let payload: Value = serde_json::from_slice(message.payload()).unwrap();
            let name = event_type(message);
            match payload.get("bytes").and_then(Value::as_str) {
                Some(bytes) => shape.add_chunk(&STANDARD.decode(bytes).unwrap()),
                None => shape.add(&name, &payload),
            }
            if payload.get("p").is_none() {
                shape.members.entry(name).or_default().insert("(no padding)".to_owned());
            }
        }
        if messages.iter().any(|message| event_type(message) != "chunk") {
            shape.order = order(&messages);
        }
        shape
    }

    /// Adds a chunk of `InvokeModelWithResponseStream` under the name that the vendor gives the chunk. The
    /// name is the type of the chunk and of its block, or the only member of the chunk.
    fn add_chunk(&mut self, bytes: &[u8]) {
        let chunk: Value = serde_json::from_slice(bytes).unwrap();
        let text = |pointer: &str| chunk.pointer(pointer).and_then(Value::as_str);
        let block = text("/content_block/type").or(text("/delta/type")).unwrap_or_default();
        let mut members =
            chunk.as_object().unwrap().iter().filter(|(name, _)| !name.starts_with("amazon-bedrock-"));
        let name = match (text("/type"), members.next(), members.next()) {
            (Some(kind), ..) => format!("{kind} {block}").trim_end().to_owned(),
            (None, Some((name, Value::Object(_))), None) => name.clone(),
            _ => "chunk".to_owned(),
        };
        self.add(&name, &chunk);
    }

    fn add(&mut self, event: &str, value: &Value) {
        let paths = self.members.entry(event.to_owned()).or_default();
        add_paths(String::new(), value, paths);
    }
}

fn add_paths(path: String, value: &Value, paths: &mut BTreeSet<String>) {
    let is_opaque = OPAQUE.iter().any(|opaque| path.ends_with(opaque));
    match value {
        Value::Object(members) if !is_opaque && !members.is_empty() => {
            for (name, value) in members {
                let separator = if path.is_empty() { "" } else { "." };
                add_paths(format!("{path}{separator}{name}"), value, paths);
            }
        }
        Value::Array(items) if !is_opaque && !items.is_empty() => {
            items.iter().for_each(|item| add_paths(format!("{path}[]"), item, paths));
        }
        _ => _ = paths.insert(path),
    }
}

fn event_type(message: &Message) -> String {
    match message.header(":event-type") {
        Some(HeaderValue::String(name)) => name.to_owned(),
        other => panic!("expected an event, found {other:?}"),
    }
}

/// Checks the order of the events of `ConverseStream`.
fn order(messages: &[Message]) -> Result<(), String> {
    let mut names: Vec<_> = messages.iter().map(event_type).collect();
    let is_tool = |message: &Message| {
        let payload: Value = serde_json::from_slice(message.payload()).unwrap();
        payload.pointer("/start/toolUse").or(payload.pointer("/delta/toolUse")).is_some()
    };
    let tools: Vec<_> = messages.iter().map(is_tool).collect();
    let end = names.split_off(names.len().saturating_sub(2));
    if end != ["messageStop", "metadata"] || names.first().is_none_or(|name| name != "messageStart") {
        return Err(
            "the stream does not begin with messageStart and end with messageStop and metadata".to_owned()
        );
    }
    let mut previous = "contentBlockStop";
    for (index, name) in names.iter().enumerate().skip(1) {
        let is_valid = match (previous, name.as_str()) {
            ("contentBlockStop", "contentBlockStart") => tools[index],
            ("contentBlockStop", "contentBlockDelta") => !tools[index],
            ("contentBlockStart" | "contentBlockDelta", "contentBlockDelta") => true,
            ("contentBlockStart" | "contentBlockDelta", "contentBlockStop") => true,
            _ => false,
        };
        if !is_valid {
            return Err(format!("{name} follows {previous}"));
        }
        previous = name;
    }
    if previous == "contentBlockStop" { Ok(()) } else { Err("a block does not end".to_owned()) }
}
