//! `cargo xtask ci`: runs every check. Cheap checks run first. The command stops at the first check that
//! fails.
//!
//! At the end, the command prints a table with the time of each step, and a line for each check that was not
//! possible on this machine.

use std::ffi::OsString;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use clap::Parser;

use crate::program::{self, cargo};
use crate::{
    Arguments, Failure, bench, clients, codegen, conformance, dependencies, gateway, kit, loom, models,
    peers, programs, python, quota, readme, suites, tidy,
};

pub(crate) fn run() -> Result<(), Failure> {
    let mut report = Report::default();
    let result = steps(&mut report);
    report.print();
    result
}

fn steps(report: &mut Report) -> Result<(), Failure> {
    report.cargo("format", &["fmt", "--all", "--check"])?;
    report.step("files and commit subjects", tidy::run)?;
    report.step("test suites of other projects", suites::check)?;
    report.step("download of crates", done(program::fetch))?;
    report.step("licences, bans and sources of dependencies", done(dependencies::check))?;
    report.step("security advisories", dependencies::advisories)?;
    report.step("generated code is up to date", done(codegen::check))?;
    report.step("deviations from the published model", done(model_diff))?;
    let lint = ["clippy", "--workspace", "--all-targets", "--all-features", "--", "-D", "warnings"];
    report.cargo("clippy", &lint)?;
    report.step("documentation", done(documentation))?;
    // Checks that the transport crate also compiles without its features.
    let bare = ["check", "--package", "invoke-model-transport", "--no-default-features"];
    report.cargo("transport trait without features", &bare)?;
    report.step("fuzz targets", done(fuzz_targets))?;
    report.cargo("packages", &["package", "--workspace", "--no-verify", "--allow-dirty", "--quiet"])?;
    report.cargo("tests", &["test", "--workspace"])?;
    // When cargo tests the complete workspace, it enables every feature that any workspace member requires.
    // Therefore the next steps check and test some crates without the other members.
    let alone = ["transport", "credentials", "client"].map(|name| format!("--package=invoke-model-{name}"));
    let lint: Vec<&str> = ["clippy"].into_iter().chain(alone.iter().map(String::as_str)).collect();
    report.cargo("clippy with default features only", &[&lint[..], &["--", "-D", "warnings"]].concat())?;
    let alone: Vec<&str> = ["test"].into_iter().chain(alone.iter().map(String::as_str)).collect();
    report.cargo("tests with default features only", &alone)?;
    report.step("installation of a Redis or Valkey server", done(quota::install))?;
    let all_features =
        [&alone[..], &["--package=invoke-model-bulk", "--package=invoke-model-gateway", "--all-features"]]
            .concat();
    let tests = || program::run(quota::require_server(&mut cargo(&all_features)));
    report.step("tests with all features", done(tests))?;
    report.step("concurrent code with loom", done(loom::run))?;
    report.step(
        "crates of other models",
        done(|| models::run(&models::Arguments::of(suites::find_all("models")))),
    )?;
    report.step("published protocol tests", done(protocol_tests))?;
    report.step("README", done(|| readme::run(&readme::Arguments::default())))?;
    report.step("page of the example gateway", done(gateway::page))?;
    report.step("cost of a call", bench::check)?;
    report.step("conformance kit", || kit::run(&kit::Arguments::default()))?;
    report.step("Python package", done(|| python::run(&python::Arguments::of_ci())))?;
    report.step("Ray Data", || python::ray::run(&python::ray::Arguments::of_ci()))?;
    report.step("peers", peers::run)?;
    report.step("deviations from the model of botocore", botocore_diff)
}

/// Adapts a step that can run all its checks on every machine, for [`Report::step`]. The adapted step returns
/// an empty list of skipped checks.
fn done(step: impl FnOnce() -> Result<(), Failure>) -> impl FnOnce() -> Result<Vec<String>, Failure> {
    || step().map(|()| Vec::new())
}

fn model_diff() -> Result<(), Failure> {
    suites::find_all("models/bedrock-runtime.json").into_iter().try_for_each(diff_with)
}

/// Compares our model with the model in the botocore package that `cargo xtask peers` installs.
fn botocore_diff() -> Result<Vec<String>, Failure> {
    match clients::botocore_model()? {
        Some(model) => diff_with(model).map(|()| Vec::new()),
        None => Ok(vec!["deviations from the model of botocore (botocore is not installed)".to_owned()]),
    }
}

