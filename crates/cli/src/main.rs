//! The command `invoke-model`: calls models and operations, or serves a local endpoint.
#![allow(clippy::print_stdout, clippy::print_stderr, reason = "a command line tool prints to the terminal")]

mod arguments;
mod aws_cli;
mod backend;
mod call;
mod chat;
mod connection;
mod curl;
mod dry_run;
mod embed;
mod exit;
mod input;
mod invoke;
mod log;
mod models;
mod pages;
mod serve;
mod settings;
mod stream;
mod suggestion;

use std::fmt::Display;
use std::io::{self, Write};
use std::process::ExitCode;

use clap::Parser;

use arguments::{Arguments, Command};
use exit::Failure;

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    log::start(arguments.debug);
    match run(arguments.command) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            if failure.has_message() {
                print_error(&format_args!("error: {failure}"));
            }
            failure.into()
        }
    }
}

/// Prints a line to standard error. Replaces control characters with spaces, because services and proxies may
/// send control characters that a terminal would execute. Keeps line feeds.
///
/// Ignores a failed write, because a panic of `eprintln!` would replace the exit code.
fn print_error(line: &dyn Display) {
    let is_unsafe = |character: char| character.is_control() && character != '\n';
    let _ = writeln!(io::stderr(), "{}", line.to_string().replace(is_unsafe, " "));
}

/// Prints to standard output, and flushes it.
fn print_output(text: &[u8]) -> Result<(), Failure> {
    let mut out = io::stdout().lock();
    out.write_all(text).and_then(|()| out.flush()).map_err(|error| Failure::output(&error))
}

fn run(command: Command) -> Result<(), Failure> {
    // One thread is enough, because all commands wait for sockets most of the time.
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let runtime = runtime.map_err(|error| Failure::input(&error))?;
    match command {
        Command::Chat(arguments) => runtime.block_on(chat::run(&arguments)),
        Command::Embed(arguments) => runtime.block_on(embed::run(&arguments)),
        Command::Invoke(arguments) => runtime.block_on(invoke::run(&arguments)),
        Command::Call(arguments) => runtime.block_on(call::run(&arguments)),
        Command::Models(arguments) => models::run(&arguments),
        Command::Serve(arguments) => runtime.block_on(serve::run(&arguments)),
        Command::Completions { shell } => pages::completions(shell),
        Command::Man { command } => pages::man(command.as_deref()),
    }
}
