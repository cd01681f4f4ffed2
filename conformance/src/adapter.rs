//! Adapters: the programs that make calls with a client. The runner and an adapter exchange JSON lines.

mod error;
mod lines;
mod process;
mod response;

use std::future::pending;
use std::mem;
use std::path::Path;
use std::time::Duration;

use serde::Deserialize;
use serde_json::{Value, json};
use tokio::io::{AsyncBufRead, AsyncRead, AsyncWrite, AsyncWriteExt, BufReader};
use tokio::net::TcpStream;
use tokio::time::timeout;
use tracing::debug;

use self::lines::{Line, MAX_LINE};
use self::process::Process;
use crate::scenario::Environment;
use crate::tagged::shorten;

pub use error::AdapterError;
pub(crate) use response::{CLASSES, Description, FACTS, Report, ReportedError, check_name};

/// The time to wait for a second line after a response. A second line is an error of the adapter.
const SECOND_LINE: Duration = Duration::from_millis(2);

/// An adapter may take this many times as long to start as to respond, because many clients load slowly.
const START: u32 = 3;

/// The time to wait for a response that an adapter has printed before it exited.
const LAST_LINE: Duration = Duration::from_millis(100);

/// The maximum number of characters of a line in an error message.
const SHOWN: usize = 400;

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

/// A connection to a running adapter.
pub(crate) struct Adapter {
    /// The process, if the runner started the adapter.
    process: Option<Process>,
    input: Option<Box<dyn AsyncWrite + Send + Sync + Unpin>>,
    output: Box<dyn AsyncBufRead + Send + Sync + Unpin>,
    /// The bytes of an incomplete line of the output.
    line: Vec<u8>,
    max_line: usize,
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
            AdapterAddress::Command(words) => {
                let (process, input, output) = Process::spawn(words, environment, home)?;
                Self { process: Some(process), ..Self::new(input, output, limit * START) }
            }
            AdapterAddress::Tcp(address) => {
                let failure = |error| AdapterError::Connect { address: address.clone(), error };
                let (output, input) = TcpStream::connect(address).await.map_err(failure)?.into_split();
                Self::new(input, output, limit * START)
            }
        };
        let description = adapter.describe().await?;
        adapter.limit = limit;
        Ok((adapter, description))
    }

    /// Creates a connection to an adapter that reads requests from `input` and writes responses to `output`.
    fn new(
        input: impl AsyncWrite + Send + Sync + Unpin + 'static,
        output: impl AsyncRead + Send + Sync + Unpin + 'static,
        limit: Duration,
    ) -> Self {
        let output = Box::new(BufReader::new(output));
        Self {
            process: None,
            input: Some(Box::new(input)),
            output,
            line: Vec::new(),
            max_line: MAX_LINE,
            limit,
        }
    }

    /// Sends the first line, and returns the description of the adapter.
    async fn describe(&mut self) -> Result<Description, AdapterError> {
        let line = self.exchange(&json!({"kit": 1})).await?;
        match line.starts_with('{') {
            true => parse(&line),
            false => Err(AdapterError::EarlyLine { line: shorten(&line, SHOWN) }),
        }
    }

    /// Sends a scenario and returns the response.
    pub(crate) async fn run(&mut self, request: &Value) -> Result<Report, AdapterError> {
        let line = self.exchange(request).await?;
        let report: Report = parse(&line)?;
        if report.has_outcome() {
            return Ok(report);
        }
        let message = "it has no `output`, `events`, `error`, `cancelled` or `unsupported`".to_owned();
        Err(AdapterError::Malformed { line: shorten(&line, SHOWN), message })
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
        let is_start = request.get("kit").is_some();
        // A line that has arrived since the last response must not become the next response.
        if let Ok(Some(line)) = timeout(Duration::ZERO, self.read_line()).await.unwrap_or(Ok(None)) {
            let line = shorten(&line, SHOWN);
            return Err(match is_start {
                true => AdapterError::EarlyLine { line },
                false => AdapterError::LateLine { line },
            });
        }
        let text = format!("{request}\n");
        let Ok(line) = timeout(self.limit, self.send_and_read(&text)).await else {
            return Err(AdapterError::Hung { is_start, limit: self.limit, stderr: self.last_lines() });
        };
        let Some(line) = line? else { return Err(self.ended().await) };
        let second = match timeout(SECOND_LINE, self.read_line()).await {
            Ok(second) => second?,
            // A part of a second line must not become a part of the next response.
            Err(_) => Some(text_of(&self.line)).filter(|part| !part.is_empty()),
        };
        match second {
            None => Ok(line),
            Some(_) if is_start && parse::<Description>(&line).is_err() => {
                Err(AdapterError::EarlyLine { line: shorten(&line, SHOWN) })
            }
            Some(line) => Err(AdapterError::SecondLine { line: shorten(&line, SHOWN) }),
        }
    }

    /// Sends a line and reads the next line. Returns `None` if the adapter exits or closes its output.
    async fn send_and_read(&mut self, text: &str) -> Result<Option<String>, AdapterError> {
        let Self { process, input, output, line, max_line, .. } = self;
        let exchange = async {
            let Some(input) = input else { return Ok(None) };
            let sent = async {
                input.write_all(text.as_bytes()).await?;
                input.flush().await
            };
            match sent.await {
                Ok(()) => read_line(output, line, *max_line).await,
                Err(_) => Ok(None),
            }
        };
        let exit = async {
            match process {
                Some(process) => drop(process.wait().await),
                None => pending().await,
            }
        };
        tokio::select! {
            biased;
            line = exchange => return line,
            () = exit => {}
        }
        // Another process can hold the output open, so the end of the output does not show that the adapter has exited.
        timeout(LAST_LINE, self.read_line()).await.unwrap_or(Ok(None))
    }

    async fn read_line(&mut self) -> Result<Option<String>, AdapterError> {
        read_line(&mut self.output, &mut self.line, self.max_line).await
    }

    async fn ended(&mut self) -> AdapterError {
        self.input = None;
        match &mut self.process {
            Some(process) => process.ended().await,
            None => AdapterError::Ended { status: None, stderr: Vec::new() },
        }
    }

    fn last_lines(&self) -> Vec<String> {
        self.process.as_ref().map(Process::last_lines).unwrap_or_default()
    }

    /// Closes the input of the adapter and waits until it exits. Kills it if it does not exit.
    pub(crate) async fn stop(mut self) {
        self.input = None;
        if let Some(process) = self.process.take() {
            process.stop().await;
        }
    }
}

