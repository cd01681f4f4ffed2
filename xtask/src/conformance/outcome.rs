//! What a run of tests says of each.

use std::collections::BTreeMap;

/// Each test that ran, with the first words of its failure if it failed.
#[derive(Debug, Default)]
pub(super) struct Outcomes(BTreeMap<String, Option<String>>);

impl Outcomes {
    /// Reads the output of the test harness.
    pub(super) fn of(output: &str) -> Self {
        let mut outcomes = BTreeMap::new();
        for line in output.lines() {
            let Some((test, result)) = line.strip_prefix("test ").and_then(|rest| rest.split_once(" ... "))
            else {
                continue;
            };
            let failure = (result != "ok").then(|| words(output, test));
            outcomes.insert(test.to_owned(), failure);
        }
        Self(outcomes)
    }

    /// `None` if the test did not run, `Some(None)` if it passed.
    pub(super) fn get(&self, test: &str) -> Option<Option<&str>> {
        self.0.get(test).map(Option::as_deref)
    }
}

/// What stands under the test's heading, without the line that says where.
fn words(output: &str, test: &str) -> String {
    let heading = format!("---- {test} stdout ----");
    let behind = output.split_once(&heading).map_or("", |(_, behind)| behind);
    let mut lines =
        behind.lines().filter(|line| !line.is_empty()).skip_while(|line| !line.contains("panicked at"));
    lines.nth(1).unwrap_or("no words").to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn passed_and_failed_are_told_apart() {
        let output = "\nrunning 3 tests\ntest a::b ... ok\ntest a::c ... FAILED\n\nfailures:\n\n---- a::c stdout ----\n\n\
                      thread 'a::c' (1) panicked at x.rs:1:2:\nexpected 1, found 2\nnote: run\n\n\nfailures:\n    a::c\n\n\
                      test result: FAILED. 1 passed; 1 failed\n";
        let outcomes = Outcomes::of(output);
        assert_eq!(outcomes.get("a::b"), Some(None));
        assert_eq!(outcomes.get("a::c"), Some(Some("expected 1, found 2")));
        assert_eq!(outcomes.get("a::d"), None);
        assert_eq!(outcomes.0.len(), 2);
    }
}
