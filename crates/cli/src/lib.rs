//! The command `invoke-model`: calls models and operations, or serves a local endpoint.
//!
//! The program `invoke-model` and the Python package call [`run`]. A Rust program calls models with the crate
//! `invoke-model-client`, and runs the local endpoint with the crate `invoke-model-local`.
#![allow(clippy::print_stdout, clippy::print_stderr, reason = "a command line tool prints to the terminal")]

mod arguments;
mod aws_cli;
mod backend;
mod bulk;
mod call;
mod chat;
mod conformance;
mod connection;
mod curl;
mod dry_run;
mod embed;
mod exit;
mod input;
mod invoke;
mod log;
mod models;
mod outfile;
mod output;
mod pages;
mod request_metadata;
mod serve;
mod settings;
mod signals;
mod stream;
mod suggestion;
mod words;

use std::ffi::OsString;
use std::io::{self, Write};

use clap::Parser;

use arguments::{Arguments, Command};
use exit::Failure;

/// Runs the command once, and returns the exit code for the process. `arguments` begins with the name of the program.
///
/// The command reads standard input and the environment, and writes to standard output and standard error. It expects
/// the state in which a Rust program starts: the three standard streams are open, the process ignores SIGPIPE, and
/// SIGINT ends the process. The caller must not run the function in an async runtime.
pub fn run(arguments: impl IntoIterator<Item = OsString>) -> u8 {
    let arguments = match Arguments::try_parse_from(arguments) {
        Ok(arguments) => arguments,
        Err(error) => return print_parse_error(&error),
    };
    log::start(arguments.debug);
    match run_command(arguments.command) {
        Ok(()) => exit::SUCCESS,
        Err(failure) => failure.print().code(),
    }
}

/// Prints an invalid command line to standard error, or the text of `--help` or `--version` to standard output.
fn print_parse_error(error: &clap::Error) -> u8 {
    let print = || error.print().and_then(|()| io::stdout().flush()).map_err(Failure::output);
    if error.use_stderr() {
        // The exit code already states a failure.
        let _ = print();
        return exit::USAGE;
    }
    match output::check_output().and_then(|()| print()) {
        Ok(()) => exit::SUCCESS,
        Err(failure) => failure.print().code(),
    }
}

fn run_command(command: Command) -> Result<(), Failure> {
    let mut runtime = match command {
        // The endpoint may have many clients.
        Command::Serve(_) => tokio::runtime::Builder::new_multi_thread(),
        // One thread is enough, because all other commands wait for sockets most of the time.
        _ => tokio::runtime::Builder::new_current_thread(),
    };
    let runtime = runtime.enable_all().build().map_err(Failure::input)?;
    match command {
        Command::Chat(arguments) => runtime.block_on(chat::run(&arguments)),
        Command::Embed(arguments) => runtime.block_on(embed::run(&arguments)),
        Command::Invoke(arguments) => runtime.block_on(invoke::run(&arguments)),
        Command::Bulk(arguments) => runtime.block_on(bulk::run(&arguments)),
        Command::Call(arguments) => runtime.block_on(call::run(&arguments)),
        Command::Models(arguments) => models::run(&arguments),
        Command::Serve(arguments) => runtime.block_on(serve::run(&arguments)),
        Command::Conformance(arguments) => runtime.block_on(conformance::run(&arguments)),
        Command::Completions { shell } => pages::completions(shell),
        Command::Man { command } => pages::man(command.as_deref()),
    }
}
