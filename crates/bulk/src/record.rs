//! Records of the input.

use std::borrow::Cow;
use std::collections::HashSet;

use bytes::Bytes;
use serde::Deserialize;
use serde_json::value::RawValue;
use sha2::{Digest, Sha256};

/// The maximum size of the input of one record in bytes. It is the limit of the service for the body of
/// `InvokeModel`.
pub(crate) const MAX_INPUT_BYTES: usize = 25_000_000;

/// A valid record.
#[derive(Clone, Debug)]
pub(crate) struct Record {
    /// The number of the record. The first record has the number 0.
    pub(crate) index: usize,
    /// The id from the input, or an id that [`made_id`] has made.
    pub(crate) id: String,
    /// The JSON object that is sent to the model.
    pub(crate) input: Bytes,
    pub(crate) key: Key,
    /// `true` if the record must not share a request with other records.
    pub(crate) is_alone: bool,
}

/// The problem of an invalid record.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum RecordError {
    /// The line is not JSON, or a member is unknown or has a wrong type.
    #[error("invalid record: {0}")]
    Json(String),

    /// The line is not an object, or has no member `modelInput`.
    #[error(r#"expected an object such as {{"recordId": "1", "modelInput": {{..}}}}"#)]
    NoInput,

    /// `modelInput` is not an object.
    #[error("`modelInput` must be an object")]
    InputNotObject,

    /// The id is empty.
    #[error("`recordId` must not be empty; a record without this member gets an id")]
    EmptyId,

    /// `modelInput` is larger than the service accepts.
    #[error("`modelInput` is larger than {MAX_INPUT_BYTES} bytes, which is the limit of the service")]
    TooLarge,

    /// The row of a table lacks a column, or the value of the column is null.
    #[error("the column `{column}` is missing")]
    NoColumn {
        /// The name of the column.
        column: String,
    },

    /// An earlier record has the same id.
    #[error("the id `{id}` occurs twice")]
    DuplicateId {
        /// The id.
        id: String,
    },
}

/// The first 16 bytes of a SHA-256 hash.
///
/// With a million records, the probability that two different records have the same key is below 1e-26.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Key([u8; 16]);

impl Key {
    /// Returns the hash of the parts and of their lengths.
    pub(crate) fn new(parts: &[&[u8]]) -> Self {
        let mut hash = Sha256::new();
        for part in parts {
            hash.update((part.len() as u64).to_le_bytes());
            hash.update(part);
        }
        let mut key = [0; 16];
        key.copy_from_slice(&hash.finalize()[..16]);
        Self(key)
    }

    pub(crate) fn from_hex(text: &str) -> Option<Self> {
        let number = u128::from_str_radix(text, 16).ok().filter(|_| text.len() == 32)?;
        Some(Self(number.to_be_bytes()))
    }
}

impl std::fmt::Display for Key {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{:032x}", u128::from_be_bytes(self.0))
    }
}

/// The ids of the records that were read.
///
/// As long as no record has an id of its own, no id is stored.
#[derive(Debug, Default)]
pub(crate) struct Ids {
    /// The number of records before the first one with an id of its own. The ids of these records are made.
    made: usize,
    /// The hashes of the ids of all later records. They need less memory than the ids.
    later: HashSet<Key>,
}

impl Ids {
    /// Adds the id of the next record.
    ///
    /// # Errors
    /// Returns an error if an earlier record has this id.
    pub(crate) fn add(&mut self, id: &str) -> Result<(), RecordError> {
        if self.later.is_empty() && id == made_id(self.made) {
            self.made += 1;
            return Ok(());
        }
        let number = id.strip_prefix('R').and_then(|number| number.parse::<usize>().ok());
        let is_made =
            number.is_some_and(|number| (1..=self.made).contains(&number) && id == made_id(number - 1));
        match !is_made && self.later.insert(Key::new(&[id.as_bytes()])) {
            true => Ok(()),
            false => Err(RecordError::DuplicateId { id: id.to_owned() }),
        }
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Line<'a> {
    #[serde(borrow)]
    record_id: Option<Cow<'a, str>>,
    #[serde(borrow)]
    model_input: Option<&'a RawValue>,
}

/// Parses a line of the input. Returns the id, if the line contains one, and the text of `modelInput`.
pub(crate) fn parse_line(line: &[u8]) -> Result<(Option<Cow<'_, str>>, &RawValue), RecordError> {
    let Line { record_id, model_input } = serde_json::from_slice(line).map_err(|error| {
        // An array of two values would also be accepted for a structure.
        match error.is_data() && !line.starts_with(b"{") {
            true => RecordError::NoInput,
            false => RecordError::Json(without_line(&error)),
        }
    })?;
    let input = model_input.filter(|_| line.starts_with(b"{")).ok_or(RecordError::NoInput)?;
    if !input.get().starts_with('{') {
        return Err(RecordError::InputNotObject);
    }
    if input.get().len() > MAX_INPUT_BYTES {
        return Err(RecordError::TooLarge);
    }
    match record_id.as_deref() {
        Some("") => Err(RecordError::EmptyId),
        _ => Ok((record_id, input)),
    }
}

/// Returns the id of a line that is not a valid record, if the line is an object with an id.
pub(crate) fn id_of_invalid(line: &[u8]) -> Option<String> {
    #[derive(Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct Id {
        record_id: String,
    }
    // An array of one string would also be accepted for a structure.
    let id = line.starts_with(b"{").then(|| serde_json::from_slice::<Id>(line).ok()).flatten()?.record_id;
    Some(id).filter(|id| !id.is_empty())
}

