//! Parses arbitrary bytes as JSON documents, structures and unions.

use std::fmt::Debug;

use invoke_model_protocol::json::{FromJson, ToJson, Value, write};

use crate::json::{Choice, Tree};

/// Checks that documents, structures and unions stay the same when they are serialized and parsed.
///
/// # Panics
/// Panics if a value changes.
pub fn json_documents(data: &[u8]) {
    let Ok(value) = serde_json::from_slice::<Value>(data) else { return };
    let mut out = Vec::new();
    write::document(&value, &mut out);
    assert_eq!(read(&out), value);
    check::<Tree>(value.clone());
    check::<Choice>(value);
}

fn check<T: Debug + FromJson + ToJson>(value: Value) {
    let Ok(shape) = T::from_json(value) else { return };
    let mut out = Vec::new();
    shape.to_json(&mut out);
    let again = T::from_json(read(&out)).unwrap_or_else(|error| panic!("{shape:?}: {error}"));
    // Compares the `Debug` texts, because NaN does not equal itself.
    assert_eq!(format!("{again:?}"), format!("{shape:?}"));
}

fn read(out: &[u8]) -> Value {
    serde_json::from_slice(out).unwrap_or_else(|error| panic!("{}: {error}", String::from_utf8_lossy(out)))
}
