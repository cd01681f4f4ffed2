//! The three timestamp formats, to the nanosecond.
//! <https://smithy.io/2.0/spec/protocol-traits.html#timestampformat-trait>

mod convert;
mod http_date;

pub(crate) use convert::from_epoch_number;
pub use convert::{read, write};

/// How a timestamp is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Format {
    /// Seconds since 1970-01-01T00:00:00Z, with a fraction where there is one: `1515531081.123`.
    EpochSeconds,
    /// RFC 3339 in UTC: `1985-04-12T23:20:50.52Z`.
    DateTime,
    /// The IMF-fixdate of RFC 9110 section 5.6.7, with a fraction where there is one:
    /// `Tue, 29 Apr 2014 18:30:38 GMT`.
    HttpDate,
}
