//! The command `invoke-model`: calls a model, or serves a local endpoint.
#![allow(clippy::print_stdout, clippy::print_stderr, reason = "a command line tool")]

mod arguments;
mod body;
mod call;
mod exit;
mod explain;
mod invoke;
mod part;
mod serve;
mod stream;
mod whole;

use std::process::ExitCode;

use clap::Parser;

use arguments::{Arguments, Command};
use exit::Failure;

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let outcome = run(arguments.command);
    outcome.map_or_else(
        |failure| {
            eprintln!("error: {}", failure.message);
            failure.into()
        },
        |()| ExitCode::SUCCESS,
    )
}

fn run(command: Command) -> Result<(), Failure> {
    // One thread: a command makes one call, or answers a few.
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let runtime = runtime.map_err(|error| Failure::input(&error))?;
    match command {
        Command::Invoke(arguments) => runtime.block_on(invoke::run(&arguments)),
        Command::Serve(arguments) => runtime.block_on(serve::run(arguments)),
    }
}
