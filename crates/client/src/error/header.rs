//! Errors of headers that the caller adds.

use crate::call::MAX_HEADERS;

/// An error of a header that [`Call::header`](crate::Call::header) cannot add. The error does not contain the
/// value of the header.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum HeaderError {
    /// The name is not a token ([RFC 9110, section 5.1](https://www.rfc-editor.org/rfc/rfc9110#section-5.1)).
    #[error("`{}` is not a header name: use letters, digits and hyphens", name.escape_debug())]
    Name {
        /// The name.
        name: String,
    },
    /// The value contains a control character ([RFC 9110, section
    /// 5.5](https://www.rfc-editor.org/rfc/rfc9110#section-5.5)).
    #[error("header `{name}`: the value has a control character: remove it")]
    Value {
        /// The name.
        name: String,
    },
    /// The request has too many headers.
    #[error("the request has {count} headers, but at most {MAX_HEADERS} are possible: remove some")]
    TooMany {
        /// The number of headers.
        count: usize,
    },
    /// The client or the transport sets this header.
    #[error("header `{name}` is set by the client: do not add it")]
    Reserved {
        /// The name.
        name: String,
    },
}

impl HeaderError {
    /// Returns an error if a request with this number of headers has too many headers.
    pub(crate) fn check_count(count: usize) -> Result<(), Self> {
        if count > MAX_HEADERS { Err(Self::TooMany { count }) } else { Ok(()) }
    }
}
