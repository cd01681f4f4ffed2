//! Table of the test results. For each service and kind, it contains the number of passed, failed and skipped
//! cases.

use std::fmt::Write;

use invoke_model_codegen::{Case, Kind};

use super::outcome::Outcomes;
use crate::Failure;

/// Results of the cases of one service and kind.
#[derive(Debug, Default)]
pub(super) struct Row {
    service: String,
    kind: &'static str,
    passed: usize,
    /// Id and failure message of each failed case.
    failed: Vec<(String, String)>,
    /// Id and reason of each skipped case.
    skipped: Vec<(String, String)>,
}

/// Sorts the cases into rows.
///
/// # Errors
/// Returns an error if a case did not run, or if `skipped` lists a case that does not exist.
pub(super) fn rows(
    cases: &[(String, Case)],
    outcomes: &Outcomes,
    skipped: &[(Kind, &str, &str)],
) -> Result<Vec<Row>, Failure> {
    for (kind, id, _) in skipped {
        if !cases.iter().any(|(_, case)| case.kind == *kind && case.id == *id) {
            return Err(Failure::new(format!(
                "{} {id} is listed as skipped, but does not exist",
                kind.module()
            )));
        }
    }
    let mut rows: Vec<Row> = Vec::new();
    for (service, case) in cases {
        let outcome = outcomes.get(&case.test);
        let outcome = outcome.ok_or_else(|| Failure::new(format!("the test {} did not run", case.test)))?;
        let kind = case.kind.module();
        if !rows.last().is_some_and(|row| row.service == *service && row.kind == kind) {
            rows.push(Row { service: service.clone(), kind, ..Row::default() });
        }
        let Some(row) = rows.last_mut() else { continue };
        let reason = skipped.iter().find(|(kind, id, _)| *kind == case.kind && *id == case.id);
        match (outcome, reason) {
            (None, None) => row.passed += 1,
            (Some(message), None) => row.failed.push((case.id.clone(), message.to_owned())),
            (Some(_), Some((_, _, reason))) => row.skipped.push((case.id.clone(), (*reason).to_owned())),
            (None, Some(_)) => {
                row.failed.push((case.id.clone(), "is listed as skipped, but passes".to_owned()))
            }
        }
    }
    Ok(rows)
}

/// Returns the table, followed by a line for each case that failed or was skipped.
pub(super) fn print(rows: &[Row]) -> String {
    let mut text = String::new();
    let mut line = |service: &str, kind: &str, [passed, failed, skipped]: [usize; 3]| {
        let all = passed + failed + skipped;
        let _ = writeln!(
            text,
            "| {service:<24} | {kind:<16} | {all:>5} | {passed:>6} | {failed:>6} | {skipped:>7} |"
        );
    };
    let counts = |row: &Row| [row.passed, row.failed.len(), row.skipped.len()];
    let mut total = [0; 3];
    for row in rows {
        line(&row.service, row.kind, counts(row));
        for (sum, count) in total.iter_mut().zip(counts(row)) {
            *sum += count;
        }
    }
    line("all", "", total);
    let head = format!(
        "| {:<24} | {:<16} | {:>5} | {:>6} | {:>6} | {:>7} |\n|{:-<26}|{:-<18}|{:->7}|{:->8}|{:->8}|{:->9}|\n",
        "service", "kind", "cases", "passed", "failed", "skipped", "", "", "", "", "", ""
    );
    for row in rows {
        for (word, list) in [("failed", &row.failed), ("skipped", &row.skipped)] {
            for (id, message) in list {
                let _ = writeln!(text, "{word}: {} {} {id}: {message}", row.service, row.kind);
            }
        }
    }
    head + &text
}

/// Returns an error if a case failed.
pub(super) fn verdict(rows: &[Row]) -> Result<(), String> {
    match rows.iter().map(|row| row.failed.len()).sum() {
        0 => Ok(()),
        failed => Err(format!("{failed} protocol tests failed")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cases() -> Vec<(String, Case)> {
        let case =
            |kind: Kind, id: &str| Case { kind, id: id.to_owned(), test: format!("{}::{id}", kind.module()) };
        let cases =
            [case(Kind::ClientRequest, "A"), case(Kind::ClientRequest, "B"), case(Kind::ClientResponse, "A")];
        cases.into_iter().map(|case| ("Service".to_owned(), case)).collect()
    }

    const OUTPUT: &str = "test client_requests::A ... ok\ntest client_requests::B ... FAILED\ntest client_responses::A ... ok\n";

    #[test]
    fn counts_each_case_once() {
        let rows = rows(&cases(), &Outcomes::parse(OUTPUT), &[]).unwrap();
        let text = print(&rows);
        assert!(
            text.contains(
                "| all                      |                  |     3 |      2 |      1 |       0 |"
            ),
            "{text}"
        );
        assert!(text.contains("failed: Service client_requests B: no message"), "{text}");
        assert_eq!(verdict(&rows), Err("1 protocol tests failed".to_owned()));
    }

    #[test]
    fn a_skipped_case_must_exist_and_fail() {
        let rows = |skipped: &[(Kind, &str, &str)]| super::rows(&cases(), &Outcomes::parse(OUTPUT), skipped);
        assert_eq!(verdict(&rows(&[(Kind::ClientRequest, "B", "why")]).unwrap()), Ok(()));
        let passes = rows(&[(Kind::ClientRequest, "B", "why"), (Kind::ClientResponse, "A", "why")]).unwrap();
        assert!(print(&passes).contains("A: is listed as skipped, but passes"));
        assert!(verdict(&passes).is_err());
        assert!(rows(&[(Kind::ClientError, "A", "why")]).is_err());
    }

    #[test]
    fn fails_if_a_case_did_not_run() {
        assert!(rows(&cases(), &Outcomes::parse(""), &[]).is_err());
    }
}
