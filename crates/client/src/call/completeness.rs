//! Detects whether a body is complete that ends when its connection is closed.
//!
//! HTTP does not mark the end of such a body ([RFC 9112,
//! 8](https://www.rfc-editor.org/rfc/rfc9112#section-8-5)), so only its content can show that it is complete.
//! A JSON object, array or string shows its own end. No other content does.

use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use http::Response;
use http_body::{Body, Frame, SizeHint};
use invoke_model_transport::{ResponseBody, TransportError, TransportErrorKind};

use crate::error::{StreamProgress, TruncatedError, TruncationCause};

/// Checks a complete body that has ended with its connection.
///
/// # Errors
/// Returns an error if the body is truncated, or if its content does not show its end. The error contains the
/// response, because the caller has paid for it.
pub(super) fn check(response: Response<Bytes>) -> Result<Response<Bytes>, TruncatedError> {
    let mut document = JsonDocument::default();
    document.read(response.body());
    let Some(cause) = document.missing_end() else { return Ok(response) };
    let received = StreamProgress { events: 0, bytes: response.body().len() as u64 };
    Err(TruncatedError { received, cause, response: Some(Box::new(response)) })
}

/// Returns a body that fails at its end if it is not complete.
pub(super) fn checked(body: ResponseBody) -> ResponseBody {
    match body.ends_with_connection() {
        true => ResponseBody::from_body(CheckedBody { body, document: JsonDocument::default(), bytes: 0 }),
        false => body,
    }
}

/// A body that ends with its connection.
struct CheckedBody {
    body: ResponseBody,
    document: JsonDocument,
    bytes: u64,
}

impl Body for CheckedBody {
    type Data = Bytes;
    type Error = TransportError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, TransportError>>> {
        let frame = ready!(Pin::new(&mut self.body).poll_frame(cx));
        match &frame {
            Some(Ok(frame)) => {
                let data = frame.data_ref().map(|data| &data[..]).unwrap_or_default();
                self.document.read(data);
                self.bytes += data.len() as u64;
            }
            None => {
                if let Some(cause) = self.document.missing_end() {
                    let received = StreamProgress { events: 0, bytes: self.bytes };
                    let error = TruncatedError { received, cause, response: None };
                    let error = TransportError::new(TransportErrorKind::BodyIncomplete, error);
                    return Poll::Ready(Some(Err(error)));
                }
            }
            Some(Err(_)) => {}
        }
        Poll::Ready(frame)
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

/// A scanner that finds the end of a JSON document. It reads only brackets and strings, because a model may
/// return numbers or characters that a strict parser rejects, although the document is complete.
#[derive(Debug, Default)]
pub(super) struct JsonDocument {
    position: Position,
    /// The number of open objects and arrays.
    depth: u64,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Position {
    /// Before the first character, except white space and a byte order mark.
    #[default]
    Start,
    /// Within an object or an array.
    Inside,
    /// Within a string.
    String,
    /// After a backslash within a string.
    Escape,
    /// After the document.
    End,
    /// The content is not one JSON object, array or string.
    Other,
}

impl JsonDocument {
    pub(super) fn read(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.position = self.step(*byte);
        }
    }

    fn step(&mut self, byte: u8) -> Position {
        match (self.position, byte) {
            (position @ (Position::Start | Position::End), b' ' | b'\t' | b'\r' | b'\n') => position,
            (Position::Start, 0xef | 0xbb | 0xbf) => Position::Start,
            (Position::Start | Position::Inside, b'{' | b'[') => {
                self.depth += 1;
                Position::Inside
            }
            (Position::Start | Position::Inside, b'"') => Position::String,
            (Position::Inside, b'}' | b']') => {
                self.depth -= 1;
                if self.depth == 0 { Position::End } else { Position::Inside }
            }
            (Position::Inside, _) => Position::Inside,
            (Position::String, b'\\') => Position::Escape,
            (Position::String, b'"') if self.depth == 0 => Position::End,
            (Position::String, b'"') => Position::Inside,
            (Position::String | Position::Escape, _) => Position::String,
            (Position::Start | Position::End | Position::Other, _) => Position::Other,
        }
    }

    /// Returns the evidence that the end of the document is missing, or `None` if the document is complete.
    pub(super) fn missing_end(&self) -> Option<TruncationCause> {
        match self.position {
            Position::End => None,
            Position::Inside | Position::String | Position::Escape => Some(TruncationCause::IncompleteJson),
            Position::Start | Position::Other => Some(TruncationCause::UnknownEnd),
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn missing_end(bytes: &[u8]) -> Option<TruncationCause> {
        let mut document = JsonDocument::default();
        document.read(bytes);
        document.missing_end()
    }

    #[test]
    fn a_json_document_shows_its_end() {
        for complete in [
            r#"{"embedding":[0.1,0.2,0.3]}"#,
            " {} \r\n\t",
            "\u{feff}[]",
            r#""a \" \\""#,
            r#"{"a":"}]\"","b":[{"c":"\\"}]}"#,
            r#"{"a":NaN,"b":1e999,"c":"\ud83d"}"#,
        ] {
            assert!(missing_end(complete.as_bytes()).is_none(), "{complete}");
            let document = complete.trim_end();
            for at in 0..document.len() {
                assert!(missing_end(&document.as_bytes()[..at]).is_some(), "{complete} until {at}");
            }
        }
        assert!(missing_end(b"{\"a\":\"\xe9\"}").is_none(), "Latin-1");
        assert!(missing_end("[".repeat(1000).as_bytes()).is_some());
    }

    #[test]
    fn other_content_does_not_show_its_end() {
        let unknown = |content: &[u8]| {
            let cause = missing_end(content);
            assert!(matches!(cause, Some(TruncationCause::UnknownEnd)), "{content:?}: {cause:?}");
        };
        for content in
            ["", " ", "12", "true", "text", "{}{}", "{\"a\":1}\n{\"b\":2}\n", "data: {}\n\n", "]", "{}]"]
        {
            unknown(content.as_bytes());
        }
        unknown(b"\x1f\x8b\x08");
        unknown(b"\x89PNG\r\n");
    }

    proptest! {
        /// Compares the scanner with serde_json for every prefix of a document that is split in two pieces.
        #[test]
        fn agrees_with_a_parser(strings in prop::collection::vec(".{0,9}", 0..5), at in 0usize..99) {
            let document = serde_json::json!({"list": strings, "object": {"number": -0.5, "null": null}}).to_string();
            let prefix = &document.as_bytes()[..at.min(document.len())];
            let mut scanner = JsonDocument::default();
            let (first, second) = prefix.split_at(prefix.len() / 2);
            scanner.read(first);
            scanner.read(second);
            let parsed = serde_json::from_slice::<serde_json::Value>(prefix).is_ok();
            prop_assert_eq!(scanner.missing_end().is_none(), parsed);
        }
    }
}
