//! Adapters that the runner starts: their environment, their exit status, and the end of their standard error.

use std::collections::VecDeque;
use std::io;
use std::path::Path;
use std::process::{ExitStatus, Stdio};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::io::{AsyncRead, BufReader};
use tokio::process::{Child, ChildStdin, ChildStdout, Command};
use tokio::task::JoinHandle;
use tokio::time::timeout;

use super::AdapterError;
use super::lines::{self, Line};
use crate::scenario::Environment;

/// The maximum number of lines of standard error in an error message.
const STDERR_LINES: usize = 5;

/// The maximum number of bytes of a line of standard error that are kept, so that all lines have at most 64 KB.
const STDERR_LINE: usize = 64_000 / STDERR_LINES;

/// The time to wait until an adapter exits after its standard input was closed.
const EXIT: Duration = Duration::from_secs(2);

/// A process that runs an adapter. It is killed when this value is dropped.
pub(super) struct Process {
    child: Child,
    /// Kills the processes that the adapter has started, also after the adapter has exited.
    group: ProcessGroup,
    stderr: Arc<Mutex<VecDeque<String>>>,
    /// The task that reads standard error.
    stderr_reader: Option<JoinHandle<()>>,
}

impl Process {
    /// Starts a command. Returns the process, its standard input and its standard output.
    pub(super) fn spawn(
        words: &[String],
        environment: &Environment,
        home: &Path,
    ) -> Result<(Self, ChildStdin, ChildStdout), AdapterError> {
        let missing = || AdapterError::Start(io::Error::from(io::ErrorKind::NotFound));
        let (program, arguments) = words.split_first().ok_or_else(missing)?;
        let mut command = Command::new(program);
        command.args(arguments).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        command.kill_on_drop(true);
        // A process group of its own, so that `ProcessGroup` also kills the processes that the adapter has started.
        #[cfg(unix)]
        command.process_group(0);
        isolate(&mut command, home);
        for (name, value) in environment {
            match value {
                Some(value) => command.env(name, value),
                None => command.env_remove(name),
            };
        }
        let named = |error: io::Error| {
            AdapterError::Start(io::Error::new(error.kind(), format!("{program}: {error}")))
        };
        let mut child = command.spawn().map_err(named)?;
        let (Some(input), Some(output), Some(errors)) =
            (child.stdin.take(), child.stdout.take(), child.stderr.take())
        else {
            return Err(missing());
        };
        let stderr = Arc::<Mutex<VecDeque<String>>>::default();
        let stderr_reader = Some(tokio::spawn(keep_last_lines(errors, Arc::clone(&stderr))));
        let group = ProcessGroup(child.id());
        Ok((Self { child, group, stderr, stderr_reader }, input, output))
    }

    /// Waits until the process exits.
    pub(super) async fn wait(&mut self) -> io::Result<ExitStatus> {
        self.child.wait().await
    }

    /// Waits a limited time until the process exits. Returns the error for its missing response.
    pub(super) async fn ended(&mut self) -> AdapterError {
        let Ok(status) = timeout(EXIT, self.child.wait()).await else {
            return AdapterError::Closed { stderr: self.last_lines() };
        };
        if let Some(reader) = self.stderr_reader.take() {
            // Standard error can stay open, if the adapter has started a process that is still running.
            let _ = timeout(EXIT, reader).await;
        }
        AdapterError::Ended { status: status.ok(), stderr: self.last_lines() }
    }

    /// Returns the last lines of standard error.
    pub(super) fn last_lines(&self) -> Vec<String> {
        self.stderr.lock().unwrap_or_else(PoisonError::into_inner).iter().cloned().collect()
    }

    /// Waits a limited time until the process exits, and then kills it.
    pub(super) async fn stop(mut self) {
        if timeout(EXIT, self.child.wait()).await.is_err() {
            self.group.kill();
            // An error means that the process has already exited.
            let _ = self.child.kill().await;
        }
    }
}

/// A process and the processes that it has started. They are killed when this value is dropped.
struct ProcessGroup(Option<u32>);

impl ProcessGroup {
    #[cfg(unix)]
    fn kill(&self) {
        use rustix::process::{Pid, Signal, kill_process_group};

        let id = self.0.and_then(|id| Pid::from_raw(i32::try_from(id).ok()?));
        // An error means that the processes have already exited.
        let _ = id.map(|id| kill_process_group(id, Signal::KILL));
    }

    #[cfg(not(unix))]
    fn kill(&self) {}
}

impl Drop for ProcessGroup {
    fn drop(&mut self) {
        self.kill();
    }
}

/// Removes AWS and proxy settings from the environment, and sets credentials that no server accepts. A call fails if
/// the client uses these credentials in place of the credentials of the scenario.
fn isolate(command: &mut Command, home: &Path) {
    let is_setting = |name: &str| {
        let name = name.to_ascii_uppercase();
        name.starts_with("AWS_")
            || matches!(name.as_str(), "HTTP_PROXY" | "HTTPS_PROXY" | "ALL_PROXY" | "NO_PROXY")
    };
    for (name, _) in std::env::vars_os().filter(|(name, _)| name.to_str().is_some_and(is_setting)) {
        command.env_remove(name);
    }
    command.env("HOME", home).env("USERPROFILE", home).env("AWS_EC2_METADATA_DISABLED", "true");
    // Java does not use `HOME` to find the home folder, so the paths of the files are also set.
    command.env("AWS_CONFIG_FILE", home.join("config"));
    command.env("AWS_SHARED_CREDENTIALS_FILE", home.join("credentials"));
    command.env("AWS_ACCESS_KEY_ID", "AMBIENTACCESSKEYID").env("AWS_SECRET_ACCESS_KEY", "ambient/secret/key");
}

async fn keep_last_lines(errors: impl AsyncRead + Unpin, kept: Arc<Mutex<VecDeque<String>>>) {
    let mut errors = BufReader::new(errors);
    let mut bytes = Vec::new();
    while let Ok(line @ (Line::Complete | Line::TooLong)) =
        lines::read(&mut errors, &mut bytes, STDERR_LINE).await
    {
        let mut text = String::from_utf8_lossy(&bytes).trim_end().to_owned();
        bytes.clear();
        if line == Line::TooLong {
            text.push_str(&format!(".. (only the first {STDERR_LINE} bytes of the line are kept)"));
            if lines::skip(&mut errors).await.is_err() {
                break;
            }
        }
        let mut kept = kept.lock().unwrap_or_else(PoisonError::into_inner);
        if kept.len() == STDERR_LINES {
            kept.pop_front();
        }
        kept.push_back(text);
    }
}
