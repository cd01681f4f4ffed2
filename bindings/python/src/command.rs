//! The command `invoke-model`, for `python -m invoke_model`.

use std::ffi::OsString;
use std::panic::{AssertUnwindSafe, catch_unwind};

use pyo3::prelude::*;

/// The exit code of a Rust program that panics.
const PANIC: u8 = 101;

/// Runs the command, and returns the exit code for the process. `arguments` begins with the name of the program.
///
/// Signal handlers of Python do not run until the command has ended.
#[pyfunction]
pub(crate) fn run_command(py: Python<'_>, arguments: Vec<OsString>) -> u8 {
    // The panic hook has already printed the message of a panic.
    py.detach(|| catch_unwind(AssertUnwindSafe(|| invoke_model_cli::run(arguments))).unwrap_or(PANIC))
}
