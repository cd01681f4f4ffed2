//! Adapters: the programs that make calls with a client. The runner and an adapter exchange JSON lines.

mod response;

use std::collections::VecDeque;
use std::io;
use std::path::Path;
use std::process::{ExitStatus, Stdio};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use serde::Deserialize;
use serde_json::{Value, json};
use tokio::io::{AsyncBufRead, AsyncBufReadExt, AsyncWrite, AsyncWriteExt, BufReader};
use tokio::net::TcpStream;
use tokio::process::{Child, Command};
use tokio::task::JoinHandle;
use tokio::time::timeout;
use tracing::debug;

use crate::scenario::Environment;

pub(crate) use response::{Description, FACTS, Report, ReportedError};

/// The maximum number of lines of standard error in an error message.
const STDERR_LINES: usize = 5;

/// The time to wait for a second line after a response. A second line is an error of the adapter.
const SECOND_LINE: Duration = Duration::from_millis(2);

/// An adapter may take this many times as long to start as to respond, because many clients load slowly.
const START: u32 = 3;

/// The time to wait until an adapter exits after its standard input was closed.
const EXIT: Duration = Duration::from_secs(2);

/// The command that starts an adapter, or the address of a running adapter.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AdapterAddress {
    /// The runner starts this command: the program and its arguments.
    Command(Vec<String>),
    /// The runner connects to a running adapter at this address, for example `127.0.0.1:4711`.
    Tcp(String),
}

impl AdapterAddress {
    /// Parses `tcp:HOST:PORT`, or a command. A command is split into words like in a shell, but is run without a shell.
    ///
    /// # Errors
    /// Returns an error if the command is empty or has an unclosed quote.
    pub fn parse(text: &str) -> Result<Self, String> {
        if let Some(address) = text.strip_prefix("tcp:") {
            return Ok(Self::Tcp(address.to_owned()));
        }
        match shlex::split(text) {
            Some(words) if !words.is_empty() => Ok(Self::Command(words)),
            Some(_) => Err("the command of the adapter is empty".to_owned()),
            None => Err(format!("the command of the adapter has an unclosed quote: {text}")),
        }
    }
}

/// A failure of an adapter, which is not a failure of the client.
#[derive(Debug, thiserror::Error)]
pub enum AdapterError {
    /// The adapter could not be started.
    #[error("cannot start the adapter: {0}")]
    Start(#[source] io::Error),
    /// The adapter could not be reached.
    #[error("cannot connect to the adapter at {address}: {error}; start it first")]
    Connect {
        /// The address.
        address: String,
        /// The error.
        #[source]
        error: io::Error,
    },
    /// The adapter exited, or closed its connection.
    #[error("the adapter ended without a response{}{}", status_text(.status), stderr_text(.stderr))]
    Ended {
        /// The exit status, if the runner started the adapter.
        status: Option<ExitStatus>,
        /// The last lines of standard error.
        stderr: Vec<String>,
    },
    /// The adapter closed its standard output, but did not exit.
    #[error("the adapter closed its output without a response{}", stderr_text(.stderr))]
    Closed {
        /// The last lines of standard error.
        stderr: Vec<String>,
    },
    /// The adapter did not respond within the time limit.
    #[error(
        "the adapter printed no response to {} within {} s; if it is slow, raise `--limit` or lower `--parallel`{}",
        exchange_text(*.is_start),
        .limit.as_secs_f32(),
        stderr_text(.stderr)
    )]
    Hung {
        /// `true` if the adapter did not describe itself, and `false` if it did not respond to a scenario.
        is_start: bool,
        /// The time limit.
        limit: Duration,
        /// The last lines of standard error.
        stderr: Vec<String>,
    },
    /// The adapter printed more than one line.
    #[error("the adapter printed two lines for one request; the second line is `{line}`")]
    SecondLine {
        /// The second line.
        line: String,
    },
    /// The adapter printed a line before it received a request.
    #[error(
        "the adapter printed a line after its last response, before the next request; the line is `{line}`"
    )]
    LateLine {
        /// The line.
        line: String,
    },
    /// The adapter printed a line that is not a JSON object, or a JSON object that is not a valid response.
    #[error("the adapter printed a line that is not a valid response: {message}; the line is `{line}`")]
    Malformed {
        /// The line.
        line: String,
        /// The error.
        message: String,
    },
}

