//! The fault matrix: the result of each fault of the local endpoint, under each setting that matters for it,
//! and what the endpoint saw. `docs/fault-matrix.md` is generated from these rows.
//!
//! All rows run on tokio's paused clock, over real sockets on loopback.

#![expect(clippy::unwrap_used, reason = "helper functions of tests are tests, too")]

mod observe;
mod page;
mod row;
mod rows;

use row::Row;

#[test]
fn every_row_is_observed() {
    let mut differences = Vec::new();
    for row in rows::all() {
        let observed = observe::observe(&row);
        if observed != row.expected {
            differences.push(format!(
                "{} / {}:\n  expected {:?}\n  observed {observed:?}",
                row.fault,
                row.setting.name(),
                row.expected
            ));
        }
    }
    assert!(differences.is_empty(), "{} rows differ:\n{}", differences.len(), differences.join("\n"));
}

#[test]
fn only_retry_ambiguous_executes_a_request_twice() {
    for Row { fault, setting, expected, .. } in rows::all() {
        assert!(expected.executed <= 1 || setting.retries_ambiguous(), "{fault} / {}", setting.name());
    }
}

#[test]
fn matrix_has_enough_rows_and_no_duplicates() {
    let rows = rows::all();
    assert!(rows.len() >= 60, "{}", rows.len());
    let mut names: Vec<_> = rows.iter().map(|row| (row.operation, row.fault, row.setting.name())).collect();
    names.sort_unstable();
    names.dedup();
    assert_eq!(names.len(), rows.len());
}

/// `UPDATE_DOCS=1 cargo test -p invoke-model-tests --test matrix` writes the page.
#[test]
fn page_shows_the_rows() {
    page::check(&rows::all());
}
