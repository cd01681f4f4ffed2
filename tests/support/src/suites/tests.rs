//! Tests with missing and altered suites in a temporary folder, and tests of the manifest of this repository.

use std::fs;

use super::{Manifest, Problem, Suite, report};

/// Digest of the file `a`. The file contains the text "a".
const FILE: &str = "ca978112ca1bbdcafac231b39a23dc4da786eff8147c4e72b9807785afee48bb";
/// Digest of the folder `b`. The folder contains two files: `c` with the text "c", and `d/e` with the text
/// "d/e".
const FOLDER: &str = "c577ee0917d2749eae78ca83140167e0af82c83f9ce502d250c213829d47c04b";

fn suite(path: &str, sha256: &str) -> Suite {
    Suite {
        path: path.to_owned(),
        repository: "https://example.com".to_owned(),
        commit: "0".repeat(40),
        sources: vec![path.to_owned()],
        script: None,
        derived: None,
        sha256: sha256.to_owned(),
    }
}

/// Returns a folder that contains the suites `a` and `b`, and a manifest that lists both suites.
fn example() -> (tempfile::TempDir, Manifest) {
    let folder = tempfile::tempdir().expect("a temporary folder");
    fs::create_dir_all(folder.path().join("b/d")).expect("a folder");
    for (path, text) in [("a", "a"), ("b/c", "c"), ("b/d/e", "d/e")] {
        fs::write(folder.path().join(path), text).expect("a file");
    }
    (folder, Manifest { suites: vec![suite("a", FILE), suite("b", FOLDER)] })
}

#[test]
fn finds_unaltered_suites() {
    let (folder, manifest) = example();
    assert_eq!(manifest.find("a", folder.path()).expect("a file"), folder.path().join("a"));
    assert_eq!(manifest.find("b", folder.path()).expect("a folder"), folder.path().join("b"));
    assert!(manifest.verify(folder.path()).is_empty());
}

#[test]
fn reports_a_missing_suite() {
    let (folder, manifest) = example();
    fs::remove_file(folder.path().join("a")).expect("removed");
    let problems = manifest.verify(folder.path());
    assert!(matches!(&problems[..], [Problem::Missing { path, .. }] if path == "a"), "{problems:?}");
    assert!(problems[0].to_string().starts_with("`a` is missing from "), "{}", problems[0]);
}

#[test]
fn reports_an_altered_file() {
    let (folder, manifest) = example();
    fs::write(folder.path().join("a"), "altered").expect("written");
    let problems = manifest.verify(folder.path());
    assert!(matches!(&problems[..], [Problem::Altered { path, .. }] if path == "a"), "{problems:?}");
}

#[test]
fn reports_a_folder_with_a_missing_altered_or_additional_file() {
    let changes: [fn(&std::path::Path); 3] = [
        |folder| fs::remove_file(folder.join("c")).expect("removed"),
        |folder| fs::write(folder.join("d/e"), "altered").expect("written"),
        |folder| fs::write(folder.join("f"), "").expect("written"),
    ];
    for change in changes {
        let (folder, manifest) = example();
        change(&folder.path().join("b"));
        let problem = manifest.find("b", folder.path()).expect_err("altered");
        assert!(matches!(&problem, Problem::Altered { path, .. } if path == "b"), "{problem:?}");
    }
}

#[test]
fn the_manifest_names_a_source_for_every_suite() {
    let manifest = Manifest::new();
    let paths: Vec<&str> = manifest.suites.iter().map(|suite| suite.path.as_str()).collect();
    assert!(paths.is_sorted(), "{paths:?}");
    for suite in &manifest.suites {
        let path = &suite.path;
        assert!(suite.repository.starts_with("https://"), "{path}");
        assert!(suite.commit.len() == 40 && suite.sha256.len() == 64, "{path}");
        assert_eq!(suite.sources.is_empty(), suite.derived.is_some(), "{path}");
        assert!(suite.script.is_some() || suite.sources.len() <= 1, "{path}");
    }
}

#[test]
fn prints_one_line_for_a_suite_that_is_not_run() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let mut output = Vec::new();
    assert_eq!(report(Manifest::new().find("sigv4/v4", folder.path()), &mut output), None);
    let line = String::from_utf8(output).expect("text");
    assert!(line.starts_with("suite not run: `sigv4/v4` is missing from "), "{line}");
    assert_eq!(line.lines().count(), 1, "{line}");
}