fn exchange_text(is_start: bool) -> &'static str {
    if is_start { "the first line after its start" } else { "a call" }
}

fn status_text(status: &Option<ExitStatus>) -> String {
    status.map(|status| format!(" ({status})")).unwrap_or_default()
}

fn stderr_text(lines: &[String]) -> String {
    match lines {
        [] => String::new(),
        lines => format!("; its standard error ends with:\n{}", lines.join("\n")),
    }
}

/// A connection to a running adapter.
pub(crate) struct Adapter {
    child: Option<Child>,
    /// Kills the processes that the adapter has started, also after the adapter has exited.
    group: ProcessGroup,
    input: Option<Box<dyn AsyncWrite + Send + Sync + Unpin>>,
    output: Box<dyn AsyncBufRead + Send + Sync + Unpin>,
    /// The bytes of an incomplete line of the output.
    line: Vec<u8>,
    stderr: Arc<Mutex<VecDeque<String>>>,
    /// The task that reads standard error.
    stderr_reader: Option<JoinHandle<()>>,
    limit: Duration,
}

impl Adapter {
    /// Starts an adapter, or connects to it, and reads its description.
    pub(crate) async fn start(
        address: &AdapterAddress,
        environment: &Environment,
        home: &Path,
        limit: Duration,
    ) -> Result<(Self, Description), AdapterError> {
        let mut adapter = match address {
            AdapterAddress::Command(words) => Self::spawn(words, environment, home, limit)?,
            AdapterAddress::Tcp(address) => Self::connect(address, limit).await?,
        };
        adapter.limit = limit * START;
        let line = adapter.exchange(&json!({"kit": 1})).await?;
        adapter.limit = limit;
        Ok((adapter, parse(&line)?))
    }

    fn spawn(
        words: &[String],
        environment: &Environment,
        home: &Path,
        limit: Duration,
    ) -> Result<Self, AdapterError> {
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
        let stderr_reader = tokio::spawn(keep_last_lines(BufReader::new(errors), Arc::clone(&stderr)));
        Ok(Self {
            group: ProcessGroup(child.id()),
            child: Some(child),
            input: Some(Box::new(input)),
            output: Box::new(BufReader::new(output)),
            line: Vec::new(),
            stderr,
            stderr_reader: Some(stderr_reader),
            limit,
        })
    }

    async fn connect(address: &str, limit: Duration) -> Result<Self, AdapterError> {
        let failure = |error| AdapterError::Connect { address: address.to_owned(), error };
        let (output, input) = TcpStream::connect(address).await.map_err(failure)?.into_split();
        Ok(Self {
            child: None,
            group: ProcessGroup(None),
            input: Some(Box::new(input)),
            output: Box::new(BufReader::new(output)),
            line: Vec::new(),
            stderr: Arc::default(),
            stderr_reader: None,
            limit,
        })
    }

    /// Sends a scenario and returns the response.
    pub(crate) async fn run(&mut self, request: &Value) -> Result<Report, AdapterError> {
        let line = self.exchange(request).await?;
        let report: Report = parse(&line)?;
        if report.has_outcome() {
            return Ok(report);
        }
        let message = "it has no `output`, `events`, `error`, `cancelled` or `unsupported`".to_owned();
        Err(AdapterError::Malformed { line, message })
    }

    /// Sends a line, and returns the line of the response. Logs both lines.
    async fn exchange(&mut self, request: &Value) -> Result<String, AdapterError> {
        let scenario = request.get("scenario").and_then(Value::as_str).unwrap_or_default();
        debug!(scenario, %request, "request to the adapter");
        let response = self.exchange_lines(request).await;
        match &response {
            Ok(response) => debug!(scenario, %response, "response of the adapter"),
            Err(error) => debug!(scenario, %error, "the adapter failed"),
        }
        response
    }

