//! Developer commands, for example `cargo xtask codegen`, `conformance`, `model diff`, `peers` and `ci`.
#![allow(clippy::print_stdout, clippy::print_stderr, reason = "a command line tool prints to the terminal")]

mod bench;
mod bulk;
mod ci;
mod clients;
mod codegen;
mod conformance;
mod dependencies;
mod gateway;
mod kit;
mod loom;
mod model_diff;
mod models;
mod peers;
mod program;
mod programs;
mod python;
mod quota;
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
#[command(name = "cargo xtask", about = "Developer commands of invoke-model")]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Generate the code of the types crate, and the methods of the client, from the model.
    Codegen(codegen::Arguments),
    /// Inspect the model.
    Model {
        #[command(subcommand)]
        command: ModelCommand,
    },
    /// Run the protocol tests of models against the generated code of these models.
    Conformance(conformance::Arguments),
    /// Generate a crate from each model, and compile it.
    Models(models::Arguments),
    /// Run the conformance kit with our clients and with published clients.
    Kit(kit::Arguments),
    /// Compare the requests and responses of this client with other clients, and run frameworks against the local
    /// endpoint.
    Peers,
    /// Build the Python package, and run its tests.
    Python(python::Arguments),
    /// Run the tests of the Python module for Ray Data with a local cluster. Installs Ray.
    Ray(python::ray::Arguments),
    /// Make many calls against an endpoint with faults, and check the outcome of each call. This command
    /// takes minutes, and `ci` does not run it.
    Soak {
        /// Number of calls.
        #[arg(long, default_value_t = 200_000)]
        calls: u64,
    },
    /// Measure the command `bulk`: kills, memory, speed and quotas. This command takes minutes, and `ci` does not run it.
    Bulk(bulk::Arguments),
    /// Run the tests of concurrent code with all interleavings of their threads.
    Loom,
    /// Run the tests of the shared quota store with a Redis or Valkey server. Installs the server if there is none.
    Quota,
    /// Run the tests of the example gateway with a Redis or Valkey server, and the commands of its page. Installs the
    /// server if there is none.
    Gateway,
    /// Measure this client, the official crate and plain hyper-util.
    Bench(bench::Arguments),
    /// Verify or fetch the test suites of other projects.
    Suites {
        #[command(subcommand)]
        command: suites::Command,
    },
    /// Compile and run the programs and commands of the README.
    Readme(readme::Arguments),
    /// Check the licences, bans and sources of dependencies. Also check security advisories if `cargo deny`
    /// is installed.
    Dependencies,
    /// Check rules about files and commits that no other tool checks.
    Tidy,
    /// Run every check.
    Ci,
}

#[derive(Debug, Subcommand)]
enum ModelCommand {
    /// Compare the model with another Smithy AST file, or with the model of botocore.
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
        Command::Kit(arguments) => unchecked(kit::run(arguments)?),
        Command::Peers => unchecked(peers::run()?),
        Command::Python(arguments) => python::run(arguments),
        Command::Ray(arguments) => unchecked(python::ray::run(arguments)?),
        Command::Soak { calls } => soak::run(*calls),
        Command::Bulk(arguments) => bulk::run(arguments),
        Command::Loom => loom::run(),
        Command::Quota => quota::run(),
        Command::Gateway => gateway::run(),
        Command::Bench(arguments) => bench::run(arguments),
        Command::Suites { command } => suites::run(command),
        Command::Readme(arguments) => readme::run(arguments),
        Command::Dependencies => dependencies::check().and_then(|()| unchecked(dependencies::advisories()?)),
        Command::Tidy => unchecked(tidy::run()?),
        Command::Ci => ci::run(),
    }
}

/// Prints a line for each check that a command could not run.
fn unchecked(lines: Vec<String>) -> Result<(), Failure> {
    lines.iter().for_each(|line| println!("not checked: {line}"));
    Ok(())
}

fn diff(arguments: &model_diff::Args) -> Result<(), Failure> {
    model_diff::run(arguments, &mut std::io::stdout()).map_err(|error| Failure::new(error.to_string()))
}

/// Prints the name of the check that starts now.
fn step(name: &str) {
    println!("== {name}");
}

/// Message of a command that failed.
#[derive(Debug)]
struct Failure(String);

impl Failure {
    fn new(message: impl Into<String>) -> Self {
        Self(message.into())
    }

    /// Returns a failure that names the file.
    fn about(path: &Path, error: &dyn fmt::Display) -> Self {
        Self(format!("{}: {error}", path.display()))
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Returns the folder of the workspace.
fn root() -> PathBuf {
    let here = PathBuf::from(env!("CARGO_MANIFEST_DIR"));
    here.parent().map_or_else(|| here.clone(), PathBuf::from)
}
