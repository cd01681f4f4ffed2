//! `cargo xtask peers`: runs other clients and this client against the local endpoint, and compares their
//! requests and responses.
//!
//! Scripts and programs in `tests/peers` make the comparisons. This module installs the clients, builds the
//! programs of this project, and runs the scripts and programs.

mod clients;
mod installation;
mod node;
mod page;
mod programs;
mod python;
mod toolchains;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::{Failure, program};
use node::Node;
use programs::Programs;
use python::{Python, prepare};
use toolchains::Toolchains;

/// Name and value of the environment variable that passes a bearer token to the scripts. The server accepts
/// requests with this token, and also signed requests.
const BEARER_TOKEN: (&str, &str) = ("PEERS_BEARER_TOKEN", "the-token-of-the-peers");

/// Runs all peers. Returns a line for each check that was not possible.
pub(crate) fn run() -> Result<Vec<String>, Failure> {
    let directory = programs::target_directory()?.join("peers");
    let peers = Peers::install(&directory)?;
    let programs = Programs::build()?;
    for script in ["wire.py", "responses.py", "endpoints.py"] {
        let mut command = peers.script(script);
        execute(command.arg(&programs.peer_messages), script)?;
    }
    for script in ["calls.py", "streams.py", "messages.py", "presigned.py"] {
        execute(&mut peers.serve(&programs.invoke_model, &[], script), script)?;
    }
    let mut replay = peers.serve(&programs.invoke_model, &[], "replay.py");
    execute(replay.arg(&programs.invoke_model), "replay.py")?;
    let mut unchecked = clients::run(&peers, &programs.invoke_model)?;
    if !page::run(&peers.python, &directory.join("page"), &programs.invoke_model)? {
        unchecked.push("page of the local endpoint (there is no Chromium for this machine)".to_owned());
    }
    Ok(unchecked)
}

fn execute(command: &mut Command, script: &str) -> Result<(), Failure> {
    let advice =
        format!("the expected and actual values of failed checks are above; see tests/peers/{script}");
    installation::execute(command, &advice)
}

/// Writes the service model of the installed botocore to a file, and returns its path. Returns `None` if
/// botocore is not installed. [`run`] installs it.
pub(crate) fn botocore_model() -> Result<Option<PathBuf>, Failure> {
    let directory = programs::target_directory()?.join("peers");
    let Some(python) = Python::installed(directory.join("venv")) else { return Ok(None) };
    let mut script = Command::new(python.program("python"));
    script.arg(installation::source("service_model.py"));
    prepare(&mut script, &directory.join("home"));
    let model = program::output(&mut script)?;
    let path = directory.join("service-2.json");
    fs::write(&path, model).map_err(|error| installation::about(&path, &error))?;
    Ok(Some(path))
}

/// The installed clients and their interpreters.
#[derive(Debug)]
struct Peers {
    python: Python,
    frameworks: Python,
    node: Node,
    toolchains: Toolchains,
    /// Home directory without AWS configuration.
    home: PathBuf,
}

impl Peers {
    fn install(directory: &Path) -> Result<Self, Failure> {
        let home = directory.join("home");
        fs::create_dir_all(&home).map_err(|error| installation::about(&home, &error))?;
        let python = Python::install(directory.join("venv"))?;
        let frameworks = Python::install_frameworks(directory.join("frameworks"), &python)?;
        let node = Node::install(&python, "", directory.join("node"))?;
        let toolchains = Toolchains { directory: directory.to_owned() };
        Ok(Self { python, frameworks, node, toolchains, home })
    }

    /// Returns the command that runs a script of `tests/peers`.
    fn script(&self, script: &str) -> Command {
        let mut command = Command::new(self.python.program("python"));
        command.arg(installation::source(script));
        self.prepare(&mut command);
        command
    }

    /// Returns the command that starts the local endpoint with these options, runs a script of `tests/peers`
    /// with the environment variables of the endpoint, and stops the endpoint.
    fn serve(&self, invoke_model: &Path, options: &[&str], script: &str) -> Command {
        let (name, token) = BEARER_TOKEN;
        let mut command = Command::new(invoke_model);
        command.args(["serve", "--port", "0"]);
        // With TLS, the clients would use the token instead of the credentials.
        if !options.contains(&"--tls") {
            command.args(["--bearer-token", token]);
        }
        command.arg("--guardrails");
        command.arg(installation::source("operations/guardrails.json")).args(options).arg("--");
        command.arg(self.python.program("python")).arg(installation::source(script));
        self.prepare(&mut command);
        command.env(name, token);
        command
    }

    fn prepare(&self, command: &mut Command) {
        prepare(command, &self.home);
        command.env("NODE_PATH", &self.node.modules);
    }
}
