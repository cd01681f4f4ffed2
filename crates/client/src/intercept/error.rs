//! Errors of interceptors.

use std::error::Error;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use http::HeaderName;

use crate::call::MAX_HEADERS;

/// The error of a call that an interceptor has ended.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct InterceptorError {
    /// The [name](crate::Intercept::name) of the interceptor.
    pub interceptor: String,
    /// The hook that failed.
    pub hook: Hook,
    /// The reason.
    pub kind: InterceptorErrorKind,
}

/// A hook that can end a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Hook {
    /// [`Intercept::before_sign`](crate::Intercept::before_sign).
    BeforeSign,
    /// [`Intercept::before_send`](crate::Intercept::before_send).
    BeforeSend,
    /// [`Intercept::after_response`](crate::Intercept::after_response).
    AfterResponse,
}

/// The reason for an [`InterceptorError`].
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum InterceptorErrorKind {
    /// The hook returned this error.
    Refused(Arc<dyn Error + Send + Sync>),
    /// The hook panicked. The panic hook of the process has received the message of the panic.
    Panicked,
    /// The hook did not finish within this time. The limit is
    /// [`TimeoutConfig::interceptor`](crate::TimeoutConfig::interceptor).
    TimedOut(Duration),
    /// The hook added, changed or removed a header that the client sets itself.
    Header(HeaderName),
    /// The hook added headers, so that the request has this number of headers, which is too many.
    TooManyHeaders(usize),
    /// The hook changed the method, the URI or the HTTP version of the request. The text names the part.
    Request(&'static str),
}

impl Hook {
    /// Returns the name of the hook.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::BeforeSign => "before_sign",
            Self::BeforeSend => "before_send",
            Self::AfterResponse => "after_response",
        }
    }
}

impl fmt::Display for Hook {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl InterceptorError {
    /// Returns `true` if the client has sent the request before the error occurred.
    pub(crate) fn is_after_sending(&self) -> bool {
        self.hook == Hook::AfterResponse
    }
}

impl fmt::Display for InterceptorError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { interceptor, hook, kind } = self;
        write!(f, "interceptor `{interceptor}`: ")?;
        match kind {
            InterceptorErrorKind::Refused(reason) => write!(f, "{hook}: {reason}"),
            InterceptorErrorKind::Panicked => {
                write!(f, "{hook} panicked; correct the interceptor, which must not panic")
            }
            InterceptorErrorKind::TimedOut(limit) => {
                write!(f, "{hook} did not finish within {limit:?}; raise `TimeoutConfig::interceptor`")
            }
            InterceptorErrorKind::Header(name) => {
                write!(f, "{hook} changed the header `{name}`; do not change it, because the client sets it")
            }
            InterceptorErrorKind::TooManyHeaders(count) => write!(
                f,
                "{hook} left {count} headers in the request, but at most {MAX_HEADERS} are possible; add fewer headers"
            ),
            InterceptorErrorKind::Request(part) => {
                write!(f, "{hook} changed the {part} of the request; change only headers and extensions")
            }
        }
    }
}

impl Error for InterceptorError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match &self.kind {
            InterceptorErrorKind::Refused(reason) => Some(&**reason),
            _ => None,
        }
    }
}
