//! Installs and builds the published clients that `cargo xtask kit` and `cargo xtask peers` run.

pub(crate) mod installation;

mod node;
mod python;
mod toolchains;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

pub(crate) use node::Node;
pub(crate) use python::{Python, prepare};
pub(crate) use toolchains::{Toolchains, Words};

use crate::{Failure, programs};

/// The clients that are Python packages or Node packages, and the toolchains of the other clients.
#[derive(Debug)]
pub(crate) struct Clients {
    pub(crate) python: Python,
    pub(crate) node: Node,
    pub(crate) toolchains: Toolchains,
    /// Folder of all installations.
    pub(crate) directory: PathBuf,
    /// Home directory without AWS configuration.
    home: PathBuf,
}

impl Clients {
    /// Installs the Python packages and the Node packages.
    pub(crate) fn install() -> Result<Self, Failure> {
        let directory = directory()?;
        let home = directory.join("home");
        fs::create_dir_all(&home).map_err(|error| Failure::about(&home, &error))?;
        let python = Python::install(directory.join("venv"))?;
        let node = Node::install(&python, "", directory.join("node"))?;
        let toolchains = Toolchains { directory: directory.clone() };
        Ok(Self { python, node, toolchains, directory, home })
    }

    /// Prepares the environment of a command that runs a Python script or a Node script.
    pub(crate) fn prepare(&self, command: &mut Command) {
        prepare(command, &self.home);
        command.env("NODE_PATH", &self.node.modules);
    }
}

/// Writes the service model of the installed botocore to a file, and returns its path. Returns `None` if
/// botocore is not installed. [`Clients::install`] installs it.
pub(crate) fn botocore_model() -> Result<Option<PathBuf>, Failure> {
    let directory = directory()?;
    let Some(python) = Python::installed(directory.join("venv")) else { return Ok(None) };
    let mut script = Command::new(python.program("python"));
    script.arg(installation::source("service_model.py"));
    prepare(&mut script, &directory.join("home"));
    let model = crate::program::output(&mut script)?;
    let path = directory.join("service-2.json");
    fs::write(&path, model).map_err(|error| Failure::about(&path, &error))?;
    Ok(Some(path))
}

/// Installs the Python packages, which include boto3, if they are not installed yet.
pub(crate) fn python() -> Result<Python, Failure> {
    Python::install(directory()?.join("venv"))
}

fn directory() -> Result<PathBuf, Failure> {
    Ok(programs::target_directory()?.join("peers"))
}

/// Returns the path of a file of the adapter of a client.
pub(crate) fn adapter(client: &str) -> PathBuf {
    crate::root().join(Path::new("conformance/adapters")).join(client)
}
