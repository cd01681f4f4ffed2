//! `cargo xtask peers`: runs other clients and this client against the local endpoint, and compares their
//! requests and responses.
//!
//! Scripts in `tests/peers` make the comparisons. This module installs the clients, builds the programs of
//! this project, and runs the scripts.

mod installation;
mod node;
mod page;
mod programs;
mod python;
mod server;

use std::fs;
use std::path::{Path, PathBuf};

use crate::{Failure, program};
use node::Node;
use programs::Programs;
use python::Python;
use server::Server;

pub(crate) fn run() -> Result<(), Failure> {
    let peers = Peers::install(&programs::target_directory()?.join("peers"))?;
    let programs = Programs::build()?;
    peers.run("wire.py", &[&programs.peer_messages], &[])?;
    peers.run("responses.py", &[&programs.peer_messages], &[])?;
    peers.run("endpoints.py", &[&programs.peer_messages], &[])?;
    let server = Server::start(&programs.invoke_model)?;
    peers.run("calls.py", &[], server.exports())?;
    peers.run("streams.py", &[], server.exports())?;
    peers.run("messages.py", &[], server.exports())?;
    peers.run("presigned.py", &[], server.exports())?;
    peers.run("replay.py", &[&programs.invoke_model], server.exports())?;
    let place = programs::target_directory()?.join("peers/page");
    if !page::run(&peers.python, &place, &programs.invoke_model)? {
        println!(
            "not checked: the page of the local endpoint, because there is no Chromium for this machine"
        );
    }
    Ok(())
}

/// Writes the service model of the installed botocore to a file, and returns its path. Returns `None` if
/// botocore is not installed. [`run`] installs it.
pub(crate) fn botocore_model() -> Result<Option<PathBuf>, Failure> {
    let directory = programs::target_directory()?.join("peers");
    let Some(python) = Python::installed(directory.join("venv")) else { return Ok(None) };
    let model = program::output(&mut python.script("service_model.py", &directory.join("home")))?;
    let path = directory.join("service-2.json");
    fs::write(&path, model).map_err(|error| installation::about(&path, &error))?;
    Ok(Some(path))
}

/// The installed clients and their interpreters.
#[derive(Debug)]
struct Peers {
    python: Python,
    node: Node,
    /// Home directory without AWS configuration.
    home: PathBuf,
}

impl Peers {
    fn install(directory: &Path) -> Result<Self, Failure> {
        let home = directory.join("home");
        fs::create_dir_all(&home).map_err(|error| installation::about(&home, &error))?;
        let python = Python::install(directory.join("venv"))?;
        let node = Node::install(&python, directory.join("node"))?;
        Ok(Self { python, node, home })
    }

    /// Runs a script of `tests/peers`. `settings` are environment variables for the script.
    fn run(&self, script: &str, arguments: &[&Path], settings: &[(String, String)]) -> Result<(), Failure> {
        let mut command = self.python.script(script, &self.home);
        command.args(arguments).env("NODE_PATH", &self.node.modules);
        command.envs(settings.iter().map(|(name, value)| (name, value)));
        let advice =
            format!("the expected and actual values of failed checks are above; see tests/peers/{script}");
        installation::execute(&mut command, &advice)
    }
}
