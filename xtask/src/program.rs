//! Functions that run cargo, git and other programs.

use std::ffi::OsStr;
use std::process::Command;

use crate::{Failure, root};

/// Returns `cargo` with arguments, in the folder of the workspace.
pub(crate) fn cargo<S: AsRef<OsStr>>(arguments: &[S]) -> Command {
    let mut command = Command::new("cargo");
    command.args(arguments).current_dir(root());
    command
}

/// Returns `git`, in the folder of the workspace.
pub(crate) fn git() -> Command {
    let mut command = Command::new("git");
    command.current_dir(root());
    command
}

/// Runs a command until it ends.
///
/// # Errors
/// Returns an error if the command cannot be started or fails. The error text contains the command.
pub(crate) fn run(command: &mut Command) -> Result<(), Failure> {
    let status = command.status().map_err(|error| Failure::new(format!("`{}`: {error}", shown(command))))?;
    if status.success() {
        Ok(())
    } else {
        Err(Failure::new(format!("`{}` failed: {status}", shown(command))))
    }
}

/// Runs a command until it ends, and returns its standard output. The standard error of the command goes to
/// the terminal.
///
/// # Errors
/// Returns an error if the command cannot be started or fails. The error text contains the command.
pub(crate) fn output(command: &mut Command) -> Result<String, Failure> {
    let output = command.stderr(std::process::Stdio::inherit()).output();
    let output = output.map_err(|error| Failure::new(format!("`{}`: {error}", shown(command))))?;
    if output.status.success() {
        return Ok(String::from_utf8_lossy(&output.stdout).into_owned());
    }
    Err(Failure::new(format!("`{}` failed: {}", shown(command), output.status)))
}

/// Returns `true` if a command can be started and succeeds. Discards its output.
pub(crate) fn succeeds(command: &mut Command) -> bool {
    command.output().is_ok_and(|output| output.status.success())
}

/// Downloads every crate of the lock file, so that later commands can run with `--offline`.
pub(crate) fn fetch() -> Result<(), Failure> {
    run(&mut cargo(&["fetch", "--locked", "--quiet"]))
}

fn shown(command: &Command) -> String {
    let words = [command.get_program()].into_iter().chain(command.get_args());
    words.map(OsStr::to_string_lossy).collect::<Vec<_>>().join(" ")
}
