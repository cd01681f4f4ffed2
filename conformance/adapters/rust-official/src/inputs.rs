//! Conversion of JSON with tagged values to inputs.

use aws_sdk_bedrockruntime::primitives::Blob;
use aws_sdk_bedrockruntime::types::{
    ContentBlock, ConverseTokensRequest, CountTokensInput, InferenceConfiguration, Message,
    SystemContentBlock,
};
use aws_smithy_types::{Document, Number, base64};
use serde_json::Value;

use crate::Supported;

pub(crate) fn object(value: &Value) -> impl Iterator<Item = (&String, &Value)> {
    value.as_object().into_iter().flatten()
}

pub(crate) fn items(value: &Value) -> impl Iterator<Item = &Value> {
    value.as_array().into_iter().flatten()
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
    let mut message = Message::builder();
    for (name, value) in object(value) {
        message = match name.as_str() {
            "role" => message.role(string(value).as_str().into()),
            "content" => {
                let texts = items(value).map(|block| Ok(ContentBlock::Text(string(only(block, "text")?))));
                message.set_content(Some(texts.collect::<Supported<_>>()?))
            }
            _ => return Err(format!("this adapter does not support the member {name}")),
        };
    }
    message.build().map_err(|error| error.to_string())
}

pub(crate) fn system(value: &Value) -> Supported<SystemContentBlock> {
    Ok(SystemContentBlock::Text(string(only(value, "text")?)))
}

pub(crate) fn count(value: &Value) -> Supported<CountTokensInput> {
    let mut request = ConverseTokensRequest::builder();
    for (name, value) in object(only(value, "converse")?) {
        request = match name.as_str() {
            "messages" => request.set_messages(Some(items(value).map(message).collect::<Supported<_>>()?)),
            "system" => request.set_system(Some(items(value).map(system).collect::<Supported<_>>()?)),
            _ => return Err(format!("this adapter does not support the member {name}")),
        };
    }
    Ok(CountTokensInput::Converse(request.build()))
}

pub(crate) fn inference(value: &Value) -> Supported<InferenceConfiguration> {
    let mut inference = InferenceConfiguration::builder();
    for (name, value) in object(value) {
        let number = value.as_f64().unwrap_or_default();
        inference = match name.as_str() {
            "maxTokens" => inference.max_tokens(number as i32),
            "temperature" => inference.temperature(number as f32),
            "topP" => inference.top_p(number as f32),
            "stopSequences" => inference.set_stop_sequences(Some(items(value).map(string).collect())),
            _ => return Err(format!("this adapter does not support the member {name}")),
        };
    }
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
