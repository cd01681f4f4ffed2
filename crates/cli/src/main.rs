//! The command `invoke-model`: calls a model, or serves a local endpoint.
#![allow(clippy::print_stdout, clippy::print_stderr, reason = "a command line tool prints to the terminal")]

mod arguments;
mod backend;
mod exit;
mod invoke;
mod serve;
mod stream;

use std::fmt::Display;
use std::io::{self, Write};
use std::process::ExitCode;

use clap::Parser;

use arguments::{Arguments, Command};
use exit::Failure;

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    match run(arguments.command) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            print_error(&format_args!("error: {failure}"));
            failure.into()
        }
    }
}

/// Prints a line to standard error. Ignores a failed write, because a panic of `eprintln!` would replace the
/// exit code.
fn print_error(line: &dyn Display) {
    let _ = writeln!(io::stderr(), "{line}");
}

fn run(command: Command) -> Result<(), Failure> {
    // One thread is enough: `invoke` makes one call, and `serve` waits for sockets most of the time.
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let runtime = runtime.map_err(|error| Failure::input(&error))?;
    match command {
        Command::Invoke(arguments) => runtime.block_on(invoke::run(&arguments)),
        Command::Serve(arguments) => runtime.block_on(serve::run(&arguments)),
    }
}
