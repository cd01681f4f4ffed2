//! Known differences of a client.

use std::path::Path;
use std::sync::Arc;
use std::{fs, io};

use invoke_model_local::wildcard::matches;
use serde::Deserialize;
use serde_json::Value;

use crate::run::Outcome;
use crate::scenario::{GROUPS, Scenario};

/// The known differences of a client, from a file `baseline/CLIENT.json`.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Baseline {
    /// The name of the client.
    #[serde(default)]
    pub client: String,
    /// The differences.
    pub differences: Vec<Difference>,
}

/// A known difference. The run fails if a scenario that the pattern matches passes.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Difference {
    /// A pattern for ids of scenarios: `*` matches any text, and `?` matches one character.
    pub scenario: String,
    /// The reason for the difference.
    pub reason: String,
    /// The URL of a public page about the difference, if there is one.
    #[serde(default)]
    pub link: Option<String>,
}

/// The form of a file, for errors.
const FORM: &str = r#"a baseline has the form {"client": "..", "differences": [..]}"#;

impl Baseline {
    /// Reads a file.
    ///
    /// # Errors
    /// Returns an error if the file cannot be read or is invalid.
    pub fn read(path: &Path) -> io::Result<Self> {
        let about = |error: &dyn std::fmt::Display| io::Error::other(format!("{}: {error}", path.display()));
        let text = fs::read_to_string(path).map_err(|error| about(&error))?;
        if text.trim().is_empty() {
            return Err(about(&format_args!("the file is empty; {FORM}")));
        }
        let value: Value = serde_json::from_str(&text).map_err(|error| about(&error))?;
        if !value.is_object() {
            return Err(about(&format_args!("the file is not a JSON object; {FORM}")));
        }
        // Parse the text again, because the errors of a `Value` have no line.
        serde_json::from_str(&text).map_err(|error| about(&error))
    }

    fn find(&self, id: &str) -> Option<&Difference> {
        self.differences.iter().find(|difference| matches(&difference.scenario, id))
    }

    /// Changes the outcome of a scenario that the baseline lists: a failure becomes a known difference, and a success
    /// becomes [`Outcome::Fixed`].
    pub(crate) fn apply(&self, id: &str, outcome: Outcome) -> Outcome {
        match (self.find(id), outcome) {
            (Some(Difference { reason, .. }), Outcome::Failed(differences)) => {
                Outcome::Known { reason: reason.clone(), differences }
            }
            (Some(Difference { scenario, .. }), Outcome::Passed) => {
                Outcome::Fixed { pattern: scenario.clone() }
            }
            (_, outcome) => outcome,
        }
    }

    /// Returns the patterns that match no scenario. Ignores the patterns of a group that was not loaded. For example,
    /// a run without recordings has no scenarios of the group `recorded`.
    pub(crate) fn unused(&self, scenarios: &[Arc<Scenario>]) -> Vec<String> {
        let patterns = self.differences.iter().map(|difference| &difference.scenario);
        let is_unused = |pattern: &&String| {
            let group = pattern.split('/').next().unwrap_or_default();
            let is_loaded = scenarios.iter().any(|scenario| matches(group, scenario.group()));
            (is_loaded || !GROUPS.iter().any(|known| matches(group, known)))
                && !scenarios.iter().any(|scenario| matches(pattern, &scenario.id))
        };
        patterns.filter(is_unused).cloned().collect()
    }

    /// Returns the patterns that match scenarios, but only scenarios that an earlier entry matches. The first entry
    /// that matches a scenario applies, so these entries have no effect.
    pub(crate) fn shadowed(&self, scenarios: &[Arc<Scenario>]) -> Vec<String> {
        // The numbers of the scenarios that each entry matches, and of those that it is the first to match.
        let mut counts = vec![(0_usize, 0_usize); self.differences.len()];
        for scenario in scenarios {
            let entries = self.differences.iter().zip(&mut counts);
            let matching = entries.filter(|(entry, _)| matches(&entry.scenario, &scenario.id));
            for (position, (_, (matched, first))) in matching.enumerate() {
                *matched += 1;
                *first += usize::from(position == 0);
            }
        }
        let entries = self.differences.iter().zip(counts);
        let shadowed = entries.filter(|(_, (matched, first))| *matched > 0 && *first == 0);
        shadowed.map(|(entry, _)| entry.scenario.clone()).collect()
    }
}
