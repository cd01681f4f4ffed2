//! Makes scenarios from recorded exchanges with the service. The client must parse each recorded response.
//!
//! A folder of recordings has a file `OPERATION.jsonl` for each operation. Each line is an object with the members
//! `id`, `source`, `method`, `path`, `request` (the body), `status`, `headers`, and `body` or `body_base64`.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use invoke_model_protocol::event_stream::{Decoder, HeaderValue, Message};
use percent_encoding::percent_decode_str;
use serde::Deserialize;
use serde_json::{Map, Value, json};

use crate::load::{LoadError, scenario};
use crate::scenario::Scenario;
use crate::tagged;

/// Members that contain blobs. Each entry is the name of the parent member, and the name of the blob.
const BLOBS: [(&str, &str); 4] = [
    ("source", "bytes"),
    ("chunk", "bytes"),
    ("invokeModel", "body"),
    ("reasoningContent", "redactedContent"),
];

/// Members of responses that the public model does not define. Clients ignore them. Each entry is an operation, the
/// name of the parent member, and the name of the member.
const UNMODELED: [(&str, &str, &str); 8] = [
    ("ApplyGuardrail", "", "blockedResponse"),
    ("ApplyGuardrail", "", "output"),
    ("Converse", "usage", "serverToolUsage"),
    ("Converse", "usage", "cacheReadInputTokenCount"),
    ("Converse", "usage", "cacheWriteInputTokenCount"),
    ("ConverseStream", "usage", "serverToolUsage"),
    ("ConverseStream", "usage", "cacheReadInputTokenCount"),
    ("ConverseStream", "usage", "cacheWriteInputTokenCount"),
];

/// A recorded exchange.
#[derive(Debug, Deserialize)]
struct Exchange {
    id: String,
    source: String,
    method: String,
    path: String,
    request: String,
    status: u16,
    headers: BTreeMap<String, String>,
    body: Option<String>,
    body_base64: Option<String>,
}

/// Reads the recordings in a folder.
///
/// # Errors
/// Returns an error if the folder or a file cannot be read, or if a line is not a recording.
pub fn folder(folder: &Path) -> Result<Vec<Scenario>, LoadError> {
    let failure = |path: &Path, problem: &dyn std::fmt::Display| {
        LoadError(vec![format!("{}: {problem}", path.display())])
    };
    let files = fs::read_dir(folder).and_then(|entries| entries.map(|entry| Ok(entry?.path())).collect());
    let mut files: Vec<_> = files.map_err(|error| failure(folder, &error))?;
    files.retain(|path| path.extension().is_some_and(|extension| extension == "jsonl"));
    files.sort();
    if files.is_empty() {
        return Err(failure(folder, &"the folder has no file `OPERATION.jsonl`"));
    }
    let mut scenarios = Vec::new();
    for path in &files {
        let operation = path.file_stem().unwrap_or_default().to_string_lossy();
        let text = fs::read_to_string(path).map_err(|error| failure(path, &error))?;
        for (index, line) in text.lines().enumerate() {
            let parsed = serde_json::from_str::<Exchange>(line)
                .map_err(|error| error.to_string())
                .and_then(|exchange| exchange.scenario(&operation));
            scenarios
                .push(parsed.map_err(|error| failure(path, &format_args!("{error} in line {}", index + 1)))?);
        }
    }
    Ok(scenarios)
}

impl Exchange {
    fn scenario(&self, operation: &str) -> Result<Scenario, String> {
        let body = match (&self.body, &self.body_base64) {
            (Some(text), None) => text.as_bytes().to_vec(),
            (None, Some(text)) => STANDARD.decode(text).map_err(|error| format!("`body_base64`: {error}"))?,
            _ => return Err("a recording needs either `body` or `body_base64`".to_owned()),
        };
        let mut headers: BTreeMap<_, _> = self
            .headers
            .iter()
            .filter(|(name, _)| *name == "content-type" || name.starts_with("x-amzn-"))
            .map(|(name, value)| (name.as_str(), value.as_str()))
            .collect();
        let stream = "application/vnd.amazon.eventstream";
        let default = if self.body_base64.is_some() { stream } else { "application/json" };
        headers.entry("content-type").or_insert(default);
        let mut expect = self.expectation(operation, &body)?;
        expect["request"] = json!({"method": self.method});
        let mut scenario = scenario(&json!({
            "id": self.id,
            "rule": {"text": "A client must parse the responses of the service.", "link": self.link()},
            "operation": operation,
            "input": self.input(operation)?,
            "server": {"rules": [{"status": self.status, "headers": headers, "body_base64": STANDARD.encode(&body)}]},
            "expect": expect,
        }))
        .map_err(|error| error.to_string())?;
        scenario.id = format!("recorded/{operation}/{}", self.id);
        scenario.concern = "Recorded responses of the service".to_owned();
        Ok(scenario)
    }

    /// Returns the URL of the file that contains the recording.
    fn link(&self) -> String {
        let (repository, rest) = self.source.split_once('@').unwrap_or((&self.source, ""));
        let (commit, file) = rest.split_once(':').unwrap_or((rest, ""));
        let file = file.split('#').next().unwrap_or_default();
        format!("https://github.com/{repository}/blob/{commit}/{file}")
    }