    async fn exchange_lines(&mut self, request: &Value) -> Result<String, AdapterError> {
        let text = format!("{request}\n");
        let limit = self.limit;
        // A line that has arrived since the last response must not become the next response.
        if let Ok(Ok(Some(line))) = timeout(Duration::ZERO, self.read_line()).await {
            return Err(AdapterError::LateLine { line });
        }
        let exchanged = timeout(limit, async {
            let input = self.input.as_mut().ok_or(io::ErrorKind::BrokenPipe)?;
            input.write_all(text.as_bytes()).await?;
            input.flush().await?;
            self.read_line().await
        });
        match exchanged.await {
            Ok(Ok(Some(line))) => match timeout(SECOND_LINE, self.read_line()).await {
                Ok(Ok(Some(line))) => Err(AdapterError::SecondLine { line }),
                // A part of a second line must not become a part of the next response.
                Err(_) if !self.line.trim_ascii().is_empty() => {
                    Err(AdapterError::SecondLine { line: text_of(&self.line) })
                }
                _ => Ok(line),
            },
            Ok(_) => Err(self.ended().await),
            Err(_) => {
                let is_start = request.get("kit").is_some();
                Err(AdapterError::Hung { is_start, limit, stderr: self.last_lines() })
            }
        }
    }

    /// Reads a line that is not empty. Returns `None` at the end of the output. If the caller stops waiting, the next
    /// call continues the line.
    async fn read_line(&mut self) -> io::Result<Option<String>> {
        loop {
            if self.output.read_until(b'\n', &mut self.line).await? == 0 {
                return Ok(None);
            }
            let line = text_of(&std::mem::take(&mut self.line));
            if !line.is_empty() {
                return Ok(Some(line));
            }
        }
    }

    async fn ended(&mut self) -> AdapterError {
        self.input = None;
        let Some(child) = &mut self.child else {
            return AdapterError::Ended { status: None, stderr: Vec::new() };
        };
        let Ok(status) = timeout(EXIT, child.wait()).await else {
            return AdapterError::Closed { stderr: self.last_lines() };
        };
        if let Some(reader) = self.stderr_reader.take() {
            // Standard error can stay open, if the adapter has started a process that is still running.
            let _ = timeout(EXIT, reader).await;
        }
        AdapterError::Ended { status: status.ok(), stderr: self.last_lines() }
    }

    fn last_lines(&self) -> Vec<String> {
        self.stderr.lock().unwrap_or_else(PoisonError::into_inner).iter().cloned().collect()
    }

    /// Closes the input of the adapter and waits until it exits. Kills it if it does not exit.
    pub(crate) async fn stop(mut self) {
        self.input = None;
        if let Some(mut child) = self.child.take() {
            if timeout(EXIT, child.wait()).await.is_err() {
                self.group.kill();
                // An error means that the process has already exited.
                let _ = child.kill().await;
            }
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

fn text_of(line: &[u8]) -> String {
    String::from_utf8_lossy(line).trim().to_owned()
}

async fn keep_last_lines(mut errors: impl AsyncBufRead + Unpin, lines: Arc<Mutex<VecDeque<String>>>) {
    let mut bytes = Vec::new();
    while errors.read_until(b'\n', &mut bytes).await.is_ok_and(|length| length > 0) {
        let mut lines = lines.lock().unwrap_or_else(PoisonError::into_inner);
        if lines.len() == STDERR_LINES {
            lines.pop_front();
        }
        lines.push_back(String::from_utf8_lossy(&bytes).trim_end().to_owned());
        bytes.clear();
    }
}

fn parse<T: for<'a> Deserialize<'a>>(line: &str) -> Result<T, AdapterError> {
    let parsed = match line.starts_with('{') {
        true => serde_path_to_error::deserialize(&mut serde_json::Deserializer::from_str(line))
            .map_err(|error| message(&error)),
        false => Err("it is not a JSON object".to_owned()),
    };
    parsed.map_err(|message| AdapterError::Malformed { line: crate::tagged::shorten(line, 400), message })
}

/// Returns the text of an error, with the path of the member instead of the position in the line.
fn message(error: &serde_path_to_error::Error<serde_json::Error>) -> String {
    let (path, message) = (error.path().to_string(), error.inner().to_string());
    match message.rfind(" at line ") {
        Some(end) if error.inner().is_data() && path != "." => format!("{path}: {}", &message[..end]),
        _ => message,
    }
}

#[cfg(test)]
mod tests;
