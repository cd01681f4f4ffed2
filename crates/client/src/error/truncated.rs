//! The error of an event stream or a response that ends too early.

use std::error::Error;
use std::fmt;

use bytes::Bytes;
use invoke_model_transport::TransportError;

/// The received part of an event stream.
///
/// `Display` writes, for example, `5 events (1,453 bytes)`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct StreamProgress {
    /// The number of complete events, including an exception.
    pub events: u64,
    /// The number of bytes, including the bytes of an incomplete frame.
    pub bytes: u64,
}

impl fmt::Display for StreamProgress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let plural = |number| if number == 1 { "" } else { "s" };
        let Self { events, bytes } = *self;
        write!(f, "{} event{} ({} byte{})", grouped(events), plural(events), grouped(bytes), plural(bytes))
    }
}

/// Writes a number with a comma between groups of three digits.
fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index) % 3 == 0 {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// The error of an event stream or a response that ended before it was complete. The received events are
/// valid, but further events are missing.
///
/// `Debug` does not show the response.
#[derive(Clone)]
#[non_exhaustive]
pub struct TruncatedError {
    /// The received part of the stream. For a response without events, the number of events is 0.
    pub received: StreamProgress,
    /// The evidence that the stream or the response is incomplete.
    pub cause: TruncationCause,
    /// The received part of a response without events. The response may be complete if the cause is
    /// [`UnknownEnd`](TruncationCause::UnknownEnd). This field is `None` for an event stream, and for
    /// [`send_streaming`](crate::Call::send_streaming).
    pub response: Option<Box<http::Response<Bytes>>>,
}

impl TruncatedError {
    /// Creates the error of an event stream.
    pub(crate) fn of_stream(received: StreamProgress, cause: TruncationCause) -> Self {
        Self { received, cause, response: None }
    }
}

/// The evidence that an event stream or a response is incomplete.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum TruncationCause {
    /// The connection was lost, or was closed before the last chunk of the body.
    Connection(TransportError),
    /// The body ended within a frame.
    IncompleteFrame {
        /// The number of bytes of the frame that were received.
        received: usize,
    },
    /// The body ended within a server-sent event.
    IncompleteEvent {
        /// The number of bytes of the event that were received.
        received: usize,
    },
    /// The body has neither chunks nor a length, so it ends when the connection closes. The client therefore
    /// cannot distinguish a truncated body from a complete body ([RFC 9112, section
    /// 8](https://www.rfc-editor.org/rfc/rfc9112#section-8-5)).
    CloseDelimited,
    /// The response has the status 206 (Partial Content), although the request has no header `Range`.
    PartialContent,
    /// The response has neither chunks nor a length, and its body is a JSON document that ends too early.
    IncompleteJson,
    /// The response has neither chunks nor a length, and its body is not a JSON document. The client
    /// therefore cannot distinguish a truncated body from a complete body.
    UnknownEnd,
}

impl fmt::Display for TruncatedError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.cause {
            TruncationCause::PartialContent
            | TruncationCause::IncompleteJson
            | TruncationCause::UnknownEnd => {
                write!(f, "response truncated after {} bytes: ", grouped(self.received.bytes))?;
            }
            _ => write!(f, "response stream truncated after {}: ", self.received)?,
        }
        match &self.cause {
            TruncationCause::Connection(error) => error.fmt(f),
            TruncationCause::IncompleteFrame { received } => {
                write!(f, "the last frame is incomplete, {received} bytes of it were received")
            }
            TruncationCause::IncompleteEvent { received } => {
                write!(f, "the last event is incomplete, {received} bytes of it were received")
            }
            TruncationCause::CloseDelimited => f.write_str(
                "the response has neither chunks nor a length, so its end looks like a lost connection; use a proxy \
                 that supports HTTP/1.1",
            ),
            TruncationCause::PartialContent => f.write_str(
                "the status 206 states that the body is only a part of the response; find out which proxy divides \
                 responses",
            ),
            TruncationCause::IncompleteJson => f.write_str(
                "the JSON document ends too early; find out if a proxy truncates long responses, and use a proxy that \
                 supports HTTP/1.1",
            ),
            TruncationCause::UnknownEnd => f.write_str(
                "the response has neither chunks nor a length, and only a JSON document shows its own end; the received \
                 part may be complete; use a proxy that supports HTTP/1.1",
            ),
        }
    }
}

impl fmt::Debug for TruncatedError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TruncatedError")
            .field("received", &self.received)
            .field("cause", &self.cause)
            .finish_non_exhaustive()
    }
}

impl Error for TruncatedError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match &self.cause {
            TruncationCause::Connection(error) => Some(error),
            TruncationCause::IncompleteFrame { .. }
            | TruncationCause::IncompleteEvent { .. }
            | TruncationCause::CloseDelimited
            | TruncationCause::PartialContent
            | TruncationCause::IncompleteJson
            | TruncationCause::UnknownEnd => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn progress_has_plurals_and_grouped_digits() {
        let check = |events, bytes, expected: &str| {
            assert_eq!(StreamProgress { events, bytes }.to_string(), expected);
        };
        check(0, 0, "0 events (0 bytes)");
        check(1, 1, "1 event (1 byte)");
        check(5, 1_453, "5 events (1,453 bytes)");
        check(999, 999, "999 events (999 bytes)");
        check(1_000, 12_345_678, "1,000 events (12,345,678 bytes)");
    }
}
