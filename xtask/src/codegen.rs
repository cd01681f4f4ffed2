//! `cargo xtask codegen`: the model to Rust, written or compared.

use std::fs;
use std::path::{Path, PathBuf};

use invoke_model_codegen::model::Model;
use invoke_model_codegen::{Config, Diagnostic, Drift, Files, Partitions, generate, generate_client};

use crate::{Failure, root};

/// Where generated code stands in the workspace; nothing else stands there.
const TYPES: &str = "crates/types/src/generated";
const CLIENT: &str = "crates/client/src/generated";

/// What the command is asked for.
#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    /// Write nothing; fail if what is there is not what the model says.
    #[arg(long)]
    check: bool,
    /// Another model than the project's; needs `--out`.
    #[arg(long, value_name = "FILE", requires = "out")]
    model: Option<PathBuf>,
    /// Where the types of another model go.
    #[arg(long, value_name = "DIR", requires = "model")]
    out: Option<PathBuf>,
    /// Only these operations; may be given several times.
    #[arg(long = "operation", value_name = "NAME")]
    operations: Vec<String>,
}

/// What `--check` does for the project's own model.
pub(crate) fn check() -> Result<(), Failure> {
    run(&Arguments { check: true, model: None, out: None, operations: Vec::new() })
}

pub(crate) fn run(arguments: &Arguments) -> Result<(), Failure> {
    let partitions = read(&root().join("model/partitions.json"))?;
    let partitions = Partitions::from_json(&partitions).map_err(Failure::new)?;
    let config = Config {
        operations: arguments.operations.clone(),
        partitions: Some(partitions),
        ..Config::default()
    };
    let path = arguments.model.clone().unwrap_or_else(|| root().join("model/bedrock-runtime.json"));
    let model = Model::from_json(&read(&path)?)
        .map_err(|error| Failure::new(format!("{}: {error}", path.display())))?;
    let types = generate(&model, &config).map_err(|found| diagnostics(&path, &found))?;
    if let Some(out) = &arguments.out {
        return bring(&types, out, arguments.check);
    }
    let client = generate_client(&model, &config).map_err(|found| diagnostics(&path, &found))?;
    bring(&types, &root().join(TYPES), arguments.check)?;
    bring(&client, &root().join(CLIENT), arguments.check)
}

fn bring(files: &Files, directory: &Path, check: bool) -> Result<(), Failure> {
    let about = |error| Failure::new(format!("{}: {error}", directory.display()));
    if !check {
        for drift in files.write(directory).map_err(about)? {
            let word = if matches!(drift, Drift::Stale(_)) { "removed" } else { "wrote" };
            println!("{word} {}", directory.join(drift.path()).display());
        }
        return Ok(());
    }
    let drift = files.drift(directory).map_err(about)?;
    if drift.is_empty() {
        return Ok(());
    }
    let lines: Vec<String> = drift.iter().map(|one| format!("  {one}")).collect();
    Err(Failure::new(format!(
        "{} is not what the model says; run `cargo xtask codegen`:\n{}",
        directory.display(),
        lines.join("\n")
    )))
}

fn diagnostics(path: &Path, found: &[Diagnostic]) -> Failure {
    let lines: Vec<String> = found.iter().map(|one| format!("  {one}")).collect();
    Failure::new(format!("{}: {} findings\n{}", path.display(), found.len(), lines.join("\n")))
}

fn read(path: &Path) -> Result<String, Failure> {
    fs::read_to_string(path).map_err(|error| Failure::new(format!("{}: {error}", path.display())))
}
