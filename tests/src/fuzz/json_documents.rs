//! Parses arbitrary bytes as JSON documents, structures and unions.

use std::fmt::Debug;

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
    assert_eq!(Value::from(read(&out)), value);
    assert_eq!(Value::from(read(data)), value);
    check::<Tree>(data);
    check::<Choice>(data);
}

fn check<T: Debug + FromJson + ToJson>(data: &[u8]) {
    let Ok(shape) = T::from_json(read(data)) else { return };
    let mut out = Vec::new();
    shape.to_json(&mut out);
    let again = T::from_json(read(&out)).unwrap_or_else(|error| panic!("{shape:?}: {error}"));
    // Compares the `Debug` texts, because NaN does not equal itself.
    assert_eq!(format!("{again:?}"), format!("{shape:?}"));
}

fn read(out: &[u8]) -> BorrowedValue<'_> {
    BorrowedValue::from_body(out).unwrap_or_else(|error| panic!("{}: {error}", String::from_utf8_lossy(out)))
}
