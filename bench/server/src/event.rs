//! The events that streams repeat: one token of text, in the same frame format as Amazon Bedrock.

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use invoke_model_protocol::event_stream::{HeaderValue, Message};

const PART: &str =
    r#"{"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":" river"}}"#;

/// Payload of an event of `ConverseStream`. It has 100 bytes.
const DELTA: &str =
    r#"{"contentBlockIndex":0,"delta":{"text":" river"},"p":"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQR"}"#;

const _: () = assert!(DELTA.len() == 100);

/// Returns the frame of an event of `InvokeModelWithResponseStream`. Like the service, this function pads the
/// event with letters in the member `p`.
pub fn frame() -> Vec<u8> {
    frame_of(PART)
}

/// Returns the frame of an event that contains this part of the output of a model.
pub(crate) fn frame_of(part: &str) -> Vec<u8> {
    let payload = format!(r#"{{"bytes":"{}","p":"abcdefghijklmnopqr"}}"#, BASE64_STANDARD.encode(part));
    encode("chunk", payload)
}

/// Returns the frame of an event of `ConverseStream`.
pub(crate) fn converse_frame() -> Vec<u8> {
    encode("contentBlockDelta", DELTA.to_owned())
}

fn encode(event_type: &str, payload: String) -> Vec<u8> {
    let headers =
        [(":event-type", event_type), (":content-type", "application/json"), (":message-type", "event")];
    let mut builder = Message::builder();
    for (name, value) in headers {
        builder.header(name, HeaderValue::String(value)).expect("a header");
    }
    let mut frame = Vec::new();
    builder.payload(payload.into_bytes()).encode(&mut frame).expect("a frame");
    frame
}

/// Returns an HTTP chunk that contains a frame.
pub(crate) fn chunk(frame: &[u8]) -> Vec<u8> {
    let size = format!("{:x}\r\n", frame.len());
    [size.as_bytes(), frame, b"\r\n"].concat()
}
