//! The three timestamp formats, with a precision of nanoseconds.
//!
//! <https://smithy.io/2.0/spec/protocol-traits.html#timestampformat-trait>

mod convert;
mod http_date;

pub(crate) use convert::from_epoch_number;
pub use convert::{read, write};

/// A timestamp format.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Format {
    /// Seconds since 1970-01-01T00:00:00Z with an optional fraction: `1515531081.123`.
    EpochSeconds,
    /// RFC 3339 in UTC: `1985-04-12T23:20:50.52Z`.
    DateTime,
    /// IMF-fixdate with an optional fraction: `Tue, 29 Apr 2014 18:30:38 GMT`.
    ///
    /// <https://www.rfc-editor.org/rfc/rfc9110#section-5.6.7>
    HttpDate,
}
