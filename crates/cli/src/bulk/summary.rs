//! The summary at the end of a run.

use std::fmt::Write;
use std::time::Duration;

use invoke_model_bulk::{Bulk, RunEnd};
use serde_json::{Value, json};

/// The results of a run.
pub(super) struct Summary<'a> {
    pub(super) bulk: &'a Bulk,
    pub(super) end: &'a RunEnd,
    /// The cost of all records, if the prices are known.
    pub(super) cost: Option<String>,
}

/// The shown percentiles.
const PERCENTILES: [(&str, f64); 4] = [("p50", 0.5), ("p90", 0.9), ("p99", 0.99), ("max", 1.0)];

impl Summary<'_> {
    /// Returns a table.
    pub(super) fn text(&self) -> String {
        let progress = self.bulk.progress();
        let counts = progress.counts();
        let mut rows = vec![
            ("end", self.end.as_str().to_owned()),
            ("records", counts.records.to_string()),
            ("with an output", counts.succeeded.to_string()),
            ("with an error", counts.failed.to_string()),
            ("without a result", counts.remaining().to_string()),
            ("calls in this run", counts.calls.to_string()),
            ("retries", (counts.retries + counts.throttled).to_string()),
            ("input tokens", counts.tokens.total_input().to_string()),
            ("output tokens", counts.tokens.output.to_string()),
        ];
        if counts.duplicates > 0 {
            rows.push(("with the result of an equal record", counts.duplicates.to_string()));
        }
        if counts.ambiguous > 0 {
            rows.push(("possibly billed without an output", counts.ambiguous.to_string()));
        }
        if let Some(cost) = &self.cost {
            rows.push(("cost", cost.clone()));
        }
        let percentiles = PERCENTILES.iter().filter_map(|(name, part)| {
            progress.duration(*part).map(|duration| format!("{name} {}", milliseconds(duration)))
        });
        let percentiles = percentiles.collect::<Vec<_>>().join(", ");
        if !percentiles.is_empty() {
            rows.push(("duration of a call", percentiles));
        }
        for (code, count) in progress.errors() {
            rows.push(("errors", format!("{count} {code}")));
        }
        rows.push(("results", self.bulk.output_path().display().to_string()));
        let width = rows.iter().map(|(name, _)| name.len()).max().unwrap_or_default();
        let mut text = String::new();
        for (name, value) in &rows {
            // A write to a string does not fail.
            let _ = writeln!(text, "{name:width$}  {value}");
        }
        if counts.remaining() > 0 {
            text.push_str("the same command continues with the records without a result\n");
        }
        if counts.ambiguous > 0 {
            text.push_str("--retry-ambiguous sends the possibly billed records again\n");
        }
        if counts.failed > counts.ambiguous {
            text.push_str("--retry-errors sends the records with an error again\n");
        }
        text.trim_end().to_owned()
    }

    /// Returns the same numbers as JSON.
    pub(super) fn json(&self) -> Value {
        let progress = self.bulk.progress();
        let counts = progress.counts();
        let percentiles = PERCENTILES.iter().filter_map(|(name, part)| {
            let milliseconds = progress.duration(*part)?.as_secs_f64() * 1e3;
            Some(((*name).to_owned(), json!(milliseconds)))
        });
        json!({
            "event": "end",
            "end": self.end.as_str(),
            "records": counts.records,
            "succeeded": counts.succeeded,
            "failed": counts.failed,
            "ambiguous": counts.ambiguous,
            "duplicates": counts.duplicates,
            "remaining": counts.remaining(),
            "calls": counts.calls,
            "retries": counts.retries + counts.throttled,
            "inputTokens": counts.tokens.total_input(),
            "outputTokens": counts.tokens.output,
            "cost": self.cost,
            "callMilliseconds": Value::Object(percentiles.collect()),
            "errors": progress.errors(),
            "output": self.bulk.output_path().to_string_lossy(),
        })
    }
}

fn milliseconds(duration: Duration) -> String {
    format!("{:.0} ms", duration.as_secs_f64() * 1e3)
}
