//! The event-stream message that a test case expects, and the frame of the message.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use invoke_model_protocol::event_stream::{Decoder, HeaderValue, Message};

use super::body;

/// The event-stream message that a case expects.
#[derive(Clone, Copy, Debug, Default)]
pub struct Frame<'a> {
    /// Headers, in any order.
    pub headers: &'a [(&'a str, HeaderValue<'a>)],
    /// Payload, or `None` if the payload is empty.
    pub body: Option<&'a str>,
    /// Media type of the payload. A JSON payload is compared by value, and any other payload is compared byte
    /// by byte.
    pub media_type: Option<&'a str>,
    /// The encoded frame in base64, or `None` if the case has no frame.
    pub bytes: Option<&'a str>,
}

impl Frame<'_> {
    /// Compares the headers and the payload of a message with this case.
    ///
    /// Also checks that encoding and decoding do not change the message, and that the frame of the case
    /// contains the expected headers and payload.
    ///
    /// # Panics
    /// Panics if one of these checks fails.
    #[track_caller]
    pub fn check(&self, message: &Message) {
        self.compare(message);
        let mut encoded = Vec::new();
        message.encode(&mut encoded).unwrap_or_else(|error| panic!("cannot encode the message: {error}"));
        assert!(decoded(&encoded) == *message, "the message changes when it is encoded and decoded");
        if let Some(bytes) = self.bytes {
            let stated = STANDARD
                .decode(bytes)
                .unwrap_or_else(|error| panic!("the frame of the case is not base64: {error}"));
            self.compare(&decoded(&stated));
        }
    }

    #[track_caller]
    fn compare(&self, message: &Message) {
        let found: Vec<_> = message.headers().collect();
        for (name, expected) in self.headers {
            let value = message.header(name);
            assert!(value == Some(*expected), "expected the header {name}: {expected:?}, found {value:?}");
        }
        assert!(
            found.len() == self.headers.len(),
            "expected the headers {:?}, found {found:?}",
            self.headers
        );
        body::check(message.payload(), self.body.unwrap_or_default(), self.media_type);
    }
}

#[track_caller]
fn decoded(bytes: &[u8]) -> Message {
    let mut decoder = Decoder::new();
    decoder.push(bytes);
    let message = decoder.decode().unwrap_or_else(|error| panic!("cannot decode the frame: {error}"));
    message.unwrap_or_else(|| panic!("the frame is incomplete"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn differs(frame: &Frame<'_>, headers: &[(&str, HeaderValue<'_>)], payload: &'static str) -> bool {
        let mut builder = Message::builder();
        for (name, value) in headers {
            builder.header(name, *value).unwrap_or_else(|error| panic!("{error}"));
        }
        let (frame, message) = (*frame, builder.payload(payload));
        std::panic::catch_unwind(move || frame.check(&message)).is_err()
    }

    #[test]
    fn compares_headers_payload_and_bytes() {
        let (a, b) = (("a", HeaderValue::Byte(1)), ("b", HeaderValue::String("x")));
        let both = [a, b];
        let frame = Frame {
            headers: &both,
            body: Some("{\"x\":1}"),
            media_type: Some("application/json"),
            bytes: None,
        };
        assert!(!differs(&frame, &[b, a], "{ \"x\": 1 }"));
        assert!(differs(&frame, &[a], "{\"x\":1}"));
        assert!(differs(&frame, &[a, b, ("c", HeaderValue::Byte(1))], "{\"x\":1}"));
        assert!(differs(&frame, &[("a", HeaderValue::Short(1)), b], "{\"x\":1}"));
        assert!(differs(&frame, &[a, b], "{\"x\":2}"));
        // This is the frame of an empty message.
        let empty = Frame { bytes: Some("AAAAEAAAAAAFwkjrfZjI/w=="), ..Frame::default() };
        assert!(!differs(&empty, &[], ""));
        assert!(differs(&Frame { bytes: empty.bytes, ..frame }, &[a, b], "{\"x\":1}"));
    }
}
