//! Completion scripts and manual pages, which clap generates from the arguments.

use clap::CommandFactory;
use clap_complete::Shell;
use clap_mangen::Man;

use crate::arguments::Arguments;
use crate::exit::Failure;
use crate::output::{check_output, print_output};

/// Prints the completion script for a shell.
pub(crate) fn completions(shell: Shell) -> Result<(), Failure> {
    check_output()?;
    let mut command = Arguments::command();
    let name = command.get_name().to_owned();
    // `generate` panics if a write fails. Therefore this function passes a buffer in memory.
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut command, name, &mut script);
    print_output(&script)
}

/// Error of `man` with an unknown command.
#[derive(Debug, thiserror::Error)]
#[error("`{name}` is not a command; commands: {known}")]
struct UnknownCommand {
    name: String,
    known: String,
}

/// Prints the manual page of a command, or of the program.
pub(crate) fn man(command: Option<&str>) -> Result<(), Failure> {
    check_output()?;
    let mut program = Arguments::command();
    program.build();
    let page = match command {
        None => Man::new(program),
        Some(name) => match program.find_subcommand(name) {
            Some(command) => {
                // The name of the page, as in `git-commit`.
                let page_name = format!("{}-{name}", program.get_name());
                Man::new(
                    command
                        .clone()
                        .name(page_name)
                        .version(program.get_version().unwrap_or_default().to_owned()),
                )
            }
            None => {
                let known: Vec<&str> = program.get_subcommands().map(clap::Command::get_name).collect();
                let error = UnknownCommand { name: name.to_owned(), known: known.join(", ") };
                return Err(Failure::input(error));
            }
        },
    };
    let mut text = Vec::new();
    page.render(&mut text).map_err(Failure::output)?;
    print_output(&text)
}