    /// Returns the input, which consists of the labels of the path and the members of the body.
    fn input(&self, operation: &str) -> Result<Map<String, Value>, String> {
        let labels: &[&str] = match operation {
            "ApplyGuardrail" => &["", "guardrailIdentifier", "", "guardrailVersion", ""],
            _ => &["", "modelId", ""],
        };
        let mut input = Map::new();
        for (label, segment) in labels.iter().zip(self.path.trim_start_matches('/').split('/')) {
            if !label.is_empty() {
                let value = percent_decode_str(segment).decode_utf8_lossy();
                input.insert((*label).to_owned(), json!(value));
            }
        }
        if operation.starts_with("InvokeModel") {
            input.insert("contentType".to_owned(), json!("application/json"));
            input.insert("body".to_owned(), tagged::of_bytes(self.request.as_bytes()));
        } else {
            let members = serde_json::from_str::<Map<_, _>>(&self.request);
            let members = members.map_err(|error| format!("`request`: {error}"))?;
            input.extend(members.into_iter().map(|(name, value)| {
                let value = members_of_client(operation, &name, value);
                (name, value)
            }));
        }
        Ok(input)
    }

    fn expectation(&self, operation: &str, body: &[u8]) -> Result<Value, String> {
        let json = || serde_json::from_slice::<Value>(body).map_err(|error| format!("`body`: {error}"));
        if self.status >= 300 {
            let mut error = match self.headers.get("x-amzn-errortype").and_then(|code| code.split(':').next())
            {
                Some(code) => json!({"class": "service", "code": code, "message": json()?["message"]}),
                // The recording lacks the header with the code, so clients may report an invalid response.
                None => json!({"class": ["service", "response"]}),
            };
            error["status"] = json!(self.status);
            return Ok(json!({ "error": error }));
        }
        if self.body_base64.is_some() {
            return events(operation, body);
        }
        if operation == "InvokeModel" {
            let content_type = self.headers.get("content-type").map_or("application/json", String::as_str);
            return Ok(json!({"output": {"body": tagged::of_bytes(body), "contentType": content_type}}));
        }
        Ok(json!({"output": members_of_client(operation, "", json()?)}))
    }
}

/// Returns the expected events of a stream.
fn events(operation: &str, body: &[u8]) -> Result<Value, String> {
    let mut decoder = Decoder::new();
    decoder.push(body);
    let mut events = Vec::new();
    while let Some(message) = decoder.decode().map_err(|error| format!("`body_base64`: {error}"))? {
        let payload: Value = serde_json::from_slice(message.payload()).unwrap_or_default();
        if let Some(exception) = text(&message, ":exception-type") {
            // The exception type is the name of a union member. The code is this name with an upper-case first letter.
            let code = upper_camel(&exception);
            let error = json!({"class": ["stream", "service"], "code": code, "message": payload["message"]});
            return Ok(json!({"events": events, "error": error}));
        }
        let name = text(&message, ":event-type").ok_or("`body_base64`: a message is not an event")?;
        events.push(json!({ &name: members_of_client(operation, &name, payload) }));
    }
    Ok(match operation {
        "InvokeModelWithResponseStream" => {
            json!({"output": {"contentType": "application/json"}, "events": events})
        }
        _ => json!({ "events": events }),
    })
}

fn upper_camel(name: &str) -> String {
    let mut characters = name.chars();
    characters.next().map(|first| first.to_ascii_uppercase()).into_iter().chain(characters).collect()
}

fn text(message: &Message, name: &str) -> Option<String> {
    match message.header(name)? {
        HeaderValue::String(text) => Some(text.to_owned()),
        _ => None,
    }
}

/// Converts JSON of the service to the members that a client reports. Tags blobs. Makes padding and members that the
/// public model does not define optional. Also makes members with the value `null` optional, because a client can
/// report the default of a required member instead. `parent` is the name of the member with this value.
fn members_of_client(operation: &str, parent: &str, value: Value) -> Value {
    match value {
        Value::Object(members) => {
            let converted = members.into_iter().map(|(name, value)| {
                let is_unmodeled = UNMODELED.contains(&(operation, parent, &name))
                    || (name == "p" && operation.ends_with("Stream"));
                let is_document = name == "json"
                    || (parent == "toolUse" && name == "input")
                    || name.starts_with("additionalModelRe");
                let value = match &value {
                    _ if is_unmodeled => tagged::optional(),
                    _ if is_document => value,
                    Value::Null => tagged::optional(),
                    Value::String(text) if BLOBS.contains(&(parent, &name)) => json!({"$bytes": text}),
                    _ => members_of_client(operation, &name, value),
                };
                (name, value)
            });
            Value::Object(converted.collect())
        }
        Value::Array(items) => {
            items.into_iter().map(|item| members_of_client(operation, parent, item)).collect()
        }
        other => other,
    }
}

#[cfg(test)]
mod tests;
