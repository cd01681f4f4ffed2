//! Reports of runs: tables for users, and JSON and JUnit XML for programs.

mod differences;
mod junit;

use std::cmp::Reverse;
use std::collections::BTreeMap;
use std::fmt::Write as _;

use serde_json::{Value, json};

use crate::run::{ClientReport, Outcome, ScenarioResult};
use crate::scenario::GROUPS;
use crate::tagged::shorten;

pub use differences::differences;
pub use junit::junit;

/// The maximum number of characters of a difference in a text. The reports in JSON and XML contain all of it.
const DIFFERENCE: usize = 600;

/// The maximum number of reasons for unsupported scenarios in a text.
const REASONS: usize = 10;

/// The number of scenarios for each kind of outcome.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Counts {
    passed: usize,
    known: usize,
    failed: usize,
    unsupported: usize,
    /// Scenarios with an expected fact that was not compared. They also have one of the other outcomes.
    unreported: usize,
}

impl Counts {
    fn of<'a>(results: impl Iterator<Item = &'a ScenarioResult>) -> Self {
        let mut counts = Self::default();
        for result in results {
            counts.unreported += usize::from(!result.unreported.is_empty());
            match result.outcome {
                Outcome::Passed => counts.passed += 1,
                Outcome::Known { .. } => counts.known += 1,
                Outcome::Failed(_) | Outcome::Fixed { .. } => counts.failed += 1,
                Outcome::Unsupported(_) => counts.unsupported += 1,
            }
        }
        counts
    }

    fn total(self) -> usize {
        self.passed + self.known + self.failed + self.unsupported
    }
}

impl ClientReport {
    fn counts(&self, group: &str) -> Counts {
        Counts::of(self.results.iter().filter(|result| result.scenario.group() == group))
    }
}

/// Returns the groups of the reports in the order of [`GROUPS`], and then unknown groups.
fn groups(reports: &[ClientReport]) -> Vec<&str> {
    let mut groups: Vec<_> =
        reports.iter().flat_map(|report| &report.results).map(|result| result.scenario.group()).collect();
    groups.sort_by_key(|group| {
        (GROUPS.iter().position(|known| known == group).unwrap_or(GROUPS.len()), *group)
    });
    groups.dedup();
    groups
}

/// Returns a table for a terminal, with a line for each client and group, and a line for all groups of a client. The
/// column `unreported` contains the number of scenarios in which at least one expected fact was not compared.
pub fn table(reports: &[ClientReport]) -> String {
    let width = reports.iter().map(|report| report.client.len() + report.version.len() + 1).max();
    let width = width.unwrap_or_default().max("client".len());
    let mut text =
        format!("{:width$}  {:12}  passed  known  failed  unsupported  unreported\n", "client", "group");
    for report in reports {
        let client = format!("{} {}", report.client, report.version);
        let all = Counts::of(report.results.iter());
        let groups = groups(std::slice::from_ref(report)).into_iter();
        let lines = groups.map(|group| (group, report.counts(group))).chain([("all", all)]);
        for (group, Counts { passed, known, failed, unsupported, unreported }) in lines {
            // Writing to a string does not fail.
            let _ = writeln!(
                text,
                "{client:width$}  {group:12}  {passed:6}  {known:5}  {failed:6}  {unsupported:11}  {unreported:10}"
            );
        }
    }
    text
}

/// Returns the facts that were not compared, with the number of scenarios that expect them, and the most frequent
/// reasons of the unsupported scenarios.
pub fn coverage(report: &ClientReport) -> String {
    let mut text = String::new();
    let mut facts: BTreeMap<&str, usize> = report.unreported.iter().map(|fact| (fact.as_str(), 0)).collect();
    for fact in report.results.iter().flat_map(|result| &result.unreported) {
        *facts.entry(fact).or_default() += 1;
    }
    if !facts.is_empty() {
        let facts: Vec<_> = facts.iter().map(|(fact, count)| format!("{fact} ({count})")).collect();
        let facts = facts.join(", ");
        let _ = write!(
            text,
            "\nnot compared, because the client does not report them (number of scenarios): {facts}\n"
        );
    }
    let mut counts = BTreeMap::<&str, usize>::new();
    for result in &report.results {
        if let Outcome::Unsupported(reason) = &result.outcome {
            *counts.entry(reason).or_default() += 1;
        }
    }
    let mut counts: Vec<_> = counts.into_iter().collect();
    counts.sort_by_key(|(_, count)| Reverse(*count));
    let total: usize = counts.iter().map(|(_, count)| count).sum();
    if total > 0 {
        let _ = write!(text, "\n{total} unsupported:\n");
    }
    let (shown, others) = counts.split_at(counts.len().min(REASONS));
    for (reason, count) in shown {
        let _ = writeln!(text, "  {count:3} x \"{}\"", shorten(reason, DIFFERENCE));
    }
    if !others.is_empty() {
        let count: usize = others.iter().map(|(_, count)| count).sum();
        let _ = writeln!(text, "  {count:3} x {} other reasons", others.len());
    }
    text
}

