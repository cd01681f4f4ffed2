//! `cargo xtask bench`: measures this client, the official crate and plain hyper-util.
//!
//! The command runs the program `bench/runner`. The folder `bench` is a separate workspace.

use std::ffi::OsString;
use std::process::Command;

use crate::{Failure, program, programs, root};

/// Arguments of the command.
#[derive(Debug, Default, clap::Args)]
#[command(disable_help_flag = true)]
pub(crate) struct Arguments {
    /// Arguments of the runner. `--quick` compares instruction and allocation counts with
    /// `bench/budget.toml`. `--help` lists all arguments.
    #[arg(trailing_var_arg = true, allow_hyphen_values = true, value_name = "ARGUMENT")]
    arguments: Vec<OsString>,
}

/// Runs the checks of the benchmarks for `cargo xtask ci`. The benchmarks must compile and pass their tests.
/// Their instruction and allocation counts must be within the budget.
///
/// Does not check the benchmark of the official crate, because that crate takes minutes to compile. Returns a
/// line if this function could not check the counts.
pub(crate) fn check() -> Result<Vec<String>, Failure> {
    let packages = [
        "ours",
        "ours-http2",
        "plain",
        "plain-http2",
        "endpoint",
        "layers",
        "platform",
        "runner",
        "server",
        "workload",
    ];
    let packages = packages.iter().flat_map(|name| ["--package".to_owned(), format!("bench-{name}")]);
    let packages: Vec<String> = packages.collect();
    let words = |words: &[&str]| words.iter().map(OsString::from).collect::<Vec<_>>();
    let with = |first: &[&str], last: &[&str]| {
        [words(first), packages.iter().map(OsString::from).collect(), words(last)].concat()
    };
    let target = programs::target_directory()?;
    // With the target directory of this workspace, cargo does not compile the same dependencies again.
    let shared = |arguments: &[OsString]| program::run(command(arguments).env("CARGO_TARGET_DIR", &target));
    cargo(&words(&["fmt", "--all", "--check"]))?;
    shared(&with(&["clippy", "--quiet", "--all-targets"], &["--", "-D", "warnings"]))?;
    shared(&with(&["test", "--quiet"], &[]))?;
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

fn cargo(arguments: &[OsString]) -> Result<(), Failure> {
    program::run(&mut command(arguments))
}

/// Returns a command that runs cargo in the folder of the benchmarks.
fn command(arguments: &[OsString]) -> Command {
    let mut command = program::cargo(arguments);
    command.current_dir(root().join("bench"));
    command
}
