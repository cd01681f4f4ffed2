//! Rules about commit subjects: `scope: imperative summary`, at most 72 characters.

use crate::Failure;
use crate::program::{self, git};

/// Last commit to which the rules do not apply.
const BASE: &str = "f76eec6";

/// Maximum length of a subject. git and code hosting sites truncate longer subjects.
const MAX_CHARACTERS: usize = 72;

/// Imperatives that end in `-ed`, `-ing` or `-s`. Other verbs with these endings are not imperatives.
const IMPERATIVES: &[&str] = &[
    "address", "assess", "bring", "bypass", "canvas", "compress", "discuss", "embed", "exceed", "express",
    "feed", "focus", "need", "pass", "press", "proceed", "process", "seed", "shed", "speed", "string",
    "succeed", "suppress",
];

/// Returns the hashes and subjects of the commits after [`BASE`], without merges. Returns `None` if the git
/// history does not contain [`BASE`].
pub(super) fn subjects() -> Result<Option<Vec<(String, String)>>, Failure> {
    let mut is_ancestor = git();
    is_ancestor.args(["merge-base", "--is-ancestor", BASE, "HEAD"]);
    if !is_ancestor.output().is_ok_and(|output| output.status.success()) {
        return Ok(None);
    }
    let log =
        program::output(git().args(["log", "--no-merges", "--format=%h %s", &format!("{BASE}..HEAD")]))?;
    let commits = log.lines().filter_map(|line| line.split_once(' '));
    Ok(Some(commits.map(|(hash, subject)| (hash.to_owned(), subject.to_owned())).collect()))
}

/// Returns a line for each subject that breaks a rule.
pub(super) fn check(subjects: &[(String, String)]) -> Vec<String> {
    let findings = subjects.iter().filter_map(|(hash, subject)| {
        judge(subject).err().map(|message| format!("commit {hash}: \"{subject}\": {message}"))
    });
    findings.collect()
}

fn judge(subject: &str) -> Result<(), String> {
    let length = subject.chars().count();
    if length > MAX_CHARACTERS {
        return Err(format!("the subject has {length} characters; the limit is {MAX_CHARACTERS}"));
    }
    let (scope, summary) =
        subject.split_once(": ").ok_or("the subject has no scope; write `scope: imperative summary`")?;
    let is_scope = |word: &str| !word.is_empty() && !word.contains(' ');
    if !scope.split(", ").all(is_scope) {
        return Err(format!(
            "`{scope}` is not a scope; write names of crates or folders, separated by commas"
        ));
    }
    if summary.ends_with('.') {
        return Err("the subject ends with a period; remove it".to_owned());
    }
    let verb = summary.split(' ').next().unwrap_or_default();
    let is_other_form = verb.ends_with("ed") || verb.ends_with("ing") || verb.ends_with('s');
    if !verb.starts_with(|first: char| first.is_ascii_lowercase()) {
        return Err("the summary does not start with a lower-case verb".to_owned());
    }
    if is_other_form && !IMPERATIVES.contains(&verb) {
        return Err(format!("`{verb}` is not an imperative; write a verb such as `add`"));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::judge;

    #[test]
    fn accepts_a_scope_and_an_imperative() {
        for subject in
            ["client: retry STS once on 503", "signing, client: pass the clock", "docs: process `a`"]
        {
            assert_eq!(judge(subject), Ok(()), "{subject}");
        }
    }

    #[test]
    fn rejects_other_subjects() {
        let check = |subject: &str, expected: &str| {
            let message = judge(subject).unwrap_err();
            assert!(message.contains(expected), "{subject}: {message}");
        };
        check("A retry is sent once", "no scope");
        check("what is sent: retry it", "not a scope");
        check("client: Retry", "lower-case verb");
        check("client: retries once", "not an imperative");
        check("client: retried once", "not an imperative");
        check("client: retrying once", "not an imperative");
        check("client: retry once.", "period");
        check(&format!("client: retry {}", "x".repeat(60)), "has 74 characters");
    }
}
