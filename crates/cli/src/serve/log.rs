//! The lines of the request log.

use invoke_model_local::CallRecord;
use serde_json::{Map, Value};

use crate::output::is_unsafe;

/// The members of a record that the log contains.
const MEMBERS: [&str; 13] = [
    "time",
    "operation",
    "model_id",
    "status",
    "error_code",
    "input_tokens",
    "output_tokens",
    "first_byte_ms",
    "duration_ms",
    "response_complete",
    "signature",
    "signature_error",
    "request_id",
];

/// Returns a call as a JSON object in one line.
pub(super) fn json(call: &CallRecord) -> String {
    let record = serde_json::to_value(call).unwrap_or_default();
    let members = MEMBERS.map(|name| (name.to_owned(), record.get(name).cloned().unwrap_or_default()));
    escaped(&Value::Object(Map::from_iter(members)).to_string(), |c| format!("\\u{:04x}", u32::from(c)))
}

/// Returns a call as text in one line.
pub(super) fn text(call: &CallRecord) -> String {
    let record = serde_json::to_value(call).unwrap_or_default();
    let text = |name: &str| record.get(name).and_then(Value::as_str).unwrap_or("-");
    let mut words = vec![
        text("time").to_owned(),
        // Use the serialized target, because `call.target` can contain the signature of a presigned request.
        call.operation.map_or_else(|| format!("{} {}", call.method, text("target")), str::to_owned),
        call.model_id.clone().unwrap_or_else(|| "-".to_owned()),
        if call.status == 0 { "no-response".to_owned() } else { call.status.to_string() },
    ];
    words.extend(call.error_code.clone());
    words.extend(call.input_tokens.map(|tokens| format!("in={tokens}")));
    words.extend(call.output_tokens.map(|tokens| format!("out={tokens}")));
    words.extend(call.duration.map(|duration| format!("{}ms", duration.as_millis())));
    words.push(format!("signature={}", call.signature.as_str()));
    if !call.response_complete {
        words.push("incomplete".to_owned());
    }
    // Log only the last line of an explanation, because this line is the summary.
    let summary = call.signature_error.as_deref().and_then(|error| error.lines().last());
    words.extend(summary.map(|summary| format!("({summary})")));
    escaped(&words.join(" "), |c| c.escape_default().to_string())
}

/// Escapes the characters that are not safe on a terminal. A client may send such characters, for example in
/// a model id.
fn escaped(line: &str, escape: impl Fn(char) -> String) -> String {
    let escape = |c: char| if is_unsafe(c) { escape(c) } else { c.to_string() };
    line.chars().map(escape).collect()
}

#[cfg(test)]
mod tests {
    use super::escaped;

    #[test]
    fn unsafe_characters_are_escaped() {
        let escape = |character: char| character.escape_default().to_string();
        assert_eq!(escaped("a\u{1b}[31m\nb é \u{9b}\u{202e}", escape), r"a\u{1b}[31m\nb é \u{9b}\u{202e}");
    }
}
