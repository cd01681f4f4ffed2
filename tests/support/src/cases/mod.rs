//! Comparison of protocol test cases with requests, responses and frames.
//!
//! Generated tests state a case as data and call [`Request::check`], the methods of [`Response`], or [`Frame::check`],
//! which panic with the difference.
//!
//! The cases: <https://smithy.io/2.0/additional-specs/http-protocol-compliance-tests.html> and
//! <https://smithy.io/2.0/additional-specs/event-stream-protocol-tests.html>.

mod body;
mod content;
mod frame;
mod request;
mod response;

pub use content::Content;
pub use frame::Frame;
pub use request::Request;
pub use response::{Events, Failure, Response};

use std::fmt::Debug;

use invoke_model_protocol::Timestamp;
use serde_json::Value;

/// Two values are equal.
///
/// # Panics
/// They are not.
#[track_caller]
pub fn same<T: Debug + PartialEq>(found: &T, expected: &T) {
    assert!(found == expected, "expected {expected:?}, found {found:?}");
}

/// Two values have the same text: for those that hold a NaN, which is equal to nothing.
///
/// # Panics
/// They have not.
#[track_caller]
pub fn same_text<T: Debug>(found: &T, expected: &T) {
    let (found, expected) = (format!("{found:?}"), format!("{expected:?}"));
    assert!(found == expected, "expected {expected}, found {found}");
}

/// A document.
///
/// # Panics
/// The text is no JSON.
pub fn document(text: &str) -> Value {
    serde_json::from_str(text).unwrap_or_else(|error| panic!("the case states no JSON: {error}"))
}

/// A time, from milliseconds since 1970.
///
/// # Panics
/// It is outside years -9999 to 9999.
pub fn milliseconds(milliseconds: i64) -> Timestamp {
    Timestamp::from_millisecond(milliseconds)
        .unwrap_or_else(|error| panic!("the case states no time: {error}"))
}

/// A time, from RFC 3339.
///
/// # Panics
/// The text is no time.
pub fn time(text: &str) -> Timestamp {
    text.parse().unwrap_or_else(|error| panic!("the case states no time: {error}"))
}
