//! The page that is generated from the rows.

use std::fmt::Write;
use std::path::Path;

use super::row::{Operation, Row};

const HEAD: &str = "\
# Fault matrix

Outcome of a call for each fault of the local endpoint and each relevant setting. The last columns count what the endpoint saw:
accepted connections, completely received requests, and executed requests, which a service would bill. Generated from the rows
of `tests/tests/matrix`, which `cargo test --workspace` runs over real sockets with a paused clock; do not edit.

[Retries and billing](retries.md) explains the classes, [Timeouts](timeouts.md) the timeouts, [Errors](errors.md) the outcomes.
Only with the setting \"ambiguous retried\" can a call be executed twice.
";

const COLUMNS: &str = "\
| fault | setting | outcome | class | attempts | connections | requests | executed |
|---|---|---|---|---:|---:|---:|---:|
";

/// Compares the page with the rows, or writes it.
pub(crate) fn check(rows: &[Row]) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/fault-matrix.md");
    let page = page(rows);
    #[expect(clippy::disallowed_methods, reason = "a switch for developers, read only here")]
    let update = std::env::var_os("UPDATE_DOCS").is_some();
    if update {
        std::fs::write(&path, &page).unwrap();
    }
    let written = std::fs::read_to_string(&path).unwrap_or_default();
    let command = "UPDATE_DOCS=1 cargo test -p invoke-model-tests --test matrix";
    assert!(written.replace("\r\n", "\n") == page, "docs/fault-matrix.md is out of date; run `{command}`");
}

fn page(rows: &[Row]) -> String {
    let mut page = HEAD.to_owned();
    for (title, operation) in
        [("InvokeModel", Operation::Unary), ("InvokeModelWithResponseStream", Operation::Stream)]
    {
        let rows = rows.iter().filter(|row| row.operation == operation);
        let _ = write!(page, "\n## {title}\n\n{COLUMNS}");
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
                expected.worked_on
            );
        }
    }
    page
}
