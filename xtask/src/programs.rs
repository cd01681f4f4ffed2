//! Builds the programs of this project with the same features as `cargo test --workspace`.

use std::path::PathBuf;

use serde_json::Value;

use crate::{Failure, program};

/// Paths of the programs.
#[derive(Debug)]
pub(crate) struct Programs {
    /// The command line tool. It can also run the local endpoint.
    pub(crate) invoke_model: PathBuf,
    /// `tests/examples/peer_messages.rs`.
    pub(crate) peer_messages: PathBuf,
    /// The adapter of our client in the conformance kit.
    pub(crate) adapter_rust: PathBuf,
    /// `conformance/examples/kit.rs`.
    pub(crate) kit: PathBuf,
}

impl Programs {
    pub(crate) fn build() -> Result<Self, Failure> {
        let targets = [
            "--workspace",
            "--bin=invoke-model",
            "--bin=adapter-rust",
            "--example=peer_messages",
            "--example=kit",
        ];
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
        Ok(Self {
            invoke_model: executable("invoke-model")?,
            peer_messages: executable("peer_messages")?,
            adapter_rust: executable("adapter-rust")?,
            kit: executable("kit")?,
        })
    }
}

/// Returns the target directory of cargo. `CARGO_TARGET_DIR` and configuration files can change this
/// directory.
pub(crate) fn target_directory() -> Result<PathBuf, Failure> {
    let metadata = json(&cargo("metadata", &["--no-deps", "--format-version", "1"])?)?;
    let directory = metadata["target_directory"].as_str();
    directory
        .map(PathBuf::from)
        .ok_or_else(|| Failure::new("the output of `cargo metadata` contains no `target_directory`"))
}

fn cargo(command: &str, arguments: &[&str]) -> Result<String, Failure> {
    program::output(program::cargo(&[command]).args(arguments))
}

fn json(text: &str) -> Result<Value, Failure> {
    serde_json::from_str(text)
        .map_err(|error| Failure::new(format!("cannot parse the output of cargo: {error}")))
}
