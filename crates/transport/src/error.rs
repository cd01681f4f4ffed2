//! The error of a call, and the search through its causes.

use std::{error::Error, fmt, io};

use crate::TransportErrorKind;

/// Why a call has no (whole) response.
///
/// `Display` is one line: what happened, the host if it is known, and the words of the innermost cause. The causes
/// between are in [`source`](Error::source).
#[derive(Debug, thiserror::Error)]
pub struct TransportError {
    kind: TransportErrorKind,
    host: Option<Box<str>>,
    source: Option<Box<dyn Error + Send + Sync>>,
    /// Nothing was sent, whatever the kind allows.
    unsent: bool,
}

impl TransportError {
    /// An error of `kind` that was caused by `source`: an error, or the words that say what to do.
    pub fn new(kind: TransportErrorKind, source: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        Self { kind, host: None, source: Some(source.into()), unsent: false }
    }

    /// What happened, and how far the request got.
    #[must_use]
    pub const fn kind(&self) -> TransportErrorKind {
        self.kind
    }

    /// Whether the service can have received the request: see [`TransportErrorKind::may_have_been_sent`].
    #[must_use]
    pub const fn may_have_been_sent(&self) -> bool {
        !self.unsent && self.kind.may_have_been_sent()
    }

    /// The same error of something that was waited for before anything was sent.
    #[cfg(feature = "timeouts")]
    pub(crate) fn before_sending(self) -> Self {
        Self { unsent: true, ..self }
    }

    /// Wraps `source`, unless it is a `TransportError` already.
    pub(crate) fn wrap(kind: TransportErrorKind, source: Box<dyn Error + Send + Sync>) -> Self {
        match source.downcast::<Self>() {
            Ok(error) => *error,
            Err(source) => Self::new(kind, source),
        }
    }

    /// Names the host, and the port if the URI does, in the error's line; and the proxy on the way there.
    #[cfg(feature = "hyper")]
    pub(crate) fn at(self, authority: &http::uri::Authority, proxy: Option<&http::uri::Authority>) -> Self {
        // What stands before `@` can be a password.
        let host = authority.as_str().rsplit('@').next().unwrap_or_default();
        let host = match proxy {
            Some(proxy) => format!("{host}, proxy {proxy}").into(),
            None => host.into(),
        };
        Self { host: Some(host), ..self }
    }
}

impl From<TransportErrorKind> for TransportError {
    fn from(kind: TransportErrorKind) -> Self {
        Self { kind, host: None, source: None, unsent: false }
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
        // One line, whatever the cause wrote.
        f.write_str(":")?;
        root.to_string().lines().try_for_each(|line| write!(f, " {}", line.trim()))
    }
}

/// `error` and what caused it, from the outside in.
///
/// An `io::Error` gives the error that it holds: its `source()` is that error's source, and would skip it.
pub(crate) fn causes<'a>(
    error: &'a (dyn Error + 'static),
) -> impl Iterator<Item = &'a (dyn Error + 'static)> {
    std::iter::successors(Some(error), |&error| {
        match error.downcast_ref::<io::Error>().and_then(io::Error::get_ref) {
            Some(held) => Some(held),
            None => error.source(),
        }
    })
}

/// The outermost cause of type `E`.
#[cfg(any(feature = "hyper", feature = "smithy"))]
pub(crate) fn find<'a, E: Error + 'static>(error: &'a (dyn Error + 'static)) -> Option<&'a E> {
    causes(error).find_map(|cause| cause.downcast_ref())
}

#[cfg(test)]
mod tests {
    use super::*;
    use TransportErrorKind::{Connect, RequestBody, Resolve};

    #[derive(Debug, thiserror::Error)]
    #[error("outer words")]
    struct Outer(#[source] io::Error);

    fn check(error: TransportError, expected: &str) {
        assert_eq!(error.to_string(), expected);
    }

    #[test]
    fn display_has_the_words_of_the_innermost_cause_once() {
        let refused = || io::Error::from(io::ErrorKind::ConnectionRefused);
        check(TransportError::new(Connect, Outer(refused())), "no connection: connection refused");
        check(
            TransportError::new(Connect, io::Error::other(Outer(refused()))),
            "no connection: connection refused",
        );
        check(Connect.into(), "no connection");
    }

    #[test]
    fn display_is_one_line() {
        check(
            TransportError::new(Resolve, "two\n  lines\r\n"),
            "the host name cannot be resolved: two lines",
        );
    }

    #[cfg(feature = "hyper")]
    #[test]
    fn display_names_the_host_but_no_password() {
        let authority = http::uri::Authority::from_static("user:secret@example.test:8080");
        check(
            TransportError::new(Resolve, "no such name").at(&authority, None),
            "the host name cannot be resolved (example.test:8080): no such name",
        );
        let proxy = http::uri::Authority::from_static("proxy.test:3128");
        check(
            TransportError::new(Connect, "refused").at(&authority, Some(&proxy)),
            "no connection (example.test:8080, proxy proxy.test:3128): refused",
        );
    }

    #[test]
    fn a_transport_error_is_not_wrapped_twice() {
        let inner = TransportError::new(RequestBody, "disk");
        assert_eq!(TransportError::wrap(Connect, Box::new(inner)).kind(), RequestBody);
    }
}
