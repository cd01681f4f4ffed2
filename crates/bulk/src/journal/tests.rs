//! Tests of the journal: repair, damage, locks and other settings.

use std::fs;

use serde_json::json;
use tempfile::TempDir;

use super::*;

fn identity() -> Identity {
    Identity { model_id: "m".to_owned(), operation: "InvokeModel" }
}

/// Opens the journal in a folder. Returns the values of `started` and `finished`.
fn open(folder: &TempDir) -> Result<(Journal, Vec<String>), BulkError> {
    let mut keys = Vec::new();
    let journal = Journal::open(&folder.path().join("journal.jsonl"), &identity(), |entry, _| {
        keys.extend([&entry.started, &entry.finished].into_iter().flatten().map(|key| key.to_string()));
    })?;
    Ok((journal, keys))
}

fn append(journal: &Journal, entry: serde_json::Value) -> Location {
    journal.append(&entry).unwrap()
}

#[test]
fn entries_survive_a_new_start() {
    let folder = tempfile::tempdir().unwrap();
    let (journal, keys) = open(&folder).unwrap();
    assert!(keys.is_empty());
    append(&journal, json!({"started": "a"}));
    let location = append(&journal, json!({"finished": "a", "modelOutput": {"b": 1.50}}));
    drop(journal);
    let (journal, keys) = open(&folder).unwrap();
    assert_eq!(keys, ["a", "a"]);
    let mut line = Vec::new();
    journal.read(location, &mut line).unwrap();
    assert_eq!(
        serde_json::from_slice::<Entry<'_>>(&line).unwrap().model_output.unwrap().get(),
        r#"{"b":1.5}"#
    );
}

#[test]
fn a_line_cut_at_any_byte_is_removed() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("journal.jsonl");
    let (journal, _) = open(&folder).unwrap();
    append(&journal, json!({"started": "a"}));
    let first = fs::metadata(&path).unwrap().len();
    append(&journal, json!({"finished": "a"}));
    drop(journal);
    let complete = fs::read(&path).unwrap();
    for length in 0..complete.len() as u64 {
        fs::write(&path, &complete[..length as usize]).unwrap();
        let (journal, keys) = open(&folder).unwrap();
        assert_eq!(keys.len(), usize::from(length >= first), "cut at {length}");
        append(&journal, json!({"started": "b"}));
        drop(journal);
        assert_eq!(open(&folder).unwrap().1.last().unwrap(), "b", "cut at {length}");
    }
}

#[test]
fn a_damaged_line_is_an_error() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("journal.jsonl");
    drop(open(&folder).unwrap());
    let header = fs::read_to_string(&path).unwrap();
    fs::write(&path, format!("{header}{{\"started\":\n{{\"started\":\"a\"}}\n")).unwrap();
    let error = open(&folder).unwrap_err().to_string();
    assert!(error.contains("journal.jsonl:2: damaged line in the journal"), "{error}");
}

#[test]
fn another_model_is_an_error() {
    let folder = tempfile::tempdir().unwrap();
    drop(open(&folder).unwrap());
    let other = Identity { model_id: "other".to_owned(), ..identity() };
    let error =
        Journal::open(&folder.path().join("journal.jsonl"), &other, |_, _| {}).unwrap_err().to_string();
    assert!(error.contains("the journal belongs to a run with the model `m`, not `other`"), "{error}");
}

#[cfg(unix)]
#[test]
fn a_second_run_is_an_error() {
    let folder = tempfile::tempdir().unwrap();
    let first = open(&folder).unwrap();
    assert!(matches!(open(&folder), Err(BulkError::Locked(_))));
    drop(first);
    open(&folder).unwrap();
}
