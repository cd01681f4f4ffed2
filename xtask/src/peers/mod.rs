//! `cargo xtask peers`: compares this client with other clients, and runs frameworks against the local endpoint.
//!
//! Scripts and programs in `tests/peers` make the comparisons. This module builds the programs of this project,
//! and runs the scripts and programs.

mod frameworks;
mod page;

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::Failure;
use crate::clients::{Clients, Python, installation};
use crate::programs::Programs;
use crate::python;

/// Runs all peers. Returns a line for each check that was not possible.
pub(crate) fn run() -> Result<Vec<String>, Failure> {
    let peers = Peers::install()?;
    let programs = Programs::build()?;
    for script in ["wire.py", "responses.py", "endpoints.py"] {
        let mut command = peers.script(script);
        execute(command.arg(&programs.peer_messages), script)?;
    }
    execute(&mut peers.serve(&programs.invoke_model, "messages.py"), "messages.py")?;
    let mut replay = peers.serve(&programs.invoke_model, "replay.py");
    execute(replay.arg(&programs.invoke_model), "replay.py")?;
    let mut unchecked = Vec::new();
    let package = python::installed_package()?;
    if package.is_none() {
        unchecked.push("frameworks with accelerated clients (run `cargo xtask python` first)".to_owned());
    }
    frameworks::run(&peers, &programs.invoke_model, package.as_deref())?;
    let place = peers.clients.directory.join("page");
    if !page::run(&peers.clients.python, &place, &programs.invoke_model)? {
        unchecked.push("page of the local endpoint (there is no Chromium for this machine)".to_owned());
    }
    Ok(unchecked)
}

fn execute(command: &mut Command, script: &str) -> Result<(), Failure> {
    let advice =
        format!("the expected and actual values of failed checks are above; see tests/peers/{script}");
    installation::execute(command, &advice)
}

/// The installed clients and frameworks.
#[derive(Debug)]
struct Peers {
    clients: Clients,
    frameworks: Python,
    /// Folder with the source distributions of frameworks.
    sources: PathBuf,
}

impl Peers {
    fn install() -> Result<Self, Failure> {
        let clients = Clients::install()?;
        let place = clients.directory.join("frameworks");
        let frameworks = Python::install_frameworks(place, &clients.python)?;
        let sources = clients.directory.join("sources");
        clients.python.download_sources(&sources)?;
        Ok(Self { clients, frameworks, sources })
    }

    /// Returns the command that runs a script of `tests/peers`.
    fn script(&self, script: &str) -> Command {
        let mut command = Command::new(self.clients.python.program("python"));
        command.arg(installation::source(script));
        self.clients.prepare(&mut command);
        command
    }

    /// Returns the command that starts the local endpoint, runs a script of `tests/peers` with the environment
    /// variables of the endpoint, and stops the endpoint.
    fn serve(&self, invoke_model: &Path, script: &str) -> Command {
        let mut command = Command::new(invoke_model);
        command.args(["serve", "--port", "0", "--"]);
        command.arg(self.clients.python.program("python")).arg(installation::source(script));
        self.clients.prepare(&mut command);
        command
    }
}
