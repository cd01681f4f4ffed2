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
mod outfile;
mod output;
mod pages;
mod request_metadata;
mod serve;
mod settings;
mod stream;
mod suggestion;
mod words;

use std::process::ExitCode;

use clap::Parser;

use arguments::{Arguments, Command};
use exit::Failure;

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    log::start(arguments.debug);
    match run(arguments.command) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => failure.print().into(),
    }
}

fn run(command: Command) -> Result<(), Failure> {
    // One thread is enough, because all commands wait for sockets most of the time.
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let runtime = runtime.map_err(Failure::input)?;
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
