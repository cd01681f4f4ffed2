//! The event that all streams repeat: one token of text, in the same frame format as Amazon Bedrock.

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use invoke_model_protocol::event_stream::{HeaderValue, Message};

const PART: &str =
    r#"{"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":" river"}}"#;

const HEADERS: [(&str, &str); 3] =
    [(":event-type", "chunk"), (":content-type", "application/json"), (":message-type", "event")];

/// Returns the frame of the event. Like the service, this function pads the event with letters in the member
/// `p`.
pub fn frame() -> Vec<u8> {
    let mut builder = Message::builder();
    for (name, value) in HEADERS {
        builder.header(name, HeaderValue::String(value)).expect("a header");
    }
    let payload = format!(r#"{{"bytes":"{}","p":"abcdefghijklmnopqr"}}"#, BASE64_STANDARD.encode(PART));
    let mut frame = Vec::new();
    builder.payload(payload.into_bytes()).encode(&mut frame).expect("a frame");
    frame
}

/// Returns an HTTP chunk that contains the frame.
pub(crate) fn chunk() -> Vec<u8> {
    let frame = frame();
    let size = format!("{:x}\r\n", frame.len());
    [size.as_bytes(), &frame, b"\r\n"].concat()
}
