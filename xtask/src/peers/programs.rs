//! Our own programs, built as `cargo test --workspace` builds them.

use std::path::PathBuf;
use std::process::{Command, Stdio};

use serde_json::Value;

use crate::{Failure, root};

/// Where the programs are.
#[derive(Debug)]
pub(super) struct Programs {
    /// The command line tool, which serves the local endpoint.
    pub(super) invoke_model: PathBuf,
    /// `tests/examples/peer_requests.rs`.
    pub(super) peer_requests: PathBuf,
}

impl Programs {
    pub(super) fn build() -> Result<Self, Failure> {
        let targets = ["--workspace", "--bin", "invoke-model", "--example", "peer_requests"];
        let messages =
            cargo("build", &[&targets[..], &["--message-format", "json-render-diagnostics"]].concat())?;
        let artifacts = messages.lines().map(json).collect::<Result<Vec<_>, _>>()?;
        let executable = |name: &str| {
            let artifact = artifacts.iter().find(|artifact| {
                artifact.pointer("/target/name") == Some(&name.into()) && artifact["executable"].is_string()
            });
            let path = artifact.and_then(|artifact| artifact["executable"].as_str());
            path.map(PathBuf::from).ok_or_else(|| Failure::new(format!("cargo built no program `{name}`")))
        };
        Ok(Self { invoke_model: executable("invoke-model")?, peer_requests: executable("peer_requests")? })
    }
}

/// The directory that cargo builds into, which `CARGO_TARGET_DIR` and configuration files can move.
pub(super) fn target_directory() -> Result<PathBuf, Failure> {
    let metadata = json(&cargo("metadata", &["--no-deps", "--format-version", "1"])?)?;
    let directory = metadata["target_directory"].as_str();
    directory.map(PathBuf::from).ok_or_else(|| Failure::new("`cargo metadata` names no target directory"))
}

/// What the command prints on standard output; what it says on standard error, the reader sees.
fn cargo(command: &str, arguments: &[&str]) -> Result<String, Failure> {
    let output = Command::new("cargo")
        .arg(command)
        .args(arguments)
        .current_dir(root())
        .stderr(Stdio::inherit())
        .output()
        .map_err(|error| Failure::new(format!("cargo {command}: {error}")))?;
    if output.status.success() {
        return Ok(String::from_utf8_lossy(&output.stdout).into_owned());
    }
    Err(Failure::new(format!("`cargo {command} {}` failed", arguments.join(" "))))
}

fn json(text: &str) -> Result<Value, Failure> {
    serde_json::from_str(text)
        .map_err(|error| Failure::new(format!("cargo printed what is no JSON: {error}")))
}
