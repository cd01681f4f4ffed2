//! `cargo xtask soak`: makes many calls against an endpoint with faults. Runs `tests/examples/soak.rs`.

use crate::{Failure, program};

pub(crate) fn run(calls: u64) -> Result<(), Failure> {
    let arguments = ["run", "--release", "--package", "invoke-model-tests", "--example", "soak", "--"];
    program::run(program::cargo(&arguments).arg(calls.to_string()))
}