fn diff_with(model: PathBuf) -> Result<(), Failure> {
    let words = ["xtask", "model", "diff"].iter().map(OsString::from);
    crate::execute(&Arguments::parse_from(words.chain([model.into_os_string()])))
}

fn documentation() -> Result<(), Failure> {
    let mut command = cargo(&["doc", "--workspace", "--no-deps", "--all-features"]);
    program::run(command.env("RUSTDOCFLAGS", "-D warnings"))
}

/// Compiles the fuzz targets, but does not link them. Therefore this step needs neither libFuzzer, which is written
/// in C++, nor a nightly compiler.
fn fuzz_targets() -> Result<(), Failure> {
    let mut check = cargo(&["check", "--locked", "--manifest-path", "tests/fuzz/Cargo.toml"]);
    let target = programs::target_directory()?;
    // With the target directory of this workspace, cargo does not compile the same dependencies again.
    check.env("CARGO_TARGET_DIR", &target);
    // With this variable, the build script of libfuzzer-sys does not compile libFuzzer.
    program::run(check.env("CUSTOM_LIBFUZZER_PATH", target.join("libfuzzer.a")))
}

fn protocol_tests() -> Result<(), Failure> {
    match suites::find_all("protocol-tests") {
        // `suites::check` has already reported the missing suite.
        files if files.is_empty() => Ok(()),
        files => conformance::run(&conformance::Arguments { files }),
    }
}

/// The steps that ran, and a line for each check that was not possible.
#[derive(Debug, Default)]
struct Report {
    steps: Vec<(String, Duration)>,
    unchecked: Vec<String>,
}

impl Report {
    /// Runs a step. The step returns a line for each check that was not possible.
    fn step(
        &mut self,
        name: &str,
        step: impl FnOnce() -> Result<Vec<String>, Failure>,
    ) -> Result<(), Failure> {
        crate::step(name);
        #[expect(clippy::disallowed_methods, reason = "the report contains the time of each step")]
        let start = Instant::now();
        let result = step();
        self.steps.push((name.to_owned(), start.elapsed()));
        self.unchecked.extend(result.map_err(|failure| Failure::new(format!("{name}: {failure}")))?);
        Ok(())
    }

    fn cargo(&mut self, name: &str, arguments: &[&str]) -> Result<(), Failure> {
        self.step(name, done(|| program::run(&mut cargo(arguments))))
    }

    fn print(&self) {
        print!("{}", self.table());
    }

    fn table(&self) -> String {
        let total = self.steps.iter().map(|(_, time)| *time).sum();
        let rows = self.steps.iter().map(|(name, time)| (name.as_str(), *time)).chain([("total", total)]);
        let rows = rows.map(|(name, time)| {
            let seconds = time.as_secs();
            format!("{name:<44} {:>3}:{:02}\n", seconds / 60, seconds % 60)
        });
        let unchecked = self.unchecked.iter().map(|line| format!("not checked: {line}\n"));
        ["\nstep                                        minutes\n".to_owned()]
            .into_iter()
            .chain(rows)
            .chain(unchecked)
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::Report;
    use crate::Failure;

    #[test]
    fn prints_the_time_of_each_step_and_what_was_not_checked() {
        let mut report = Report::default();
        report.step("first", || Ok(vec!["security advisories (no database)".to_owned()])).unwrap();
        report.step("second", || Ok(Vec::new())).unwrap();
        report.steps[1].1 = Duration::from_secs(83);
        let table = report.table();
        let last: Vec<&str> = table.lines().rev().take(4).collect();
        assert_eq!(last[0], "not checked: security advisories (no database)");
        assert!(last[1].starts_with("total ") && last[1].ends_with("  1:23"), "{table}");
        assert!(last[2].starts_with("second ") && last[2].ends_with("  1:23"), "{table}");
        assert!(last[3].starts_with("first ") && last[3].ends_with("  0:00"), "{table}");
    }

    #[test]
    fn a_failure_names_the_step() {
        let mut report = Report::default();
        let failure = report.step("first", || Err(Failure::new("reason"))).unwrap_err();
        assert_eq!(failure.to_string(), "first: reason");
        assert_eq!(report.steps.len(), 1);
    }
}
