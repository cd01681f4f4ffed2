//! Environment, disk and commands, as the library asks for them.

use std::collections::HashMap;
use std::fmt;
use std::path::PathBuf;
use std::process::Stdio;

use reqsign_core::{CommandExecute, CommandOutput, Env, Error, FileRead};
use tokio::process::Command;

use crate::env::Environment;

/// The client's environment. What a source needs of it is given to the source, so that the list of all variables is
/// empty.
#[derive(Debug)]
pub(super) struct Variables(pub(super) Environment);

impl Env for Variables {
    fn var(&self, name: &str) -> Option<String> {
        self.0.read(name)
    }

    fn vars(&self) -> HashMap<String, String> {
        HashMap::new()
    }

    fn home_dir(&self) -> Option<PathBuf> {
        self.0.home()
    }
}

/// Files of this machine.
#[derive(Debug)]
pub(super) struct Disk;

impl FileRead for Disk {
    async fn file_read(&self, path: &str) -> Result<Vec<u8>, Error> {
        Ok(tokio::fs::read(path).await?)
    }
}

/// A command line for the shell, which knows quotes. The words that the library makes of it are not used.
pub(super) struct Shell(pub(super) String);

impl CommandExecute for Shell {
    async fn command_execute<'a>(
        &'a self,
        _program: &'a str,
        _arguments: &'a [&'a str],
    ) -> Result<CommandOutput, Error> {
        let (shell, flag) = if cfg!(windows) { ("cmd.exe", "/C") } else { ("sh", "-c") };
        let mut command = Command::new(shell);
        // A command that is not waited for any more, because its time is over, is ended.
        command.arg(flag).arg(&self.0).stdin(Stdio::null()).kill_on_drop(true);
        let output = command.output().await?;
        let status = output.status.code().unwrap_or(-1);
        Ok(CommandOutput { status, stdout: output.stdout, stderr: output.stderr })
    }
}

/// A command can have a secret among its words.
impl fmt::Debug for Shell {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Shell")
    }
}
