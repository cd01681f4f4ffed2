//! Reads `service-2.json`, the service model of botocore.
//! <https://github.com/boto/botocore/blob/develop/botocore/model.py>

use serde_json::{Value, json};

use super::{Member, Operation, Shape, Wire};
use crate::model_diff::facts::Aspects;

/// Keys that are compared without a conversion. Shapes and members have these keys.
const PLAIN: [&str; 9] = [
    "min",
    "max",
    "pattern",
    "document",
    "eventheader",
    "eventpayload",
    "hostLabel",
    "jsonvalue",
    "streaming",
];

/// Keys that botocore writes only if their value is `true`.
const FLAGS: [&str; 5] = ["event", "eventstream", "idempotencyToken", "sensitive", "union"];

/// Returns `true` for a service model of botocore.
pub(in crate::model_diff) fn is_service_model(document: &Value) -> bool {
    document.get("smithy").is_none()
        && document.get("operations").is_some()
        && document.get("shapes").is_some()
}

impl Wire {
    /// Converts a service model of botocore.
    pub(in crate::model_diff) fn from_botocore(document: &Value) -> Self {
        let entries = |key: &str| document.get(key).and_then(Value::as_object).into_iter().flatten();
        Self {
            aspects: service(document),
            operations: entries("operations").map(|(name, value)| (name.clone(), operation(value))).collect(),
            shapes: entries("shapes").map(|(name, value)| (name.clone(), shape(value))).collect(),
        }
    }
}

fn service(document: &Value) -> Aspects {
    let metadata = &document["metadata"];
    let mut aspects = Aspects::new();
    for key in ["apiVersion", "auth", "endpointPrefix", "protocol", "serviceFullName", "serviceId"] {
        copy(metadata, key, &mut aspects);
    }
    // Without a `signingName`, botocore signs with the `endpointPrefix`.
    let name = metadata.get("signingName").or_else(|| metadata.get("endpointPrefix"));
    aspects.extend(name.map(|name| ("signingName".to_owned(), name.clone())));
    aspects
}

fn operation(value: &Value) -> Operation {
    let shape = |key: &str| Some(value.get(key)?.get("shape")?.as_str()?.to_owned());
    let mut aspects = Aspects::new();
    let http = &value["http"];
    for key in ["method", "requestUri"] {
        copy(http, key, &mut aspects);
    }
    aspects.insert("responseCode".to_owned(), http.get("responseCode").cloned().unwrap_or(json!(200)));
    aspects.extend(
        value.pointer("/endpoint/hostPrefix").map(|prefix| ("hostPrefix".to_owned(), prefix.clone())),
    );
    for key in ["idempotent", "readonly"] {
        flag(value, key, &mut aspects);
    }
    let errors = value.get("errors").and_then(Value::as_array).into_iter().flatten();
    let errors = errors.filter_map(|error| error["shape"].as_str());
    Operation {
        aspects,
        input: shape("input"),
        output: shape("output"),
        errors: errors.map(|name| (name.to_owned(), name.to_owned())).collect(),
    }
}

fn shape(value: &Value) -> Shape {
    let mut aspects = facts(value);
    copy(value, "type", &mut aspects);
    error(value, &mut aspects);
    if let Some(retryable) = value.get("retryable") {
        aspects.insert("retryable".to_owned(), retryable.get("throttling").cloned().unwrap_or(json!(false)));
    }
    for one in value.get("enum").and_then(Value::as_array).into_iter().flatten() {
        aspects.insert(format!("enum {one}"), Value::Null);
    }
    let is_required =
        |name: &str| value["required"].as_array().is_some_and(|names| names.contains(&json!(name)));
    let members = value.get("members").and_then(Value::as_object).into_iter().flatten();
    let members = members.map(|(name, value_of)| {
        let mut member = member(value_of);
        if is_required(name) {
            member.aspects.insert("required".to_owned(), Value::Null);
        }
        if value["payload"] == **name {
            member.aspects.insert("payload".to_owned(), Value::Null);
        }
        (name.clone(), member)
    });
    let elements = [("[]", "member"), ("{key}", "key"), ("{value}", "value")];
    let elements = elements.into_iter().filter_map(|(part, key)| Some((part, member(value.get(key)?))));
    Shape { aspects, members: members.collect(), elements: elements.collect() }
}

fn member(value: &Value) -> Member {
    let mut aspects = facts(value);
    for key in ["location", "locationName"] {
        copy(value, key, &mut aspects);
    }
    Member { aspects, shape: value["shape"].as_str().unwrap_or_default().to_owned() }
}

/// Returns the aspects that both shapes and members can have.
fn facts(value: &Value) -> Aspects {
    let mut aspects = Aspects::new();
    for key in PLAIN {
        copy(value, key, &mut aspects);
    }
    for key in FLAGS {
        flag(value, key, &mut aspects);
    }
    copy(value, "timestampFormat", &mut aspects);
    aspects
}

/// Adds the fault and status of an error. If the model sets no status, Smithy defines 400 for client errors
/// and 500 for server errors.
fn error(value: &Value, aspects: &mut Aspects) {
    if value["exception"] != true {
        return;
    }
    let is_server = value["fault"] == true;
    let status = value.pointer("/error/httpStatusCode").cloned();
    let status = status.unwrap_or_else(|| if is_server { json!(500) } else { json!(400) });
    aspects.insert("error".to_owned(), json!(if is_server { "server" } else { "client" }));
    aspects.insert("status".to_owned(), status);
}

fn copy(from: &Value, key: &str, aspects: &mut Aspects) {
    aspects.extend(from.get(key).map(|value| (key.to_owned(), value.clone())));
}

fn flag(from: &Value, key: &str, aspects: &mut Aspects) {
    if from[key] == true {
        aspects.insert(key.to_owned(), Value::Null);
    }
}
