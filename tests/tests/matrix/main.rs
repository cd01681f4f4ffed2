//! The fault matrix: what the client makes of each fault of the endpoint, under each setting that matters to it, and
//! what the endpoint saw. `docs/fault-matrix.md` is written from these rows, and compared with them.
//!
//! Everything runs by a clock that moves by itself, over real sockets on loopback.

#![expect(clippy::unwrap_used, reason = "helper functions of tests are tests too")]

mod observe;
mod page;
mod row;
mod rows;

use row::Row;

/// Each row is what it says, and nothing was billed twice that the caller has not risked.
#[test]
fn every_row_is_what_it_says() {
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
fn nothing_is_billed_twice_unless_the_caller_risks_it() {
    for Row { fault, setting, expected, .. } in rows::all() {
        assert!(expected.worked_on <= 1 || setting.risks_twice(), "{fault} / {}", setting.name());
    }
}

#[test]
fn the_matrix_is_large_enough_and_names_each_row_once() {
    let rows = rows::all();
    assert!(rows.len() >= 60, "{}", rows.len());
    let mut names: Vec<_> = rows.iter().map(|row| (row.operation, row.fault, row.setting.name())).collect();
    names.sort_unstable();
    names.dedup();
    assert_eq!(names.len(), rows.len());
}

/// `UPDATE_DOCS=1 cargo test -p invoke-model-tests --test matrix` writes it anew.
#[test]
fn the_page_is_what_the_rows_say() {
    page::check(&rows::all());
}
