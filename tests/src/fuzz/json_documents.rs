//! Parses arbitrary bytes as JSON documents, structures and unions.

use std::fmt::Debug;

use invoke_model_protocol::ParseError;
use invoke_model_protocol::json::read::{body, document};
use invoke_model_protocol::json::{BorrowedValue, FromJson, ToJson, Value, write};

use crate::json::{Choice, Tree};

/// Checks that documents, structures and unions stay the same when they are serialized and parsed.
///
/// # Panics
/// Panics if a value changes.
pub fn json_documents(data: &[u8]) {
    let Ok(value) = serde_json::from_slice::<Value>(data) else { return };
    let mut out = Vec::new();
    write::document(&value, &mut out);
    assert_eq!(read(&out, document), value);
    assert_eq!(read(data, document), value);
    check::<Tree>(data);
    check::<Choice>(data);
}

fn check<T: Debug + FromJson + ToJson>(data: &[u8]) {
    let Ok(shape) = body(data, T::from_json) else { return };
    let mut out = Vec::new();
    shape.to_json(&mut out);
    let again = read(&out, T::from_json);
    // Compares the `Debug` texts, because NaN does not equal itself.
    assert_eq!(format!("{again:?}"), format!("{shape:?}"));
}

fn read<T>(json: &[u8], of: impl FnOnce(BorrowedValue<'_>) -> Result<T, ParseError>) -> T {
    body(json, of).unwrap_or_else(|error| panic!("{}: {error}", String::from_utf8_lossy(json)))
}
