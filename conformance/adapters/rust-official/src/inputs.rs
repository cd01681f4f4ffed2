//! Conversion of JSON with tagged values to inputs.

use aws_sdk_bedrockruntime::primitives::Blob;
use aws_sdk_bedrockruntime::types::{
    ContentBlock, ConverseTokensRequest, CountTokensInput, InferenceConfiguration, Message,
    SystemContentBlock,
};
use aws_smithy_types::{Document, Number, base64};
use serde_json::Value;

use crate::Supported;

/// Passes each member of a JSON object to a method of a builder. Returns from the function if an arm for the member is
/// missing.
macro_rules! set_members {
    ($builder:expr, $object:expr, |$value:ident| { $($name:literal => $method:ident($argument:expr),)* }) => {{
        let mut builder = $builder;
        for (name, $value) in $crate::inputs::object($object) {
            builder = match name.as_str() {
                $($name => builder.$method($argument),)*
                _ => return Err(format!("this adapter does not support the member {name}")),
            };
        }
        builder
    }};
}
pub(crate) use set_members;

pub(crate) fn object(value: &Value) -> impl Iterator<Item = (&String, &Value)> {
    value.as_object().into_iter().flatten()
}

/// Converts the items of a list.
pub(crate) fn all<T>(list: &Value, convert: impl Fn(&Value) -> Supported<T>) -> Supported<Vec<T>> {
    list.as_array().into_iter().flatten().map(convert).collect()
}

pub(crate) fn string(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}

pub(crate) fn blob(value: &Value) -> Supported<Blob> {
    base64::decode(string(&value["$bytes"])).map(Blob::new).map_err(|error| error.to_string())
}

/// Returns the member `name` of a union or structure. Returns an error if it has other members.
pub(crate) fn only<'a>(value: &'a Value, name: &str) -> Supported<&'a Value> {
    match value.as_object().map(|members| (members.len(), members.get(name))) {
        Some((1, Some(member))) => Ok(member),
        _ => Err(format!("this adapter supports only {name}, not {value}")),
    }
}

pub(crate) fn message(value: &Value) -> Supported<Message> {
    let text = |block: &Value| Ok(ContentBlock::Text(string(only(block, "text")?)));
    let message = set_members!(Message::builder(), value, |value| {
        "role" => role(string(value).as_str().into()),
        "content" => set_content(Some(all(value, text)?)),
    });
    message.build().map_err(|error| error.to_string())
}

pub(crate) fn system(value: &Value) -> Supported<SystemContentBlock> {
    Ok(SystemContentBlock::Text(string(only(value, "text")?)))
}

pub(crate) fn count(value: &Value) -> Supported<CountTokensInput> {
    let request = set_members!(ConverseTokensRequest::builder(), only(value, "converse")?, |value| {
        "messages" => set_messages(Some(all(value, message)?)),
        "system" => set_system(Some(all(value, system)?)),
    });
    Ok(CountTokensInput::Converse(request.build()))
}

pub(crate) fn inference(value: &Value) -> Supported<InferenceConfiguration> {
    let number = |value: &Value| value.as_f64().unwrap_or_default();
    let inference = set_members!(InferenceConfiguration::builder(), value, |value| {
        "maxTokens" => max_tokens(number(value) as i32),
        "temperature" => temperature(number(value) as f32),
        "topP" => top_p(number(value) as f32),
        "stopSequences" => set_stop_sequences(Some(all(value, |item| Ok(string(item)))?)),
    });
    Ok(inference.build())
}

pub(crate) fn document(value: &Value) -> Document {
    match value {
        Value::Null => Document::Null,
        Value::Bool(value) => Document::Bool(*value),
        Value::Number(number) => Document::Number(match (number.as_u64(), number.as_i64()) {
            (Some(value), _) => Number::PosInt(value),
            (_, Some(value)) => Number::NegInt(value),
            _ => Number::Float(number.as_f64().unwrap_or_default()),
        }),
        Value::String(text) => Document::String(text.clone()),
        Value::Array(items) => Document::Array(items.iter().map(document).collect()),
        Value::Object(members) => {
            Document::Object(members.iter().map(|(name, value)| (name.clone(), document(value))).collect())
        }
    }
}
