//! Uses the model of the service to read JSON and HTTP messages, for comparison with the generated types.
//! This module does not use generated code, so that a mistake of the generator causes a difference.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use http::{HeaderMap, Uri};
use invoke_model_protocol::{Request, Response, Timestamp};
use serde_json::{Map, Value, json};

/// Namespace of the shapes of the service.
const NAMESPACE: &str = "com.amazonaws.bedrockruntime#";

/// The model of the service.
#[derive(Debug)]
pub(crate) struct Model {
    shapes: Map<String, Value>,
}

/// A recorded value, split into the members that the model defines and the names of all other members.
#[derive(Debug)]
pub(crate) struct Known {
    /// The members by their names in the model. Nulls are absent, and blobs are base64 text.
    pub(crate) value: Value,
    /// The members that the model does not define, as `Shape$member`.
    pub(crate) unknown: BTreeSet<String>,
}

/// The body of a request or response.
#[derive(Debug)]
pub(crate) enum Body {
    /// JSON with all members of the body.
    Json(Known),
    /// The blob of the member with this name.
    Blob(String),
    /// The frames of an event stream.
    Events,
    /// No body.
    Empty,
}

impl Model {
    /// Reads the model of this repository.
    pub(crate) fn new() -> Self {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../model/bedrock-runtime.json");
        let model: Value = serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap();
        let shapes = model["shapes"].as_object().unwrap().clone();
        Self { shapes: shapes.into_iter().chain(prelude()).collect() }
    }

    /// Reads the input of an operation from a request.
    pub(crate) fn input(&self, operation: &str, request: &Request) -> Known {
        let uri = request.uri();
        let mut known = self.content(operation, "input", request.body());
        self.read_headers(operation, "input", request.headers(), &mut known.value);
        let http = &self.operation(operation)["traits"]["smithy.api#http"];
        let template = http["uri"].as_str().unwrap().split('?').next().unwrap();
        for (segment, part) in template.split('/').zip(uri.path().split('/')) {
            if let Some(label) = segment.strip_prefix('{').and_then(|segment| segment.strip_suffix('}')) {
                known.value[label] = json!(percent_decoded(part));
            }
        }
        let (_, members) = self.members(operation, "input");
        for (name, member) in members {
            let parameter = member["traits"]["smithy.api#httpQuery"].as_str();
            if let Some(text) = parameter.and_then(|parameter| query(uri, parameter)) {
                known.value[name] = self.read_text(target(member), &text);
            }
        }
        known
    }

    /// Reads the output of an operation from a successful response. If the response is an event stream,
    /// returns only the members in headers.
    pub(crate) fn output(&self, operation: &str, response: &Response) -> Known {
        let mut known = self.content(operation, "output", response.body());
        self.read_headers(operation, "output", response.headers(), &mut known.value);
        known
    }

    /// Reads the body of a request (`input`) or of a successful response (`output`).
    pub(crate) fn body(&self, operation: &str, side: &str, body: &[u8]) -> Body {
        let (shape, members) = self.members(operation, side);
        match payload(members) {
            Some((_, member)) if self.is_stream(target(member)) => Body::Events,
            _ if body.is_empty() => Body::Empty,
            Some((name, _)) => Body::Blob(name.clone()),
            None => Body::Json(self.known(shape, &serde_json::from_slice(body).unwrap())),
        }
    }

    /// Reads the payload of an event. Returns `None` if the model does not define the event.
    pub(crate) fn event(&self, operation: &str, event: &str, payload: &[u8]) -> Option<Known> {
        let member = self.event_member(operation, event)?;
        Some(self.known(target(member), &serde_json::from_slice(payload).unwrap()))
    }

    /// Reads the metrics in the headers and in the body of a successful response. The keys are the names of
    /// the metrics.
    pub(crate) fn metrics(&self, operation: &str, response: &Response) -> BTreeMap<String, Value> {
        let (shape, _) = self.members(operation, "output");
        let mut metrics = BTreeMap::new();
        let headers = self.shape(shape)["traits"]["invokemodel.traits#metricHeaders"].as_object();
        for (header, metric) in headers.into_iter().flatten() {
            if let Some(text) = response.headers().get(header) {
                let number = serde_json::from_slice(text.as_bytes()).unwrap();
                metrics.insert(metric.as_str().unwrap().to_owned(), number);
            }
        }
        self.collect_metrics(shape, &self.content(operation, "output", response.body()).value, &mut metrics);
        metrics
    }

