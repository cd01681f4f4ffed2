//! `cargo xtask soak`: very many calls against an endpoint that breaks. What is done stands in `tests/examples/soak.rs`.

use std::process::Command;

use crate::{Failure, root};

pub(crate) fn run(calls: u64) -> Result<(), Failure> {
    let arguments = ["run", "--release", "--package", "invoke-model-tests", "--example", "soak", "--"];
    let status = Command::new("cargo").args(arguments).arg(calls.to_string()).current_dir(root()).status();
    let status = status.map_err(|error| Failure::new(format!("cargo run: {error}")))?;
    if status.success() { Ok(()) } else { Err(Failure::new("the soak has found what it looks for")) }
}
