//! The developer commands: `cargo xtask codegen`, `conformance`, `model diff`, `models`, `peers`, `ci`.
#![allow(clippy::print_stdout, clippy::print_stderr, reason = "a command line tool")]

mod bench;
mod ci;
mod codegen;
mod conformance;
mod dependencies;
mod model_diff;
mod models;
mod peers;
mod program;
mod readme;
mod soak;
mod suites;
mod supplements;
mod tidy;

use std::fmt;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::{Parser, Subcommand};

#[derive(Debug, Parser)]
#[command(name = "cargo xtask", about = "The developer commands of invoke-model")]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Generate the types and the client's methods from the model.
    Codegen(codegen::Arguments),
    /// Ask about the model.
    Model {
        #[command(subcommand)]
        command: ModelCommand,
    },
    /// Run the protocol tests that models carry against what the generator emits for them.
    Conformance(conformance::Arguments),
    /// Generate a crate from each of other models, and compile it.
    Models(models::Arguments),
    /// Run other clients against the local endpoint, and compare what they send and read with ours.
    Peers,
    /// Make very many calls against an endpoint that breaks, and account for each. Takes minutes; not a part of `ci`.
    Soak {
        /// How many calls.
        #[arg(long, default_value_t = 200_000)]
        calls: u64,
    },
    /// Measure ours beside the official crate and plain hyper-util.
    Bench(bench::Arguments),
    /// Verify or fetch the test suites of other projects.
    Suites {
        #[command(subcommand)]
        command: suites::Command,
    },
    /// Compile and run the programs and commands of the README.
    Readme(readme::Arguments),
    /// Check licences, bans and sources of dependencies, and security advisories if `cargo deny` is installed.
    Dependencies,
    /// Check rules about files that no other tool checks.
    Tidy,
    /// Run every check.
    Ci,
}

#[derive(Debug, Subcommand)]
enum ModelCommand {
    /// Compare the model with another Smithy AST file.
    Diff(model_diff::Args),
}

fn main() -> ExitCode {
    match execute(&Arguments::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            eprintln!("error: {failure}");
            ExitCode::FAILURE
        }
    }
}

fn execute(arguments: &Arguments) -> Result<(), Failure> {
    match &arguments.command {
        Command::Codegen(arguments) => codegen::run(arguments),
        Command::Model { command: ModelCommand::Diff(arguments) } => diff(arguments),
        Command::Conformance(arguments) => conformance::run(arguments),
        Command::Models(arguments) => models::run(arguments),
        Command::Peers => peers::run(),
        Command::Soak { calls } => soak::run(*calls),
        Command::Bench(arguments) => bench::run(arguments),
        Command::Suites { command } => suites::run(command),
        Command::Readme(arguments) => readme::run(arguments),
        Command::Dependencies => dependencies::check().and_then(|()| unchecked(dependencies::advisories()?)),
        Command::Tidy => unchecked(tidy::run()?),
        Command::Ci => ci::run(),
    }
}

/// Prints what a command could not check.
fn unchecked(lines: Vec<String>) -> Result<(), Failure> {
    lines.iter().for_each(|line| println!("not checked: {line}"));
    Ok(())
}

fn diff(arguments: &model_diff::Args) -> Result<(), Failure> {
    model_diff::run(arguments, &mut std::io::stdout()).map_err(|error| Failure::new(error.to_string()))
}

/// Says which check runs now.
fn step(name: &str) {
    println!("== {name}");
}

/// Why a command failed, in words for the person who ran it.
#[derive(Debug)]
struct Failure(String);

impl Failure {
    fn new(message: impl Into<String>) -> Self {
        Self(message.into())
    }

    /// A failure to read or write a file.
    fn about(path: &Path, error: &dyn fmt::Display) -> Self {
        Self(format!("{}: {error}", path.display()))
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The folder of the workspace.
fn root() -> PathBuf {
    let here = PathBuf::from(env!("CARGO_MANIFEST_DIR"));
    here.parent().map_or_else(|| here.clone(), PathBuf::from)
}