    /// Reads the metrics in an event that the model defines. The keys are the names of the metrics.
    pub(crate) fn event_metrics(
        &self,
        operation: &str,
        event: &str,
        value: &Value,
    ) -> BTreeMap<String, Value> {
        let mut metrics = BTreeMap::new();
        let member = self.event_member(operation, event).unwrap();
        self.collect_metrics(target(member), value, &mut metrics);
        metrics
    }

    fn collect_metrics(&self, shape: &str, value: &Value, metrics: &mut BTreeMap<String, Value>) {
        let members = self.shape(shape)["members"].as_object();
        for (name, member) in members.into_iter().flatten() {
            let Some(value) = value.get(name) else { continue };
            match member["traits"]["invokemodel.traits#responseMetric"].as_str() {
                Some(metric) => drop(metrics.insert(metric.to_owned(), value.clone())),
                None if self.shape(target(member))["type"] == "structure" => {
                    self.collect_metrics(target(member), value, metrics);
                }
                None => {}
            }
        }
    }

    fn event_member(&self, operation: &str, event: &str) -> Option<&Value> {
        let (_, members) = self.members(operation, "output");
        let stream = members.values().map(target).find(|shape| self.is_stream(shape)).unwrap();
        self.shape(stream)["members"].get(event)
    }

    /// Returns the code of the modeled error in a response. `code` is the code in the header of the response.
    /// If the header is missing, uses the only error of the operation that has this status. Returns `None` if
    /// the operation does not define the error.
    pub(crate) fn error(&self, operation: &str, status: u16, code: Option<&str>) -> Option<&str> {
        let errors = self.operation(operation)["errors"].as_array().unwrap();
        let errors: Vec<&str> = errors.iter().map(|error| error["target"].as_str().unwrap()).collect();
        let matching = |shape: &&str| match code {
            Some(code) => shape.strip_prefix(NAMESPACE) == Some(code),
            None => self.shape(shape)["traits"]["smithy.api#httpError"] == status,
        };
        match errors.into_iter().filter(matching).collect::<Vec<_>>()[..] {
            [shape] => shape.strip_prefix(NAMESPACE),
            _ => None,
        }
    }

    fn read_headers(&self, operation: &str, side: &str, headers: &HeaderMap, value: &mut Value) {
        let (_, members) = self.members(operation, side);
        for (name, member) in members {
            let header = member["traits"]["smithy.api#httpHeader"].as_str();
            if let Some(text) = header.and_then(|header| headers.get(header)) {
                value[name] = self.read_text(target(member), text.to_str().unwrap());
            }
        }
    }

    fn content(&self, operation: &str, side: &str, body: &[u8]) -> Known {
        let value = match self.body(operation, side, body) {
            Body::Json(known) => return known,
            Body::Blob(name) => json!({ name: STANDARD.encode(body) }),
            Body::Events | Body::Empty => json!({}),
        };
        Known { value, unknown: BTreeSet::new() }
    }

    fn known(&self, shape: &str, value: &Value) -> Known {
        let mut unknown = BTreeSet::new();
        let value = self.read(shape, value, &mut unknown).unwrap_or_default();
        Known { value, unknown }
    }

    fn read(&self, shape: &str, value: &Value, unknown: &mut BTreeSet<String>) -> Option<Value> {
        let definition = self.shape(shape);
        let kind = definition["type"].as_str().unwrap();
        if kind == "document" {
            return Some(value.clone());
        }
        if value.is_null() {
            return None;
        }
        let read = match (kind, value) {
            ("structure" | "union", Value::Object(found)) => {
                let mut read = Map::new();
                for (name, value) in found {
                    // Null is a value only for a document that is the only member of a union.
                    if value.is_null() && (kind == "structure" || found.len() > 1) {
                        continue;
                    }
                    match definition["members"].get(name) {
                        Some(member) => {
                            read.extend(Some(name.clone()).zip(self.read(target(member), value, unknown)));
                        }
                        None => {
                            unknown.insert(format!("{}${name}", shape.trim_start_matches(NAMESPACE)));
                            // Keeps an unknown member of a union, because the generated types also keep it.
                            read.extend((kind == "union").then(|| (name.clone(), value.clone())));
                        }
                    }
                }
                self.fill_defaults(definition, &mut read);
                Value::Object(read)
            }
            ("list", Value::Array(found)) => {
                let element = target(&definition["member"]);
                found.iter().filter_map(|value| self.read(element, value, unknown)).collect()
            }
            ("map", Value::Object(found)) => {
                let element = target(&definition["value"]);
                let read = found.iter().map(|(key, value)| (key, self.read(element, value, unknown)));
                Value::Object(read.filter_map(|(key, value)| Some((key.clone(), value?))).collect())
            }
            ("timestamp", Value::String(text)) => json!(text.parse::<Timestamp>().unwrap()),
            ("blob" | "string" | "enum", Value::String(_)) | ("boolean", Value::Bool(_)) => value.clone(),
            ("byte" | "short" | "integer" | "long" | "float" | "double", Value::Number(_)) => value.clone(),
            _ => panic!("{shape}: expected a value of the type {kind}, found {value}"),
        };
        Some(read)
    }

