//! Outcomes of tests, parsed from the output of the test harness.

use std::collections::BTreeMap;

/// Tests that ran. Each failed test has the first line of its failure message.
#[derive(Debug, Default)]
pub(super) struct Outcomes(BTreeMap<String, Option<String>>);

impl Outcomes {
    /// Parses the output of the test harness.
    pub(super) fn parse(output: &str) -> Self {
        let mut outcomes = BTreeMap::new();
        for line in output.lines() {
            let Some((test, result)) = line.strip_prefix("test ").and_then(|rest| rest.split_once(" ... "))
            else {
                continue;
            };
            let failure = (result != "ok").then(|| message(output, test));
            outcomes.insert(test.to_owned(), failure);
        }
        Self(outcomes)
    }

    /// Returns `None` if the test did not run, and `Some(None)` if the test passed. Otherwise, returns the
    /// failure message.
    pub(super) fn get(&self, test: &str) -> Option<Option<&str>> {
        self.0.get(test).map(Option::as_deref)
    }
}

/// Returns the first line of the failure message of a test. The line before the message contains the location
/// of the panic.
fn message(output: &str, test: &str) -> String {
    let heading = format!("---- {test} stdout ----");
    let section = output.split_once(&heading).map_or("", |(_, section)| section);
    let mut lines =
        section.lines().filter(|line| !line.is_empty()).skip_while(|line| !line.contains("panicked at"));
    lines.nth(1).unwrap_or("no message").to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parses_passed_and_failed_tests() {
        let output = "\nrunning 3 tests\ntest a::b ... ok\ntest a::c ... FAILED\n\nfailures:\n\n---- a::c stdout ----\n\n\
                      thread 'a::c' (1) panicked at x.rs:1:2:\nexpected 1, found 2\nnote: run\n\n\nfailures:\n    a::c\n\n\
                      test result: FAILED. 1 passed; 1 failed\n";
        let outcomes = Outcomes::parse(output);
        assert_eq!(outcomes.get("a::b"), Some(None));
        assert_eq!(outcomes.get("a::c"), Some(Some("expected 1, found 2")));
        assert_eq!(outcomes.get("a::d"), None);
        assert_eq!(outcomes.0.len(), 2);
    }
}
