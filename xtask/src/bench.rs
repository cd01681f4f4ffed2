//! `cargo xtask bench`: ours beside the official crate and plain hyper-util. What measures is `bench/runner`, in a
//! workspace of its own.

use std::ffi::OsString;
use std::process::Command;

use crate::{Failure, root};

/// What the command is asked for.
#[derive(Debug, Default, clap::Args)]
#[command(disable_help_flag = true)]
pub(crate) struct Arguments {
    /// `--quick` holds the counts that CI watches against `bench/budget.toml`; `--help` tells the rest.
    #[arg(trailing_var_arg = true, allow_hyphen_values = true, value_name = "ARGUMENT")]
    arguments: Vec<OsString>,
}

/// What `cargo xtask ci` runs: the harness is in order, and the counts are within their budget. The clients that are
/// compared with are left out: the official one takes minutes to compile.
pub(crate) fn check() -> Result<Vec<String>, Failure> {
    let packages = ["ours", "plain", "layers", "runner", "server", "workload"];
    let packages = packages.iter().flat_map(|name| ["--package".to_owned(), format!("bench-{name}")]);
    let packages: Vec<String> = packages.collect();
    let words = |words: &[&str]| words.iter().map(OsString::from).collect::<Vec<_>>();
    let with = |first: &[&str], last: &[&str]| {
        [words(first), packages.iter().map(OsString::from).collect(), words(last)].concat()
    };
    cargo(&words(&["fmt", "--all", "--check"]))?;
    cargo(&with(&["clippy", "--quiet", "--all-targets"], &["--", "-D", "warnings"]))?;
    cargo(&with(&["test", "--quiet"], &[]))?;
    if Command::new("valgrind").arg("--version").output().is_err() {
        return Ok(vec!["instructions and allocations of a call (valgrind is not installed)".to_owned()]);
    }
    run(&Arguments { arguments: words(&["--quick"]) })?;
    Ok(Vec::new())
}

pub(crate) fn run(arguments: &Arguments) -> Result<(), Failure> {
    let runner = ["run", "--release", "--quiet", "--package", "bench-runner", "--"].map(OsString::from);
    cargo(&[&runner, arguments.arguments.as_slice()].concat())
}

/// Cargo in the folder of the benchmarks.
fn cargo(arguments: &[OsString]) -> Result<(), Failure> {
    let shown = || arguments.join(" ".as_ref()).to_string_lossy().into_owned();
    let mut command = Command::new("cargo");
    let status = command.args(arguments).current_dir(root().join("bench")).status();
    match status {
        Ok(status) if status.success() => Ok(()),
        Ok(_) => Err(Failure::new(format!("`cargo {}` failed in bench/: see above", shown()))),
        Err(error) => Err(Failure::new(format!("cargo {}: {error}", shown()))),
    }
}
