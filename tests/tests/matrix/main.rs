//! The fault matrix: the outcome of a call for each fault of the endpoint and each relevant setting, and the counts of the
//! endpoint. `docs/fault-matrix.md` is generated from these rows and compared with them.
//!
//! The tests use real sockets on loopback and the paused clock of tokio, which advances when all tasks wait.

#![expect(clippy::unwrap_used, reason = "helper functions of tests may panic")]

mod observe;
mod page;
mod row;
mod rows;

use row::Row;

#[test]
fn every_row_has_its_expected_outcome() {
    let mut wrong = Vec::new();
    for row in rows::all() {
        let observed = observe::observe(&row);
        if observed != row.expected {
            wrong.push(format!(
                "{} / {}:\n  expected {:?}\n  observed {observed:?}",
                row.fault,
                row.setting.name(),
                row.expected
            ));
        }
    }
    assert!(wrong.is_empty(), "{} rows differ:\n{}", wrong.len(), wrong.join("\n"));
}

#[test]
fn no_call_is_billed_twice_unless_ambiguous_failures_are_retried() {
    for Row { fault, setting, expected, .. } in rows::all() {
        assert!(expected.worked_on <= 1 || setting.retries_ambiguous(), "{fault} / {}", setting.name());
    }
}

#[test]
fn rows_are_complete_and_unique() {
    let rows = rows::all();
    assert!(rows.len() >= 60, "{}", rows.len());
    let mut names: Vec<_> = rows.iter().map(|row| (row.operation, row.fault, row.setting.name())).collect();
    names.sort_unstable();
    names.dedup();
    assert_eq!(names.len(), rows.len());
}

/// `UPDATE_DOCS=1 cargo test -p invoke-model-tests --test matrix` writes the page.
#[test]
fn the_page_is_up_to_date() {
    page::check(&rows::all());
}
