//! Locates and verifies the test suites of other projects.
//!
//! The suites are not part of this repository. `suites.toml` lists them with their public sources and
//! digests. The environment variable `SUITES` contains the path of their folder. The default is
//! `../shared/conformance`, relative to the workspace.
//!
//! `cargo xtask ci` fails if a suite is missing or altered. A test that calls [`find_or_skip`] does not fail
//! in this case: it prints one line and passes.

mod digest;
mod manifest;
#[cfg(test)]
mod tests;

pub use manifest::{Manifest, Problem, Suite};

use std::io::Write;
use std::path::{Path, PathBuf};

/// Environment variable with the path of the folder of the suites.
pub const VARIABLE: &str = "SUITES";

/// Returns the folder of the suites.
pub fn folder() -> PathBuf {
    #[expect(clippy::disallowed_methods, reason = "the only place that reads this variable")]
    let named = std::env::var_os(VARIABLE);
    named.map_or_else(|| workspace().join("../shared/conformance"), |named| workspace().join(named))
}

/// Returns the path of a suite. If the suite is missing or altered, prints one line with the problem, and
/// returns `None`.
///
/// # Panics
/// Panics if the manifest does not list the suite.
pub fn find_or_skip(path: &str) -> Option<PathBuf> {
    // Does not use `eprintln!`, because the test harness captures its output.
    report(Manifest::new().find(path, &folder()), &mut std::io::stderr())
}

/// Returns the paths of the suites whose path starts with `prefix`. Omits each suite that is missing or
/// altered, and prints one line with the problem.
pub fn find_all_or_skip(prefix: &str) -> Vec<PathBuf> {
    let manifest = Manifest::new();
    let paths = manifest.suites.iter().map(|suite| suite.path.as_str());
    paths.filter(|path| Path::new(path).starts_with(prefix)).filter_map(find_or_skip).collect()
}

fn report(found: Result<PathBuf, Problem>, output: &mut impl Write) -> Option<PathBuf> {
    found.map_err(|problem| writeln!(output, "suite not run: {problem}")).ok()
}

fn workspace() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}
