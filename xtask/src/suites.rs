//! `cargo xtask suites`: verifies or fetches test suites of other projects.
//! `tests/support/suites/suites.toml` lists these suites.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use invoke_model_test_support::suites::{Manifest, Problem, Suite, VARIABLE, folder};

use crate::{Failure, program, root};

/// Environment variable that lists suites that may be missing. Blanks separate the paths of the suites. Set
/// this variable on machines that cannot fetch these suites.
const OPTIONAL: &str = "SUITES_OPTIONAL";

#[derive(Debug, clap::Subcommand)]
pub(crate) enum Command {
    /// Verify that every suite exists and is unaltered.
    Check,
    /// Fetch each missing suite from its public repository. This command needs git. One suite also needs
    /// Java, Maven and Perl.
    Fetch,
}

pub(crate) fn run(command: &Command) -> Result<(), Failure> {
    match command {
        Command::Check => crate::unchecked(check()?),
        Command::Fetch => fetch(&Manifest::new(), &folder()),
    }
}

/// Verifies every suite, and returns a line for each optional suite that is missing.
pub(crate) fn check() -> Result<Vec<String>, Failure> {
    #[expect(clippy::disallowed_methods, reason = "no other function reads this variable")]
    let optional = std::env::var(OPTIONAL).unwrap_or_default();
    judge(Manifest::new().verify(&folder()), &optional.split_whitespace().collect::<Vec<_>>())
}

/// Returns a line for each optional suite that is missing.
///
/// # Errors
/// Returns an error that lists every other problem.
fn judge(problems: Vec<Problem>, optional: &[&str]) -> Result<Vec<String>, Failure> {
    let (missing, problems): (Vec<_>, Vec<_>) = problems.into_iter().partition(
        |problem| matches!(problem, Problem::Missing { path, .. } if optional.contains(&path.as_str())),
    );
    if problems.is_empty() {
        return Ok(missing.iter().map(ToString::to_string).collect());
    }
    let lines: Vec<String> = problems.iter().map(|problem| format!("  {problem}")).collect();
    Err(Failure::new(format!(
        "the test suites of other projects are incomplete; set {VARIABLE} to their folder, or run `cargo xtask suites \
         fetch`:\n{}",
        lines.join("\n")
    )))
}

/// Returns the local paths of the unaltered suites. Includes only suites whose path in the manifest starts
/// with `prefix`.
pub(crate) fn find_all(prefix: &str) -> Vec<PathBuf> {
    let suites = Manifest::new().suites;
    let suites = suites.iter().filter(|suite| Path::new(&suite.path).starts_with(prefix));
    suites.filter_map(|suite| suite.verify(&folder()).ok()).collect()
}

fn fetch(manifest: &Manifest, folder: &Path) -> Result<(), Failure> {
    let wanted = manifest.suites.iter().filter(|suite| suite.verify(folder).is_err());
    let (wanted, derived): (Vec<_>, Vec<_>) = wanted.partition(|suite| !suite.sources.is_empty());
    let origins: BTreeSet<_> = wanted.iter().map(|suite| (&suite.repository, &suite.commit)).collect();
    for (repository, commit) in origins {
        let suites: Vec<&Suite> =
            wanted.iter().copied().filter(|suite| suite.repository == *repository).collect();
        println!("{repository} at {commit}");
        let checkout = root().join("target/suites").join(commit);
        check_out(repository, commit, &suites, &checkout)?;
        for suite in suites {
            obtain(suite, &checkout, folder)?;
        }
    }
    for suite in derived {
        println!("not fetched: {}: {}", suite.path, suite.derived.as_deref().unwrap_or_default());
    }
    Ok(())
}

/// Checks out the source files of suites from one commit.
fn check_out(repository: &str, commit: &str, suites: &[&Suite], checkout: &Path) -> Result<(), Failure> {
    if checkout.exists() {
        fs::remove_dir_all(checkout).map_err(|error| Failure::about(checkout, &error))?;
    }
    fs::create_dir_all(checkout).map_err(|error| Failure::about(checkout, &error))?;
    let git = |arguments: &[&str]| program::run(program::git().args(arguments).current_dir(checkout));
    let sources: Vec<&str> = suites.iter().flat_map(|suite| &suite.sources).map(String::as_str).collect();
    git(&["init", "--quiet"])?;
    git(&["remote", "add", "origin", repository])?;
    git(&["config", "core.autocrlf", "false"])?;
    git(&[&["sparse-checkout", "set", "--no-cone"], &sources[..]].concat())?;
    git(&["fetch", "--quiet", "--depth", "1", "--filter", "blob:none", "origin", commit])?;
    git(&["checkout", "--quiet", "FETCH_HEAD"])
}

/// Copies or converts the sources of a suite, and verifies the digest of the result.
fn obtain(suite: &Suite, checkout: &Path, folder: &Path) -> Result<(), Failure> {
    let target = folder.join(&suite.path);
    if let Some(parent) = target.parent() {
        fs::create_dir_all(parent).map_err(|error| Failure::about(parent, &error))?;
    }
    match (&suite.script, &suite.sources[..]) {
        (Some(script), _) => {
            let script = root().join("tests/support/suites").join(script);
            program::run(std::process::Command::new(script).args([checkout, &target]))?;
        }
        (None, sources) => {
            for source in sources {
                copy(&checkout.join(source), &target)?;
            }
        }
    }
    suite.verify(folder).map_err(|problem| Failure::new(problem.to_string()))?;
    println!("  {}", suite.path);
    Ok(())
}

/// Copies a file, or a folder with all files in it.
fn copy(from: &Path, to: &Path) -> Result<(), Failure> {
    if !from.is_dir() {
        return fs::copy(from, to).map(drop).map_err(|error| Failure::about(from, &error));
    }
    fs::create_dir_all(to).map_err(|error| Failure::about(to, &error))?;
    for entry in fs::read_dir(from).map_err(|error| Failure::about(from, &error))? {
        let entry = entry.map_err(|error| Failure::about(from, &error))?;
        copy(&entry.path(), &to.join(entry.file_name()))?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use invoke_model_test_support::suites::Problem;

    use super::judge;

    fn missing(path: &str) -> Problem {
        Problem::Missing { path: path.to_owned(), folder: "/suites".into() }
    }

    fn altered(path: &str) -> Problem {
        let (expected, found) = ("0".to_owned(), "1".to_owned());
        Problem::Altered { path: path.to_owned(), folder: "/suites".into(), expected, found }
    }

    #[test]
    fn passes_if_no_suite_has_a_problem() {
        assert!(judge(Vec::new(), &[]).unwrap().is_empty());
    }

    #[test]
    fn names_every_missing_and_altered_suite() {
        let message = judge(vec![missing("a"), altered("b")], &[]).unwrap_err().to_string();
        assert!(message.contains("`a` is missing from /suites"), "{message}");
        assert!(message.contains("`b` in /suites is altered"), "{message}");
    }

    #[test]
    fn reports_an_optional_suite_that_is_missing_and_fails_if_it_is_altered() {
        let lines = judge(vec![missing("a")], &["a"]).unwrap();
        assert!(lines[0].starts_with("`a` is missing from /suites"), "{lines:?}");
        assert!(judge(vec![altered("a")], &["a"]).is_err());
        assert!(judge(vec![missing("a"), missing("b")], &["a"]).is_err());
    }
}
