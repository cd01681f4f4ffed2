//! Exit codes. They are stable, and documented in `--help`.

use std::fmt::{self, Display};
use std::io;
use std::process::ExitCode;

use invoke_model_client::{Error, ErrorKind, TransportErrorKind};

/// The reason why the command failed, and the exit code of the command.
#[derive(Debug)]
pub(crate) struct Failure {
    code: u8,
    message: String,
}

/// The output could not be written.
const OUTPUT: u8 = 1;
/// A setting, the credentials or the input is missing or invalid. No request was sent.
const INPUT: u8 = 3;
/// The service rejected the call: HTTP 4xx, or a redirect.
const REJECTED: u8 = 4;
/// The service failed: HTTP 5xx.
const SERVER_ERROR: u8 = 5;
/// The client received no complete response.
const CONNECTION: u8 = 6;
/// The user interrupted the stream. The code is 128 plus the signal number of SIGINT (2). A shell reports the
/// same code for a program that SIGINT terminates.
const INTERRUPTED: u8 = 130;
/// The reader of the output has closed the pipe. The code is 128 plus the signal number of SIGPIPE (13). A
/// shell reports the same code for most programs in this case.
const CLOSED_PIPE: u8 = 141;

impl Failure {
    /// Returns the failure of a write to standard output or to OUTFILE. A closed pipe has no message, because
    /// the reader does not need more output, as in `invoke-model .. | head`.
    pub(crate) fn output(error: &io::Error) -> Self {
        if error.kind() == io::ErrorKind::BrokenPipe {
            return Self::status(CLOSED_PIPE);
        }
        Self { code: OUTPUT, message: format!("cannot write the output: {error}") }
    }

    /// Returns the failure of a command that sent no request.
    pub(crate) fn input(error: &dyn std::error::Error) -> Self {
        Self { code: INPUT, message: error.to_string() }
    }

    /// Returns the failure of a stream that the user interrupted.
    pub(crate) fn interrupted(received: &dyn Display) -> Self {
        Self {
            code: INTERRUPTED,
            message: format!("interrupted after {received}: the response is incomplete"),
        }
    }

    /// Returns the failure of a command that received no complete or usable response.
    pub(crate) fn incomplete(error: &dyn std::error::Error) -> Self {
        Self { code: CONNECTION, message: error.to_string() }
    }

    /// Returns a failure without a message, for example the failure of another command.
    pub(crate) fn status(code: u8) -> Self {
        Self { code, message: String::new() }
    }

    /// Returns the failure of a call.
    pub(crate) fn call(error: impl Into<Error>) -> Self {
        let error = error.into();
        let status = match error.kind() {
            // The HTTP status of a stream is 200 even if the stream contains an error. Therefore use the
            // status that the model defines for the error. An error that the model does not define has no
            // status, and counts as 500.
            ErrorKind::StreamException { error, .. } => Some(error.status().unwrap_or(500)),
            _ => error.status().map(|status| status.as_u16()),
        };
        let code = match (status, error.kind()) {
            (Some(500..), _) => SERVER_ERROR,
            (Some(400..500), _) | (_, ErrorKind::Service { .. }) => REJECTED,
            (_, ErrorKind::Transport(error)) if is_input(error.kind()) => INPUT,
            (_, ErrorKind::Transport(_)) => CONNECTION,
            _ if error.may_have_been_sent() => CONNECTION,
            _ => INPUT,
        };
        // Use the alternate format (`#`), because it keeps the line feeds of a message.
        let message = format!("{error:#}").replace("`TimeoutConfig::operation`", "`--timeout`");
        Self { code, message }
    }

    /// Adds advice to the message.
    pub(crate) fn with_advice(self, advice: &str) -> Self {
        Self { message: format!("{}; {advice}", self.message), ..self }
    }

    /// Adds the place of the failure, such as a flag or a line of the input, before the message.
    pub(crate) fn at(self, place: &dyn Display) -> Self {
        Self { message: format!("{place}: {}", self.message), ..self }
    }

    /// Returns the failure without its message. The caller has already printed the message.
    pub(crate) fn without_message(self) -> Self {
        Self::status(self.code)
    }

    /// Returns `true` if the failure has a message.
    pub(crate) fn has_message(&self) -> bool {
        !self.message.is_empty()
    }

    /// Returns `true` if the service has received the input and responded with an error.
    pub(crate) fn is_response(&self) -> bool {
        matches!(self.code, REJECTED | SERVER_ERROR)
    }
}

/// Returns `true` if the request, and not the connection, caused the failure.
fn is_input(kind: TransportErrorKind) -> bool {
    matches!(kind, TransportErrorKind::InvalidRequest | TransportErrorKind::RequestBody)
}

impl Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl From<Failure> for ExitCode {
    fn from(failure: Failure) -> Self {
        Self::from(failure.code)
    }
}
