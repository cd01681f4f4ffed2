//! Generates `docs/fault-matrix.md` from the rows.

use std::fmt::Write;
use std::path::Path;

use super::failover::FailoverRow;
use super::row::{Operation, Row};

const HEAD: &str = "\
# Fault matrix

This page shows the result that the client returns for each fault. It also shows the numbers that the endpoint counts:
accepted connections, requests that it read completely, and requests that it executed. A service would bill the executed
requests.

This page is generated from the rows of `tests/tests/matrix`; do not edit it. `cargo test --workspace` runs each row over
real sockets, with a paused clock.

[Retries and billing](retries.md) explains the classes, [Timeouts](timeouts.md) explains the timeouts, and
[Errors](errors.md) explains the outcomes. Only the setting `retry_ambiguous`, and the option `on_ambiguous` of a
[failover](failover.md), can cause a request to be executed twice.
CountTokens is idempotent, and the service does not bill it, so the endpoint counts no executed requests.
";

const COLUMNS: &str = "\
| fault | setting | outcome | class | attempts | connections | requests | executed |
|---|---|---|---|---:|---:|---:|---:|
";

const FAILOVER_HEAD: &str = "
## Failover

Two targets have separate endpoints, and the first target has the fault. The column \"target\" contains the target that
answered, or whose error the call returned. The numbers of requests are those of the first and of the second target. The
number of executed requests is the sum of both. Only the option `on_ambiguous` can cause a request to be executed twice.
[Failover](failover.md) explains the settings.

| operation | fault of the first target | setting | outcome | class | target | requests | executed |
|---|---|---|---|---|---|---:|---:|
";

/// Checks that the page shows the rows. Writes the page first if `UPDATE_DOCS` is set.
pub(crate) fn check(rows: &[Row], failover: &[FailoverRow]) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/fault-matrix.md");
    let page = page(rows) + &failover_section(failover);
    #[expect(clippy::disallowed_methods, reason = "an explicit request to write the page")]
    let update = std::env::var_os("UPDATE_DOCS").is_some();
    if update {
        std::fs::write(&path, &page).unwrap();
    }
    let written = std::fs::read_to_string(&path).unwrap_or_default();
    let command = "UPDATE_DOCS=1 cargo test -p invoke-model-tests --test matrix";
    assert!(written.replace("\r\n", "\n") == page, "docs/fault-matrix.md is out of date: run `{command}`");
}

fn page(rows: &[Row]) -> String {
    let mut page = HEAD.to_owned();
    for operation in
        [Operation::InvokeModel, Operation::InvokeModelWithResponseStream, Operation::CountTokens]
    {
        let rows = rows.iter().filter(|row| row.operation == operation);
        let _ = write!(page, "\n## {operation:?}\n\n{COLUMNS}");
        for Row { fault, setting, expected, .. } in rows {
            let class = expected.class.map_or("", |class| class.as_str());
            let _ = writeln!(
                page,
                "| {fault} | {} | {} | {class} | {} | {} | {} | {} |",
                setting.name(),
                expected.outcome,
                expected.attempts,
                expected.connections,
                expected.requests,
                expected.executed
            );
        }
    }
    page
}

fn failover_section(rows: &[FailoverRow]) -> String {
    let mut section = FAILOVER_HEAD.to_owned();
    for FailoverRow { operation, fault, setting, expected, .. } in rows {
        let class = expected.class.map_or("", |class| class.as_str());
        let (first, second) = expected.requests;
        let _ = writeln!(
            section,
            "| {operation:?} | {fault} | {} | {} | {class} | {} | {first}, {second} | {} |",
            setting.name(),
            expected.outcome,
            expected.target,
            expected.executed
        );
    }
    section
}
