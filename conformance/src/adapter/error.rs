//! Errors of adapters.

use std::io;
use std::process::ExitStatus;
use std::time::Duration;

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
    /// The adapter could not be reached again after an earlier scenario had failed.
    #[error(
        "cannot connect again to the adapter at {address}: {error}; it stopped during an earlier scenario, and must \
         accept a new connection after it has closed one"
    )]
    Reconnect {
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
    /// The adapter printed a line between a response and the next request.
    #[error(
        "the adapter printed a line after its last response, before the next request; the line is `{line}`"
    )]
    LateLine {
        /// The line.
        line: String,
    },
    /// The adapter printed a line before its description.
    #[error(
        "the adapter printed a line before its description, which must be its first line; the line is `{line}`; print \
         everything except responses to standard error"
    )]
    EarlyLine {
        /// The line.
        line: String,
    },
    /// The adapter printed a line that is too long.
    #[error("the adapter printed a line of more than {max} bytes; the line begins with `{start}`")]
    LongLine {
        /// The maximum size in bytes.
        max: usize,
        /// The start of the line.
        start: String,
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
