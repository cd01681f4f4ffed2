//! `cargo xtask peers`: boto3 and the AWS CLI call the local endpoint, and what boto3 does is compared with ours.
//!
//! The comparisons are Python, in `tests/peers`; this builds what they compare with, and runs them.

mod programs;
mod python;
mod server;

use std::path::Path;

use crate::Failure;
use programs::Programs;
use python::Python;
use server::Server;

pub(crate) fn run() -> Result<(), Failure> {
    let directory = programs::target_directory()?.join("peers");
    let programs = Programs::build()?;
    let python = Python::install(&directory)?;
    let ours: &[&Path] = &[&programs.peer_requests];
    python.run("wire.py", ours, &[])?;
    python.run("endpoints.py", ours, &[])?;
    let server = Server::start(&programs.invoke_model)?;
    python.run("calls.py", &[], server.exports())
}
