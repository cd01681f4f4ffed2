//! Access to the environment, files and commands for the credentials library.

use std::collections::HashMap;
use std::fmt;
use std::path::PathBuf;
use std::process::Stdio;
use std::sync::{Arc, Mutex, PoisonError};

use reqsign_core::time::Timestamp;
use reqsign_core::{CommandExecute, CommandOutput, Env, Error, FileRead};
use tokio::process::Command;

use super::error::SourceError;
use crate::environment::Environment;
use crate::error::format_time;

/// The environment variables of the chain.
///
/// `vars` returns an empty map. Some sources of the library would read their settings from this map. This
/// crate reads these settings itself, and passes them to the sources.
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

/// The file system.
#[derive(Debug)]
pub(super) struct Disk;

impl FileRead for Disk {
    async fn file_read(&self, path: &str) -> Result<Vec<u8>, Error> {
        Ok(tokio::fs::read(path).await?)
    }
}

/// The file system, for a source that reads the cached login of `aws sso login`. Records the expiry of the login,
/// because the library does not distinguish an expired login from a missing one.
#[derive(Clone, Debug, Default)]
pub(super) struct LoginFile(Arc<Mutex<Option<Timestamp>>>);

impl LoginFile {
    /// Returns the error for a login that has expired, or `None` if the login has not expired. The library
    /// compares the expiry with the system clock.
    pub(super) fn expired(&self) -> Option<SourceError> {
        let expiry = *self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let now = Timestamp::now();
        let expiry = expiry.filter(|expiry| *expiry <= now)?;
        let (at, now) = (format_time(expiry.as_system_time()), format_time(now.as_system_time()));
        Some(SourceError::new(format!(
            "the login expired at {at}, and the clock of this machine shows {now}"
        )))
    }
}

impl FileRead for LoginFile {
    async fn file_read(&self, path: &str) -> Result<Vec<u8>, Error> {
        let file = Disk.file_read(path).await?;
        let expiry = std::str::from_utf8(&file).ok().and_then(|json| {
            let (_, value) = json.split_once("\"expiresAt\"")?;
            value.split('"').nth(1)?.parse().ok()
        });
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = expiry;
        Ok(file)
    }
}

/// Runs a command line in the shell, so that quotes work. The library also splits the command line at spaces,
/// and passes the words as arguments. This type ignores these arguments.
///
/// `Debug` does not print the command line, because it can contain a secret.
pub(super) struct Shell(pub(super) String);

impl CommandExecute for Shell {
    async fn command_execute<'a>(
        &'a self,
        _program: &'a str,
        _arguments: &'a [&'a str],
    ) -> Result<CommandOutput, Error> {
        let (shell, flag) = if cfg!(windows) { ("cmd.exe", "/C") } else { ("sh", "-c") };
        let mut command = Command::new(shell);
        // Kill the command when the load timeout drops this future.
        command.arg(flag).arg(&self.0).stdin(Stdio::null()).kill_on_drop(true);
        let output = command.output().await?;
        if has_unreadable_expiry(&output.stdout) {
            return Err(Error::unexpected("`Expiration` in the output of the command is not a time"));
        }
        let status = output.status.code().unwrap_or(-1);
        Ok(CommandOutput { status, stdout: output.stdout, stderr: output.stderr })
    }
}

/// Returns `true` if the output of a command contains an expiry that is not a time with a time zone. The library
/// ignores such an expiry, so expired credentials would stay in use.
fn has_unreadable_expiry(output: &[u8]) -> bool {
    let output = serde_json::from_slice(output).unwrap_or(serde_json::Value::Null);
    match output.get("Expiration") {
        None | Some(serde_json::Value::Null) => false,
        Some(expiry) => expiry.as_str().is_none_or(|expiry| expiry.parse::<Timestamp>().is_err()),
    }
}

impl fmt::Debug for Shell {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Shell")
    }
}
