//! Converts a Smithy model to the terms of botocore.

use std::collections::BTreeSet;

use invoke_model_codegen::model::{self, Model, ShapeId, ShapeType, Traits};
use invoke_model_codegen::select::Selection;
use serde_json::{Value, json};

use super::{Member, Operation, Shape, Wire};
use crate::model_diff::facts::Aspects;

impl Wire {
    /// Converts the selected operations of a Smithy model.
    pub(in crate::model_diff) fn from_smithy(model: &Model, selection: &Selection) -> Self {
        let mut wire = Self { aspects: service(model, selection), ..Self::default() };
        let events = events(model, selection);
        for id in &selection.closure {
            if let Some(found) = model.shape(id) {
                let mut shape = shape(found);
                if events.contains(id) && !found.has("smithy.api#error") {
                    shape.aspects.insert("event".to_owned(), Value::Null);
                }
                wire.shapes.insert(id.as_str().to_owned(), shape);
            }
        }
        for (name, ty) in PRELUDE {
            let mut aspects = Aspects::from([("type".to_owned(), json!(ty))]);
            if name == "Document" {
                aspects.insert("document".to_owned(), json!(true));
            }
            wire.shapes.insert(format!("smithy.api#{name}"), Shape { aspects, ..Shape::default() });
        }
        for id in &selection.operations {
            if let Some(found) = model.shape(id) {
                let errors = model.shape(&selection.service).map_or(&[][..], |service| &service.errors);
                wire.operations.insert(id.name().to_owned(), operation(found, errors));
            }
        }
        wire
    }
}

/// Shapes of the prelude that a model can use as targets, with their types in botocore.
const PRELUDE: [(&str, &str); 18] = [
    ("BigDecimal", "bigdecimal"),
    ("BigInteger", "biginteger"),
    ("Blob", "blob"),
    ("Boolean", "boolean"),
    ("Byte", "integer"),
    ("Document", "structure"),
    ("Double", "double"),
    ("Float", "float"),
    ("Integer", "integer"),
    ("Long", "long"),
    ("PrimitiveBoolean", "boolean"),
    ("PrimitiveDouble", "double"),
    ("PrimitiveFloat", "float"),
    ("PrimitiveInteger", "integer"),
    ("PrimitiveLong", "long"),
    ("Short", "integer"),
    ("String", "string"),
    ("Timestamp", "timestamp"),
];

fn service(model: &Model, selection: &Selection) -> Aspects {
    let Some(shape) = model.shape(&selection.service) else { return Aspects::new() };
    let of = |id: &str, key: &str| shape.traits.get(id).and_then(|value| value.get(key)).cloned();
    let prefix = of("aws.api#service", "endpointPrefix");
    let found = [
        ("apiVersion", shape.version.clone().map(Value::String)),
        ("auth", shape.traits.get("smithy.api#auth").cloned()),
        ("endpointPrefix", prefix.clone()),
        ("protocol", shape.has("aws.protocols#restJson1").then(|| json!("rest-json"))),
        ("serviceFullName", shape.traits.get("smithy.api#title").cloned()),
        ("serviceId", of("aws.api#service", "sdkId")),
        ("signingName", of("aws.auth#sigv4", "name").or(prefix)),
    ];
    found.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value?))).collect()
}

/// Returns the ids of the shapes that are members of an event stream.
fn events(model: &Model, selection: &Selection) -> BTreeSet<ShapeId> {
    let closure = selection.closure.iter().filter_map(|id| model.shape(id));
    let streams = closure.filter(|shape| is_event_stream(shape));
    streams.flat_map(|shape| shape.members.values().map(|member| member.target.clone())).collect()
}

fn is_event_stream(shape: &model::Shape) -> bool {
    shape.ty == ShapeType::Union && shape.has("smithy.api#streaming")
}

fn operation(shape: &model::Shape, common: &[model::Reference]) -> Operation {
    let http = shape.traits.get("smithy.api#http");
    let of_http = |key: &str| http.and_then(|http| http.get(key)).cloned();
    let mut aspects = Aspects::new();
    aspects.extend(of_http("method").map(|value| ("method".to_owned(), value)));
    aspects.extend(of_http("uri").map(|value| ("requestUri".to_owned(), value)));
    aspects.insert("responseCode".to_owned(), of_http("code").unwrap_or(json!(200)));
    let prefix = shape.traits.get("smithy.api#endpoint").and_then(|value| value.get("hostPrefix"));
    aspects.extend(prefix.map(|prefix| ("hostPrefix".to_owned(), prefix.clone())));
    flag(&shape.traits, "smithy.api#idempotent", "idempotent", &mut aspects);
    flag(&shape.traits, "smithy.api#readonly", "readonly", &mut aspects);
    let key = |reference: &Option<model::Reference>| {
        let id = reference.as_ref()?.target.as_str();
        (id != "smithy.api#Unit").then(|| id.to_owned())
    };
    let errors = shape.errors.iter().chain(common).map(|error| &error.target);
    Operation {
        aspects,
        input: key(&shape.input),
        output: key(&shape.output),
        errors: errors.map(|id| (id.name().to_owned(), id.as_str().to_owned())).collect(),
    }
}

