//! Checks the rows of the fault matrix. A row contains a fault of the local endpoint and a setting of the
//! client. It also contains the result that the client must return, and the numbers that the endpoint must
//! count. `docs/fault-matrix.md` is generated from these rows.
//!
//! All rows run over real sockets on loopback, with tokio's paused clock.

#![expect(clippy::unwrap_used, reason = "clippy does not treat helper functions as test code")]

mod failover;
mod observe;
mod page;
mod row;
mod rows;

use row::Row;

#[test]
fn every_row_has_the_expected_result() {
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
fn every_row_of_the_failover_has_the_expected_result() {
    for row in failover::rows() {
        assert_eq!(failover::observe(&row), row.expected, "{} / {}", row.fault, row.setting.name());
    }
}

#[test]
fn only_on_ambiguous_executes_a_request_on_two_targets() {
    for row in failover::rows() {
        let name = row.setting.name();
        assert!(row.expected.executed <= 1 || row.setting.is_on_ambiguous(), "{} / {name}", row.fault);
    }
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
    let rows = failover::rows();
    let mut names: Vec<_> = rows.iter().map(|row| (row.operation, row.fault, row.setting)).collect();
    names.sort_unstable();
    names.dedup();
    assert_eq!(names.len(), rows.len());
}

/// Compares the page with the rows. Run `UPDATE_DOCS=1 cargo test -p invoke-model-tests --test matrix` to
/// write the page.
#[test]
fn page_is_up_to_date() {
    page::check(&rows::all(), &failover::rows());
}
