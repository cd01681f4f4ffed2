//! Exit codes. They are stable, and documented in `--help`.

use std::fmt::{self, Display};
use std::io;

use invoke_model_client::{Bytes, CredentialsError, Error, ErrorKind, TransportError, TransportErrorKind};

use crate::output::{print_error, print_output};
use crate::words;

/// The reason why the command failed, and the exit code of the command.
#[derive(Debug)]
pub(crate) struct Failure {
    code: u8,
    message: String,
    /// A response of the service that the command cannot read.
    response: Bytes,
}

/// The command has done its work.
pub(crate) const SUCCESS: u8 = 0;
/// The output could not be written.
pub(crate) const OUTPUT: u8 = 1;
/// The command line is invalid. clap ends the command with the same code.
pub(crate) const USAGE: u8 = 2;
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
    pub(crate) fn new(code: u8, message: impl Display) -> Self {
        Self { code, message: words::of_command(&message.to_string()), response: Bytes::new() }
    }

    /// Returns the failure of a write to standard output. A closed pipe has no message, because the reader
    /// does not need more output, as in `invoke-model .. | head`.
    pub(crate) fn output(error: io::Error) -> Self {
        match error.kind() {
            io::ErrorKind::BrokenPipe => Self::status(CLOSED_PIPE),
            _ => Self::outfile(error),
        }
    }

    /// Returns the failure of a write to OUTFILE. In contrast to standard output, a closed pipe is an error,
    /// because the response is lost.
    pub(crate) fn outfile(error: io::Error) -> Self {
        Self::new(OUTPUT, format_args!("cannot write the output: {error}"))
    }

    /// Returns the failure of a combination of arguments that clap cannot check.
    pub(crate) fn usage(problem: &str) -> Self {
        Self::new(USAGE, problem)
    }

    /// Returns the failure of a command that sent no request.
    pub(crate) fn input(error: impl Display) -> Self {
        Self::new(INPUT, error)
    }

    /// Returns the failure of a stream that the user interrupted.
    pub(crate) fn interrupted(received: &dyn Display) -> Self {
        Self::new(INTERRUPTED, format_args!("interrupted after {received}: the response is incomplete"))
    }

    /// Returns the failure of a command that received no complete or usable response.
    pub(crate) fn incomplete(error: impl Display) -> Self {
        Self::new(CONNECTION, error)
    }

    /// Returns a failure without a message, for example the failure of another command.
    pub(crate) fn status(code: u8) -> Self {
        Self::new(code, "")
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
            (_, ErrorKind::Transport(error)) if is_input(error) => INPUT,
            (_, ErrorKind::Transport(_)) => CONNECTION,
            (_, ErrorKind::Credentials(error)) if has_no_response(error) => CONNECTION,
            _ if error.may_have_been_sent() => CONNECTION,
            _ => INPUT,
        };
        let response = match error.kind() {
            ErrorKind::Parse { response, .. } => response.body().clone(),
            ErrorKind::ParseEvent { message, .. } => message.payload().clone(),
            ErrorKind::Truncated(error) => {
                error.response.as_ref().map(|response| response.body().clone()).unwrap_or_default()
            }
            _ => Bytes::new(),
        };
        // Use the alternate format (`#`), because it keeps the line feeds of a message.
        Self::new(code, format_args!("{error:#}")).with_response(response)
    }

    /// Adds a response that the command cannot read.
    pub(crate) fn with_response(self, response: Bytes) -> Self {
        Self { response, ..self }
    }

    /// Adds advice to the message.
    pub(crate) fn with_advice(self, advice: &str) -> Self {
        Self { message: format!("{}; {advice}", self.message), ..self }
    }

    /// Adds the place of the failure, such as a flag or a line of the input, before the message.
    pub(crate) fn at(self, place: &dyn Display) -> Self {
        Self { message: format!("{place}: {}", self.message), ..self }
    }

    /// Prints the message. Prints a response that the command cannot read to standard output, because the
    /// service also bills such a response. Returns the failure without what was printed.
    pub(crate) fn print(self) -> Self {
        if self.has_message() {
            print_error(&format_args!("error: {self}"));
        }
        if !self.response.is_empty() {
            // The exit code already states a failure.
            let _ = print_output(&[&self.response, &b"\n"[..]].concat());
        }
        Self::status(self.code)
    }

    pub(crate) fn code(&self) -> u8 {
        self.code
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

/// Returns `true` if the request or a setting, and not the connection, caused the failure.
fn is_input(error: &TransportError) -> bool {
    use TransportErrorKind::{InvalidRequest, RequestBody};
    matches!(error.kind(), InvalidRequest | RequestBody) || names_certificates_file(&error.to_string())
}

/// Returns `true` if the text is the error of a file of root certificates that is missing or invalid. The client
/// reads this file when it opens the first connection.
fn names_certificates_file(error: &str) -> bool {
    error.contains("the root certificates file ")
}

/// Returns `true` if the settings select a source of credentials, but the client received no complete response
/// from it.
///
/// The error of the default chain contains the error of the transport only as text, in parentheses. If no source
/// is configured, the chain also tries the instance metadata, but then the credentials are missing, and not the
/// connection.
fn has_no_response(error: &CredentialsError) -> bool {
    use TransportErrorKind::{
        BodyIncomplete, Connect, ConnectTimeout, Proxy, Refused, Resolve, ResponseHead, ResponseTimeout,
        Send, Tls,
    };
    let text = error.to_string();
    let kinds = [
        BodyIncomplete,
        Connect,
        ConnectTimeout,
        Proxy,
        Refused,
        Resolve,
        ResponseHead,
        ResponseTimeout,
        Send,
        Tls,
    ];
    let mut problems = kinds.map(|kind| TransportError::from(kind).to_string()).into_iter();
    let is_incomplete = text.contains("(no response within ")
        || problems.any(|problem| text.contains(&format!("({problem}")));
    let has_source = !text.contains("configure one of these") && !names_certificates_file(&text);
    matches!(error, CredentialsError::TimedOut { .. }) || (is_incomplete && has_source)
}

impl Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

#[cfg(test)]
mod tests {
    use std::io;
    use std::sync::Arc;

    use super::*;

    #[test]
    fn incomplete_responses_of_credentials_sources() {
        let check = |text: &str, expected: bool| {
            let error = CredentialsError::Provider(Arc::new(io::Error::other(text.to_owned())));
            assert_eq!(has_no_response(&error), expected, "{text}");
        };
        check("SSO: failed (cannot connect (127.0.0.1:1): refused); retry", true);
        check("SSO: failed (connection lost before the response (127.0.0.1:1)); retry", true);
        check("container: failed (no response within 2s); check the agent", true);
        check("container: failed (response body incomplete: 1 of 2 bytes); check the agent", true);
        check("web identity: AccessDenied: cannot connect to you; check the role", false);
        check("web identity: STS request failed (HTTP 503); check the role", false);
        check("instance metadata: failed (cannot connect (a)); configure one of these", false);
        check("SSO: failed (cannot establish a TLS connection: the root certificates file a is bad)", false);
    }
}