fn shape(shape: &model::Shape) -> Shape {
    let mut aspects = facts(&shape.traits);
    aspects.insert("type".to_owned(), json!(ty(shape.ty)));
    if is_event_stream(shape) {
        aspects.remove("streaming");
        aspects.insert("eventstream".to_owned(), Value::Null);
    } else if shape.ty == ShapeType::Union {
        aspects.insert("union".to_owned(), Value::Null);
    }
    if shape.ty == ShapeType::Document {
        aspects.insert("document".to_owned(), json!(true));
    }
    if let Some(fault) = shape.traits.get("smithy.api#error") {
        let default = if fault == "server" { 500 } else { 400 };
        let status = shape.traits.get("smithy.api#httpError").cloned().unwrap_or(json!(default));
        aspects.insert("error".to_owned(), fault.clone());
        aspects.insert("status".to_owned(), status);
    }
    if let Some(retryable) = shape.traits.get("smithy.api#retryable") {
        aspects.insert("retryable".to_owned(), retryable.get("throttling").cloned().unwrap_or(json!(false)));
    }
    let mut members = Vec::new();
    let mut elements = Vec::new();
    for (name, of) in shape.all_members() {
        let converted = || Member { aspects: member(name, of), shape: of.target.as_str().to_owned() };
        match shape.ty {
            ShapeType::Enum => {
                let value = of.traits.get("smithy.api#enumValue").cloned().unwrap_or(json!(name));
                aspects.insert(format!("enum {value}"), Value::Null);
            }
            ShapeType::IntEnum => {}
            ShapeType::List | ShapeType::Set => elements.push(("[]", converted())),
            ShapeType::Map if name == "key" => elements.push(("{key}", converted())),
            ShapeType::Map => elements.push(("{value}", converted())),
            _ => members.push((name.to_owned(), converted())),
        }
    }
    // In Smithy 1.0, a trait lists the values of an enum.
    for one in shape.traits.get("smithy.api#enum").and_then(Value::as_array).into_iter().flatten() {
        aspects.insert(format!("enum {}", one["value"]), Value::Null);
    }
    Shape { aspects, members, elements }
}

/// Returns the name that botocore uses for a type.
fn ty(ty: ShapeType) -> &'static str {
    match ty {
        ShapeType::Structure | ShapeType::Union | ShapeType::Document => "structure",
        ShapeType::Enum => "string",
        ShapeType::IntEnum | ShapeType::Byte | ShapeType::Short => "integer",
        ShapeType::Set => "list",
        other => other.as_str(),
    }
}

fn member(name: &str, member: &model::Member) -> Aspects {
    let traits = &member.traits;
    let mut aspects = facts(traits);
    flag(traits, "smithy.api#required", "required", &mut aspects);
    flag(traits, "smithy.api#idempotencyToken", "idempotencyToken", &mut aspects);
    flag(traits, "smithy.api#httpPayload", "payload", &mut aspects);
    let bindings = [
        ("smithy.api#httpHeader", "header"),
        ("smithy.api#httpPrefixHeaders", "headers"),
        ("smithy.api#httpLabel", "uri"),
        ("smithy.api#httpQuery", "querystring"),
        ("smithy.api#httpQueryParams", "querystring"),
        ("smithy.api#httpResponseCode", "statusCode"),
    ];
    for (id, location) in bindings {
        let Some(value) = traits.get(id) else { continue };
        aspects.insert("location".to_owned(), json!(location));
        let wire_name = if id == "smithy.api#httpLabel" { json!(name) } else { value.clone() };
        if wire_name.is_string() {
            aspects.insert("locationName".to_owned(), wire_name);
        }
    }
    if let Some(wire_name) = traits.get("smithy.api#jsonName") {
        aspects.insert("locationName".to_owned(), wire_name.clone());
    }
    for (id, key) in [
        ("smithy.api#eventHeader", "eventheader"),
        ("smithy.api#eventPayload", "eventpayload"),
        ("smithy.api#hostLabel", "hostLabel"),
    ] {
        if traits.contains_key(id) {
            aspects.insert(key.to_owned(), json!(true));
        }
    }
    aspects
}

/// Returns the aspects that both shapes and members can have.
fn facts(traits: &Traits) -> Aspects {
    let mut aspects = Aspects::new();
    let limits = ["smithy.api#length", "smithy.api#range"].into_iter().filter_map(|id| traits.get(id));
    for (key, value) in limits.filter_map(Value::as_object).flatten() {
        aspects.insert(key.clone(), value.clone());
    }
    if traits.contains_key("smithy.api#length") && aspects.contains_key("max") {
        // If a length has only a maximum, botocore adds the default minimum.
        aspects.entry("min".to_owned()).or_insert(json!(0));
    }
    if let Some(pattern) = traits.get("smithy.api#pattern").and_then(Value::as_str) {
        // botocore omits the anchors at the start and at the end.
        let pattern = pattern.strip_prefix('^').unwrap_or(pattern);
        let pattern = pattern.strip_suffix('$').unwrap_or(pattern);
        aspects.insert("pattern".to_owned(), json!(pattern));
    }
    flag(traits, "smithy.api#sensitive", "sensitive", &mut aspects);
    if traits.contains_key("smithy.api#streaming") {
        aspects.insert("streaming".to_owned(), json!(true));
    }
    let format = match traits.get("smithy.api#timestampFormat").and_then(Value::as_str) {
        Some("date-time") => Some("iso8601"),
        Some("epoch-seconds") => Some("unixTimestamp"),
        Some("http-date") => Some("rfc822"),
        other => other,
    };
    aspects.extend(format.map(|format| ("timestampFormat".to_owned(), json!(format))));
    aspects
}

fn flag(traits: &Traits, id: &str, key: &str, aspects: &mut Aspects) {
    if traits.contains_key(id) {
        aspects.insert(key.to_owned(), Value::Null);
    }
}
