//! `cargo xtask tidy`: checks rules about files and commits that no other tool checks.

mod commits;
mod rust;

use std::fs;
use std::path::Path;

use crate::program::{self, git};
use crate::{Failure, root};

/// Checks the commit subjects of the branch, and every file that git does not ignore.
///
/// Returns a line for each check that was not possible.
pub(crate) fn run() -> Result<Vec<String>, Failure> {
    let mut findings = Vec::new();
    for path in files()? {
        let Ok(text) = fs::read_to_string(root().join(&path)) else { continue };
        check(&path, &text, &mut findings);
    }
    let mut unchecked = Vec::new();
    match commits::subjects()? {
        Some(subjects) => findings.extend(commits::check(&subjects)),
        None => unchecked.push("commit subjects (no complete git history)".to_owned()),
    }
    if findings.is_empty() { Ok(unchecked) } else { Err(Failure::new(findings.join("\n"))) }
}

fn files() -> Result<Vec<String>, Failure> {
    let arguments = ["ls-files", "--cached", "--others", "--exclude-standard"];
    Ok(program::output(git().args(arguments))?.lines().map(str::to_owned).collect())
}

fn check(path: &str, text: &str, findings: &mut Vec<String>) {
    let extension = Path::new(path).extension().and_then(|extension| extension.to_str()).unwrap_or_default();
    let mut report = |line: usize, message: &str| findings.push(format!("{path}:{line}: {message}"));
    let is_text = matches!(extension, "rs" | "md" | "toml" | "py" | "mjs" | "json" | "yml" | "sh" | "txt");
    if is_text && !text.ends_with('\n') && !text.is_empty() {
        report(text.lines().count(), "the file does not end with a line break");
    }
    // Do not check Rust files, because rustfmt checks them. rustfmt also distinguishes string literals from
    // code.
    if matches!(extension, "toml" | "py" | "mjs" | "yml" | "sh") {
        for (index, _) in text.lines().enumerate().filter(|(_, line)| line.ends_with([' ', '\t'])) {
            report(index + 1, "the line ends with blanks");
        }
    }
    if extension == "rs" {
        rust::check(path, text, &mut report);
    }
}

#[cfg(test)]
mod tests;
