//! The known differences of the clients in Markdown.

use std::fmt::Write as _;

use crate::baseline::{Baseline, Difference};
use crate::run::{ClientReport, Outcome};

/// Returns the known differences of the clients in Markdown. The report and the baseline of a client have the same
/// position. Differences with the same reason are one item, which names its first scenario and the number of others.
pub fn differences(reports: &[ClientReport], baselines: &[Baseline]) -> String {
    let mut text = String::new();
    for (report, baseline) in reports.iter().zip(baselines) {
        let mut items: Vec<(&Difference, Vec<&str>)> = Vec::new();
        for result in &report.results {
            let Outcome::Known { reason, .. } = &result.outcome else { continue };
            let id = result.scenario.id.as_str();
            match items.iter_mut().find(|(difference, _)| difference.reason == *reason) {
                Some((_, ids)) => ids.push(id),
                None => {
                    let difference = baseline.differences.iter().find(|entry| entry.reason == *reason);
                    items.extend(difference.map(|difference| (difference, vec![id])));
                }
            }
        }
        if !items.is_empty() {
            // Writing to a string does not fail.
            let _ = writeln!(text, "\n**{} {}**\n", report.client, report.version);
        }
        for (Difference { reason, link, .. }, ids) in items {
            let reason = reason.trim_end_matches('.');
            let link = link.as_ref().map(|link| format!(" ([source]({link}))")).unwrap_or_default();
            let more = match ids.len() {
                1 => String::new(),
                number => format!(" and {} more", number - 1),
            };
            let _ = writeln!(text, "* {reason}{link}: `{}`{more}.", ids[0]);
        }
    }
    text
}
