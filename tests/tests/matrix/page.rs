//! The page that is written from the rows.

use std::fmt::Write;
use std::path::Path;

use super::row::{Operation, Row};

const HEAD: &str = "\
# Fault matrix

What the client makes of each fault, and what the endpoint saw: connections that it accepted, requests that it read whole,
and requests that it worked on, which a service would bill. Written from the rows of `tests/tests/matrix`, which run in
`cargo test --workspace` over real sockets, by a clock that moves by itself; do not edit.

[Money](retries.md) explains the classes, [Time](timeouts.md) the deadlines, [Errors](errors.md) the outcomes. \"Ambiguous retried\"
is the one setting under which anything is worked on twice.
";

const COLUMNS: &str = "\
| fault | setting | outcome | class | attempts | connections | requests | worked on |
|---|---|---|---|---:|---:|---:|---:|
";

/// Compares the page with the rows, or writes it.
pub(crate) fn check(rows: &[Row]) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/fault-matrix.md");
    let page = page(rows);
    #[expect(clippy::disallowed_methods, reason = "a test that is told to write")]
    let update = std::env::var_os("UPDATE_DOCS").is_some();
    if update {
        std::fs::write(&path, &page).unwrap();
    }
    let written = std::fs::read_to_string(&path).unwrap_or_default();
    let command = "UPDATE_DOCS=1 cargo test -p invoke-model-tests --test matrix";
    assert!(
        written.replace("\r\n", "\n") == page,
        "docs/fault-matrix.md is not what the rows say: {command}"
    );
}

fn page(rows: &[Row]) -> String {
    let mut page = HEAD.to_owned();
    for (title, operation) in
        [("InvokeModel", Operation::Whole), ("InvokeModelWithResponseStream", Operation::Stream)]
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
