//! A stream that ended before it was whole.

use std::error::Error;
use std::fmt;

use invoke_model_transport::TransportError;

use super::StreamProgress;

/// A stream that ended before it was whole: what came is true, and there was more.
#[derive(Debug)]
#[non_exhaustive]
pub struct TruncatedError {
    /// What came before the end.
    pub received: StreamProgress,
    /// How it was seen that there was more.
    pub cut: TruncationCause,
}

/// How it was seen that a stream is not whole.
#[derive(Debug)]
#[non_exhaustive]
pub enum TruncationCause {
    /// The connection was lost, or closed without the last chunk of the body.
    Connection(TransportError),
    /// The body ended in the midst of a frame.
    Frame {
        /// The bytes of it that came.
        left: usize,
    },
    /// The body has no end of its own: only the end of the connection ended it, as a cut does
    /// ([RFC 9112, 8](https://www.rfc-editor.org/rfc/rfc9112#section-8-5)).
    NoEnd,
}

impl fmt::Display for TruncatedError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the stream was cut after {}: ", self.received)?;
        match &self.cut {
            TruncationCause::Connection(error) => error.fmt(f),
            TruncationCause::Frame { left } => write!(f, "the last frame is not whole, {left} bytes of it came"),
            TruncationCause::NoEnd => f.write_str(
                "the answer has neither chunks nor a length, so its end cannot be told from a lost connection; \
                 the proxy in between must speak HTTP/1.1",
            ),
        }
    }
}

impl Error for TruncatedError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match &self.cut {
            TruncationCause::Connection(error) => Some(error),
            TruncationCause::Frame { .. } | TruncationCause::NoEnd => None,
        }
    }
}