/// Returns the error without the line number, because the text that was parsed is one line of a file.
pub(crate) fn without_line(error: &serde_json::Error) -> String {
    let text = error.to_string();
    let end = text.rfind(" at line ").unwrap_or(text.len());
    match error.column() {
        0 => text[..end].to_owned(),
        column => format!("{} at column {column}", &text[..end]),
    }
}

/// Returns the id of a record without an id. The id depends only on the position of the record, so that it is the
/// same when the run is started again.
pub(crate) fn made_id(index: usize) -> String {
    format!("R{:010}", index + 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(line: &str, expected: Result<(Option<&str>, &str), &str>) {
        let result = parse_line(line.as_bytes());
        let result = result.as_ref().map(|(id, input)| (id.as_deref(), input.get()));
        match (result, expected) {
            (Ok(record), Ok(expected)) => assert_eq!(record, expected, "{line}"),
            (Err(error), Err(expected)) => assert!(error.to_string().contains(expected), "{line}: {error}"),
            (result, expected) => panic!("{line}: {result:?} instead of {expected:?}"),
        }
    }

    #[test]
    fn lines_are_objects_with_an_input() {
        check(r#"{"recordId":"a","modelInput":{"b": 1.0}}"#, Ok((Some("a"), r#"{"b": 1.0}"#)));
        check(r#"{"modelInput":{},"recordId":"\u0061\n"}"#, Ok((Some("a\n"), "{}")));
        check(r#"{"modelInput":{}}"#, Ok((None, "{}")));
        check(r#"{"recordId":"a"}"#, Err("expected an object"));
        check("[1,2]", Err("expected an object"));
        check(r#"["a",{}]"#, Err("expected an object"));
        check("1", Err("expected an object"));
        check(r#"{"recordId":1,"modelInput":{}}"#, Err("expected a string"));
        check(r#"{"recordId":"","modelInput":{}}"#, Err("must not be empty"));
        check(r#"{"modelInput":[]}"#, Err("must be an object"));
        check(r#"{"modelInput":{},"model":1}"#, Err("unknown field `model`"));
        check(r#"{"modelInput":{}"#, Err("EOF"));
        check("hello", Err("invalid record: expected value at column 1"));
    }

    #[test]
    fn invalid_lines_can_have_an_id() {
        let check =
            |line: &str, expected| assert_eq!(id_of_invalid(line.as_bytes()).as_deref(), expected, "{line}");
        check(r#"{"recordId":"a"}"#, Some("a"));
        check(r#"{"modelInput":[],"recordId":"a","model":1}"#, Some("a"));
        check(r#"{"recordId":""}"#, None);
        check(r#"{"recordId":1}"#, None);
        check(r#"{"modelInput":[]}"#, None);
        check(r#"["a"]"#, None);
        check("hello", None);
    }

    #[test]
    fn an_id_occurs_once() {
        let check = |list: &[&str], expected: &[bool]| {
            let mut ids = Ids::default();
            let found: Vec<_> = list.iter().map(|id| ids.add(id).is_ok()).collect();
            assert_eq!(found, expected, "{list:?}");
        };
        check(&["R0000000001", "R0000000002", "R0000000001", "R0000000003"], &[true, true, false, true]);
        check(&["a", "R0000000002", "a", "R0000000002"], &[true, true, false, false]);
        check(&["R0000000001", "a", "R0000000001", "R1", "R+000000001"], &[true, true, false, true, true]);
        check(&["R0000000002", "R0000000002"], &[true, false]);
        let mut ids = Ids::default();
        assert!((0..100).all(|index| ids.add(&made_id(index)).is_ok()));
        assert!(ids.later.is_empty(), "made ids need no memory");
    }

    #[test]
    fn keys_depend_on_the_boundaries_of_the_parts() {
        assert_ne!(Key::new(&[b"ab", b"c"]), Key::new(&[b"a", b"bc"]));
        let key = Key::new(&[b"a"]);
        assert_eq!(Key::from_hex(&key.to_string()), Some(key));
        assert_eq!(Key::from_hex("1"), None);
    }
}