/// Returns a description of each failed scenario, and of each entry of the baseline that has no effect.
pub fn failures(report: &ClientReport) -> String {
    let mut text = String::new();
    for ScenarioResult { scenario, outcome, .. } in &report.results {
        let lines: Vec<String> = match outcome {
            Outcome::Failed(differences) => differences.clone(),
            Outcome::Fixed { pattern } => vec![fixed(pattern, &scenario.id)],
            Outcome::Passed | Outcome::Known { .. } | Outcome::Unsupported(_) => continue,
        };
        let _ = writeln!(text, "\n{}", scenario.id);
        for (name, value) in [("concern", &scenario.concern), ("description", &scenario.description)] {
            if !value.is_empty() {
                let _ = writeln!(text, "  {name}: {value}");
            }
        }
        let _ = writeln!(text, "  rule: {} ({})", scenario.rule.text, scenario.rule.link);
        for line in lines {
            let _ = writeln!(text, "  - {}", shorten(&line, DIFFERENCE).replace('\n', "\n    "));
        }
    }
    for pattern in &report.unused_baseline {
        let _ = write!(text, "\nbaseline: {}\n", unused(pattern));
    }
    for pattern in &report.shadowed_baseline {
        let _ = write!(
            text,
            "\nbaseline: the entry `{pattern}` has no effect, because entries before it match the same scenarios: \
             remove one of them\n"
        );
    }
    text
}

/// Returns the difference of a scenario that passes, although an entry of the baseline matches it.
fn fixed(pattern: &str, id: &str) -> String {
    match pattern == id {
        true => format!("the scenario passes: remove the entry `{id}` from the baseline"),
        false => format!(
            "the scenario passes: replace the entry `{pattern}` of the baseline with the ids of the scenarios that \
             still differ"
        ),
    }
}

fn unused(pattern: &str) -> String {
    format!("no scenario matches the entry `{pattern}`: remove it")
}

/// Returns the matrix of clients and groups in Markdown. A cell contains the number of scenarios that passed. If other
/// scenarios have a difference or are unsupported, the cell also contains their numbers.
pub fn matrix(reports: &[ClientReport]) -> String {
    let groups = groups(reports);
    let mut text = format!("| client | {} |\n|---{}|\n", groups.join(" | "), "|---".repeat(groups.len()));
    for report in reports {
        let cells = groups.iter().map(|group| {
            let counts = report.counts(group);
            let differences = counts.known + counts.failed;
            match (counts.total(), differences, counts.unsupported) {
                (0, ..) => "not run".to_owned(),
                (_, 0, 0) => counts.passed.to_string(),
                (_, _, unsupported) => format!("{} / {differences} / {unsupported}", counts.passed),
            }
        });
        let cells: Vec<_> = cells.collect();
        let _ = writeln!(text, "| {} {} | {} |", report.client, report.version, cells.join(" | "));
    }
    text
}

/// Returns the report of a client as JSON.
pub fn json(report: &ClientReport) -> Value {
    let results = report.results.iter().map(|ScenarioResult { scenario, outcome, unreported, duration }| {
        let mut result = json!({
            "scenario": scenario.id,
            "outcome": outcome.as_str(),
            "milliseconds": u64::try_from(duration.as_millis()).unwrap_or(u64::MAX),
            "rule": scenario.rule,
        });
        match outcome {
            Outcome::Failed(differences) => result["differences"] = json!(differences),
            Outcome::Known { reason, differences } => {
                result["reason"] = json!(reason);
                result["differences"] = json!(differences);
            }
            Outcome::Unsupported(reason) => result["reason"] = json!(reason),
            Outcome::Fixed { pattern } => result["baseline"] = json!(pattern),
            Outcome::Passed => {}
        }
        if !unreported.is_empty() {
            result["unreported"] = json!(unreported);
        }
        result
    });
    json!({
        "client": report.client,
        "version": report.version,
        "unreported": report.unreported,
        "unused_baseline": report.unused_baseline,
        "shadowed_baseline": report.shadowed_baseline,
        "results": results.collect::<Vec<_>>(),
    })
}

#[cfg(test)]
mod tests;
