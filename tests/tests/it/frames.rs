//! Decodes frames from the tests of other implementations.

use std::fs;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use invoke_model_protocol::event_stream::{Decoder, HeaderValue, Message};
use invoke_model_test_support::suites::find_or_skip;
use serde_json::{Value, json};

/// A valid frame in which a header name occurs twice. botocore rejects this frame, so `vectors.json`
/// lists the frame as an error. All other implementations accept the frame.
const ACCEPTED: &str = "botocore/duplicate_header";

#[test]
fn decodes_frames_as_expected() {
    let Some(path) = find_or_skip("eventstream/vectors.json") else { return };
    let text = fs::read_to_string(path).unwrap();
    let vectors: Vec<Value> = serde_json::from_str(&text).unwrap();
    assert!(vectors.len() > 80, "{}", vectors.len());
    for vector in &vectors {
        let id = vector["id"].as_str().unwrap();
        let bytes = bytes_of(id, vector);
        let whole = decode(&[&bytes]);
        let expect = vector["expect"].as_str().unwrap();
        match whole.as_deref() {
            Ok(messages) if expect == "ok" => check(id, vector, messages),
            Ok([_]) if id == ACCEPTED => {}
            Err(error)
                if error == "incomplete"
                    && (expect == "incomplete" || id.starts_with("ts/split_too_short")) => {}
            Err(error) if expect == "error" && error != "incomplete" => {}
            other => panic!("{id}: expected {expect}, found {other:?}"),
        }
        // Splits the frame at every byte and decodes the two pieces. Then decodes the frame byte by byte. For
        // very long frames, `step` is more than one byte, and both checks use this step.
        let step = bytes.len() / 2000 + 1;
        for split in (0..bytes.len()).step_by(step) {
            assert_eq!(decode(&[&bytes[..split], &bytes[split..]]), whole, "{id} split at {split}");
        }
        let single: Vec<&[u8]> = bytes.chunks(step).collect();
        assert_eq!(decode(&single), whole, "{id} in pieces of {step}");
    }
}

/// Returns the messages, or the reason why they cannot be decoded.
fn decode(pieces: &[&[u8]]) -> Result<Vec<Message>, String> {
    let (mut decoder, mut messages) = (Decoder::new(), Vec::new());
    for piece in pieces {
        decoder.push(piece);
        while let Some(message) = decoder.decode().map_err(|error| error.to_string())? {
            messages.push(message);
        }
    }
    if decoder.finish().is_err() || messages.is_empty() { Err("incomplete".to_owned()) } else { Ok(messages) }
}

/// Returns the bytes of a frame. One frame is too long for `vectors.json`, so this function creates its
/// bytes.
fn bytes_of(id: &str, vector: &Value) -> Vec<u8> {
    let mut bytes = STANDARD.decode(vector["base64"].as_str().unwrap_or_default()).unwrap();
    if id == "crt/read_message_headers_too_many" {
        let headers: u32 = 1024 * 1024 - 16;
        bytes = [(headers + 16).to_be_bytes(), headers.to_be_bytes()].concat();
        bytes.extend(crc32fast::hash(&bytes).to_be_bytes());
        bytes.resize(bytes.len() + 1024 * 1024 - 16, 0);
        bytes.extend(crc32fast::hash(&bytes).to_be_bytes());
    }
    bytes
}

fn check(id: &str, vector: &Value, messages: &[Message]) {
    let one = std::slice::from_ref(vector);
    let frames = vector["frames"].as_array().map_or(one, Vec::as_slice);
    assert_eq!(messages.len(), frames.len(), "{id}");
    let mut again = Vec::new();
    for (message, frame) in messages.iter().zip(frames) {
        let headers: Vec<Value> = message.headers().map(|(name, value)| header(name, value)).collect();
        assert_eq!(&Value::from(headers), frame.get("headers").unwrap_or(&json!([])), "{id}");
        let payload = STANDARD.encode(message.payload());
        assert_eq!(payload, frame["payload"].as_str().unwrap_or_default(), "{id}");
        message.encode(&mut again).unwrap();
    }
    assert_eq!(again, STANDARD.decode(vector["base64"].as_str().unwrap()).unwrap(), "{id}");
}

fn header(name: &str, value: HeaderValue<'_>) -> Value {
    let (kind, value) = match value {
        HeaderValue::Boolean(value) => ("bool", json!(value)),
        HeaderValue::Byte(value) => ("byte", json!(value)),
        HeaderValue::Short(value) => ("short", json!(value)),
        HeaderValue::Integer(value) => ("int", json!(value)),
        HeaderValue::Long(value) => ("long", json!(value)),
        HeaderValue::ByteArray(value) => ("bytes", json!(STANDARD.encode(value))),
        HeaderValue::String(value) => ("string", json!(value)),
        HeaderValue::Timestamp(value) => ("timestamp", json!(value)),
        HeaderValue::Uuid(value) => ("uuid", json!(uuid::Uuid::from_bytes(value).to_string())),
    };
    json!({ "name": name, "type": kind, "value": value })
}
