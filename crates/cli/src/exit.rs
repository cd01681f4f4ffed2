//! Exit codes: stable, and documented in the help.

use std::process::ExitCode;

use invoke_model_client::types::OperationError;
use invoke_model_client::{Error, ErrorKind};

/// How a run ended, when not well.
#[derive(Debug)]
pub(crate) struct Failure {
    pub(crate) code: u8,
    pub(crate) message: String,
}

/// The answer could not be written.
const OUTPUT: u8 = 1;
/// A setting, a credential or the input is wrong; nothing was sent.
const INPUT: u8 = 3;
/// HTTP 4xx.
const REFUSED: u8 = 4;
/// HTTP 5xx.
const FAILED: u8 = 5;
/// No whole answer came.
const CONNECTION: u8 = 6;
/// As a shell says of a program that SIGINT has ended.
const INTERRUPTED: u8 = 130;

impl Failure {
    /// What was to be printed or written could not be.
    pub(crate) fn output(error: &std::io::Error) -> Self {
        Self { code: OUTPUT, message: format!("the answer cannot be written: {error}") }
    }

    /// Nothing was sent, because of what the caller said.
    pub(crate) fn input(error: &dyn std::error::Error) -> Self {
        Self { code: INPUT, message: error.to_string() }
    }

    /// The user has had enough of a stream.
    pub(crate) fn interrupted(received: &dyn std::fmt::Display) -> Self {
        Self { code: INTERRUPTED, message: format!("interrupted after {received}: the answer is not whole") }
    }

    /// A call that failed, by how far it came.
    pub(crate) fn call<E: OperationError>(error: &Error<E>) -> Self {
        let status = match error.kind() {
            // The status of a stream is that of its head: its error has another, or is of no model.
            ErrorKind::StreamException { error, .. } => Some(error.status().unwrap_or(500)),
            _ => error.status().map(|status| status.as_u16()),
        };
        let code = match status {
            Some(500..) => FAILED,
            Some(400..500) => REFUSED,
            _ if error.may_have_been_sent() => CONNECTION,
            _ => INPUT,
        };
        Self { code, message: error.to_string() }
    }
}

impl From<Failure> for ExitCode {
    fn from(failure: Failure) -> Self {
        Self::from(failure.code)
    }
}
