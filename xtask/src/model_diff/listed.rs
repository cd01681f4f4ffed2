//! Compares the deviations that a README lists with the actual differences of the models.

use std::collections::BTreeSet;
use std::fmt;

use super::compare::Difference;

/// The result of the comparison.
#[derive(Debug)]
pub(super) struct Verdict {
    /// Actual differences. The flag is `true` if the README lists the difference.
    lines: Vec<(String, bool)>,
    /// Lines of the README that are not actual differences.
    pub(super) stale: Vec<String>,
}

impl Verdict {
    /// Compares `differences` with the lines of `readme` in code blocks with the language `block`.
    pub(super) fn new(differences: &[Difference], readme: &str, block: &str) -> Self {
        let listed = listed(readme, block);
        let lines: Vec<(String, bool)> = differences
            .iter()
            .map(|difference| difference.to_string())
            .map(|line| (line.clone(), listed.contains(line.as_str())))
            .collect();
        let occurs = |listed: &str| lines.iter().any(|(line, _)| line == listed);
        let stale = listed.iter().filter(|line| !occurs(line)).map(|line| (*line).to_owned()).collect();
        Self { lines, stale }
    }

    /// Returns the number of actual differences that the README does not list.
    pub(super) fn unlisted(&self) -> usize {
        self.lines.iter().filter(|(_, listed)| !listed).count()
    }
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (line, listed) in &self.lines {
            writeln!(f, "{line}{}", if *listed { "" } else { "  <- not listed" })?;
        }
        self.stale.iter().try_for_each(|line| writeln!(f, "{line}  <- listed, but does not occur"))
    }
}

/// Returns the lines of all code blocks with the language `block`.
fn listed<'a>(readme: &'a str, block: &str) -> BTreeSet<&'a str> {
    let mut listed = BTreeSet::new();
    let mut inside = false;
    for line in readme.lines().map(str::trim) {
        match line.strip_prefix("```") {
            Some(language) => inside = !inside && language == block,
            None if inside && !line.is_empty() => {
                listed.insert(line);
            }
            None => {}
        }
    }
    listed
}
