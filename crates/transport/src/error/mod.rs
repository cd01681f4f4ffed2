//! The error type of the transport, and functions that search its causes.

mod kind;
#[cfg(test)]
mod tests;

use std::error::Error;
use std::fmt;
use std::io;
use std::sync::Arc;

pub use kind::{TimeoutKind, TransportErrorKind};

/// The error of a request that received no response, or only an incomplete response.
///
/// `Display` writes one line with the kind of failure, the host (if known) and the message of the innermost
/// cause. The other causes are available through [`source`](Error::source).
///
/// A clone shares the causes with the original.
#[derive(Clone, Debug)]
pub struct TransportError {
    kind: TransportErrorKind,
    host: Option<Box<str>>,
    source: Option<Arc<dyn Error + Send + Sync>>,
    /// `true` if the error occurred before anything was sent. Other errors of the same kind can occur after
    /// sending.
    not_sent: bool,
}

impl TransportError {
    /// Creates an error of kind `kind`. `source` is the cause: an error, or a message that describes the
    /// problem and its solution.
    pub fn new(kind: TransportErrorKind, source: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        Self { kind, host: None, source: Some(source.into().into()), not_sent: false }
    }

    /// Returns the kind of failure.
    #[must_use]
    pub const fn kind(&self) -> TransportErrorKind {
        self.kind
    }

    /// Returns `true` if the service may have received the request and processed it. See
    /// [`TransportErrorKind::may_have_been_sent`]. For a timeout, the result also depends on the
    /// [stage](crate::RequestStage) of the request.
    #[must_use]
    pub const fn may_have_been_sent(&self) -> bool {
        !self.not_sent && self.kind.may_have_been_sent()
    }

    /// Returns `true` if a timeout expired, including the connect timeout.
    #[must_use]
    pub const fn is_timeout(&self) -> bool {
        self.kind.is_timeout()
    }

    /// Returns `true` if no connection to the host could be established: name resolution, TCP, proxy or TLS
    /// failed.
    #[must_use]
    pub const fn is_connect(&self) -> bool {
        self.kind.is_connect()
    }

    /// Marks the error as an error that occurred before anything was sent.
    #[cfg(feature = "timeouts")]
    pub(crate) fn before_sending(self) -> Self {
        Self { not_sent: true, ..self }
    }

    /// Wraps `source` in an error of kind `kind`. If `source` already is a `TransportError`, returns it
    /// unchanged.
    pub(crate) fn wrap(kind: TransportErrorKind, source: Box<dyn Error + Send + Sync>) -> Self {
        match source.downcast::<Self>() {
            Ok(error) => *error,
            Err(source) => Self::new(kind, source),
        }
    }

    /// Adds the host and the proxy to the message. The host includes the port if the URI contains a port.
    #[cfg(feature = "hyper")]
    pub(crate) fn at(self, authority: &http::uri::Authority, proxy: Option<&http::uri::Authority>) -> Self {
        // Omit the part before `@`, because it can contain a password.
        let host = authority.as_str().rsplit('@').next().unwrap_or_default();
        let host = match proxy {
            Some(proxy) => format!("{host}, proxy {proxy}").into(),
            None => host.into(),
        };
        Self { host: Some(host), ..self }
    }
}

impl Error for TransportError {
    /// Returns the cause itself, and not the `Arc` around the cause. Otherwise, a caller could not downcast
    /// the cause.
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        self.source.as_deref().map(|source| source as _)
    }
}

impl From<TransportErrorKind> for TransportError {
    fn from(kind: TransportErrorKind) -> Self {
        Self { kind, host: None, source: None, not_sent: false }
    }
}

impl fmt::Display for TransportError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.kind.phrase())?;
        if let Some(host) = &self.host {
            write!(f, " ({host})")?;
        }
        let Some(source) = &self.source else { return Ok(()) };
        let Some(root) = causes(&**source).last() else { return Ok(()) };
        // Joins the lines of the cause, because the message must be one line.
        f.write_str(":")?;
        root.to_string().lines().try_for_each(|line| write!(f, " {}", line.trim()))
    }
}

/// Returns `error` and its causes, the outermost first.
///
/// The cause of an `io::Error` is the error that it wraps. This function does not call `io::Error::source`,
/// because that method returns the source of the wrapped error instead of the wrapped error.
pub(crate) fn causes<'a>(
    error: &'a (dyn Error + 'static),
) -> impl Iterator<Item = &'a (dyn Error + 'static)> {
    std::iter::successors(Some(error), |&error| {
        match error.downcast_ref::<io::Error>().and_then(io::Error::get_ref) {
            Some(wrapped) => Some(wrapped),
            None => error.source(),
        }
    })
}

/// Returns the outermost cause of type `E`.
#[cfg(any(feature = "hyper", feature = "smithy", feature = "tower"))]
pub(crate) fn find<'a, E: Error + 'static>(error: &'a (dyn Error + 'static)) -> Option<&'a E> {
    causes(error).find_map(|cause| cause.downcast_ref())
}
