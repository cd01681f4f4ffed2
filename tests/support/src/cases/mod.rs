//! Compares requests, responses and frames with protocol test cases.
//!
//! A generated test contains a case as data. To check what one side sends, the test calls [`Request::check`],
//! [`Response::check_output`], [`Response::check_error`] or [`Frame::check`]. To check what one side receives, the
//! test calls another method of [`Request`] or [`Response`], and compares the result with [`same`] or
//! [`same_text`]. All checks panic if they find a difference, and print the difference.
//!
//! Specifications of the cases: <https://smithy.io/2.0/additional-specs/http-protocol-compliance-tests.html>
//! and <https://smithy.io/2.0/additional-specs/event-stream-protocol-tests.html>.

mod body;
mod content;
mod frame;
mod request;
mod response;

pub use content::Content;
pub use frame::Frame;
pub use request::Request;
pub use response::{Failure, Response, StreamResult};

use std::fmt::Debug;

use invoke_model_protocol::{ServerOperation, Timestamp};
use serde_json::Value;

/// Sets the defaults of an input, as [`Request::input`] does.
pub fn with_defaults<O: ServerOperation>(mut input: O::Input) -> O::Input {
    O::set_defaults(&mut input);
    input
}

/// Compares two values.
///
/// # Panics
/// Panics if the values differ.
#[track_caller]
pub fn same<T: Debug + PartialEq>(found: &T, expected: &T) {
    assert!(found == expected, "expected {expected:?}, found {found:?}");
}

/// Compares the `Debug` texts of two values. Use this function for values that contain NaN, because NaN does
/// not equal itself.
///
/// # Panics
/// Panics if the texts differ.
#[track_caller]
pub fn same_text<T: Debug>(found: &T, expected: &T) {
    let (found, expected) = (format!("{found:?}"), format!("{expected:?}"));
    assert!(found == expected, "expected {expected}, found {found}");
}

/// Parses the JSON text of a document.
///
/// # Panics
/// Panics if the text is not JSON.
pub fn document(text: &str) -> Value {
    serde_json::from_str(text).unwrap_or_else(|error| panic!("the document of the case is not JSON: {error}"))
}

/// Converts milliseconds since the Unix epoch into a timestamp.
///
/// # Panics
/// Panics if the timestamp is outside the years -9999 to 9999.
pub fn milliseconds(milliseconds: i64) -> Timestamp {
    Timestamp::from_millisecond(milliseconds)
        .unwrap_or_else(|error| panic!("the timestamp of the case is invalid: {error}"))
}

/// Parses a timestamp in the format of RFC 3339.
///
/// # Panics
/// Panics if the text is not a timestamp.
pub fn time(text: &str) -> Timestamp {
    text.parse().unwrap_or_else(|error| panic!("the timestamp of the case is invalid: {error}"))
}