/// Reads a line that is not empty. Returns `None` at the end of the output. If the caller stops waiting, the next call
/// continues the line.
async fn read_line(
    output: &mut (impl AsyncBufRead + Unpin),
    line: &mut Vec<u8>,
    max: usize,
) -> Result<Option<String>, AdapterError> {
    loop {
        match lines::read(output, line, max).await {
            Ok(Line::TooLong) => {
                let start = shorten(&text_of(&line[..line.len().min(4 * SHOWN)]), SHOWN);
                return Err(AdapterError::LongLine { max, start });
            }
            Ok(Line::End) | Err(_) => return Ok(None),
            Ok(Line::Complete) => {}
        }
        let text = text_of(&mem::take(line));
        if !text.is_empty() {
            return Ok(Some(text));
        }
    }
}

fn text_of(line: &[u8]) -> String {
    String::from_utf8_lossy(line).trim().to_owned()
}

fn parse<T: for<'a> Deserialize<'a>>(line: &str) -> Result<T, AdapterError> {
    let parsed = match line.starts_with('{') {
        true => serde_path_to_error::deserialize(&mut serde_json::Deserializer::from_str(line))
            .map_err(|error| message(&error)),
        false => Err("it is not a JSON object".to_owned()),
    };
    parsed.map_err(|message| AdapterError::Malformed { line: shorten(line, SHOWN), message })
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