    /// Sets unset members to their defaults. Ignores the defaults of an input, and of members with
    /// `clientOptional`, because only the service applies these defaults.
    /// <https://smithy.io/2.0/spec/type-refinement-traits.html#default-trait>
    fn fill_defaults(&self, definition: &Value, members: &mut Map<String, Value>) {
        let is_input = !definition["traits"]["smithy.api#input"].is_null();
        for (name, member) in definition["members"].as_object().into_iter().flatten() {
            let default = &member["traits"]["smithy.api#default"];
            let is_for_service = is_input || member["traits"].get("smithy.api#clientOptional").is_some();
            if !is_for_service && !default.is_null() && !members.contains_key(name) {
                members.insert(name.clone(), default.clone());
            }
        }
    }

    /// Reads the text of a header or of a query parameter.
    fn read_text(&self, shape: &str, text: &str) -> Value {
        match self.shape(shape)["type"].as_str().unwrap() {
            "integer" | "long" | "boolean" | "double" => serde_json::from_str(text).unwrap(),
            "timestamp" => json!(text.parse::<Timestamp>().unwrap()),
            _ => json!(text),
        }
    }

    fn operation(&self, name: &str) -> &Value {
        self.shape(&format!("{NAMESPACE}{name}"))
    }

    fn members(&self, operation: &str, side: &str) -> (&str, &Map<String, Value>) {
        let shape = target(&self.operation(operation)[side]);
        (shape, self.shape(shape)["members"].as_object().unwrap())
    }

    fn is_stream(&self, shape: &str) -> bool {
        let shape = self.shape(shape);
        shape["type"] == "union" && !shape["traits"]["smithy.api#streaming"].is_null()
    }

    fn shape(&self, shape: &str) -> &Value {
        self.shapes.get(shape).unwrap_or_else(|| panic!("the model has no shape {shape}"))
    }
}

/// Returns the shapes of Smithy's prelude. <https://smithy.io/2.0/spec/simple-types.html>
fn prelude() -> impl Iterator<Item = (String, Value)> {
    let types = ["Blob", "Boolean", "Document", "Double", "Float", "Integer", "Long", "String", "Timestamp"];
    let simple = types.map(|name| (format!("smithy.api#{name}"), json!({ "type": name.to_lowercase() })));
    let unit = ("smithy.api#Unit".to_owned(), json!({ "type": "structure", "members": {} }));
    simple.into_iter().chain([unit])
}

/// Returns the name and the definition of the member that is the entire body.
fn payload(members: &Map<String, Value>) -> Option<(&String, &Value)> {
    members.iter().find(|(_, member)| !member["traits"]["smithy.api#httpPayload"].is_null())
}

fn target(member: &Value) -> &str {
    member["target"].as_str().unwrap()
}

/// Returns the decoded value of a query parameter.
fn query(uri: &Uri, name: &str) -> Option<String> {
    let parameters = uri.query().unwrap_or_default().split('&').filter_map(|text| text.split_once('='));
    parameters.filter(|(key, _)| *key == name).map(|(_, value)| percent_decoded(value)).next()
}

/// Decodes percent-encoded text.
pub(crate) fn percent_decoded(text: &str) -> String {
    let mut parts = text.split('%');
    let mut bytes = parts.next().unwrap_or_default().as_bytes().to_vec();
    for part in parts {
        bytes.push(u8::from_str_radix(&part[..2], 16).unwrap());
        bytes.extend_from_slice(&part.as_bytes()[2..]);
    }
    String::from_utf8(bytes).unwrap()
}
