//! `cargo xtask models`: for each model a crate, compiled with warnings denied.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use invoke_model_codegen::{Config, Package, Partitions, generate_crate};

use crate::supplements::{models, read, supplemented};
use crate::{Failure, codegen, program, root, step};

/// What the command is asked for.
#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    /// Models as Smithy JSON AST; of a folder, those in it.
    #[arg(required = true, value_name = "FILE")]
    files: Vec<PathBuf>,
}

impl Arguments {
    /// Asks for these files.
    pub(crate) fn of(files: impl Into<Vec<PathBuf>>) -> Self {
        Self { files: files.into() }
    }
}

/// Where the crates stand, one workspace for all of them.
const CRATES: &str = "target/models";

pub(crate) fn run(arguments: &Arguments) -> Result<(), Failure> {
    let files = models(&arguments.files)?;
    let partitions =
        Partitions::from_json(&read(&root().join("model/partitions.json"))?).map_err(Failure::new)?;
    let config = Config { partitions: Some(partitions), ..Config::default() };
    let workspace = root().join(CRATES);
    let mut names = Vec::new();
    for path in &files {
        let name = path.file_stem().map(|stem| stem.to_string_lossy().into_owned()).unwrap_or_default();
        let package =
            Package { name: Some(format!("{name}-types")), protocol: root().join("crates/protocol") };
        let files = generate_crate(&supplemented(path)?, &config, &package)
            .map_err(|found| codegen::diagnostics(path, &found))?;
        let lines: usize = files.iter().map(|(_, text)| text.lines().count()).sum();
        println!("{name}: {} files, {lines} lines", files.iter().count());
        let folder = workspace.join(&name);
        files.write(&folder).map_err(|error| Failure::new(format!("{}: {error}", folder.display())))?;
        names.push(name);
    }
    let manifest = format!("[workspace]\nresolver = \"3\"\nmembers = {names:?}\n");
    put(&workspace.join("Cargo.toml"), &manifest)?;
    // The same versions as in this workspace, and no access to the registry.
    program::fetch()?;
    put(&workspace.join("Cargo.lock"), &read(&root().join("Cargo.lock"))?)?;
    for features in ["--no-default-features", "--all-features"] {
        step(&format!("cargo check {features}"));
        let status = Command::new("cargo")
            .args(["check", "--offline", "--workspace", features])
            .env("RUSTFLAGS", "-D warnings")
            .env("CARGO_TARGET_DIR", root().join("target/generated"))
            .current_dir(&workspace)
            .status()
            .map_err(|error| Failure::new(format!("cargo check: {error}")))?;
        if !status.success() {
            return Err(Failure::new(format!("a crate in {CRATES} does not compile with {features}")));
        }
    }
    println!("{} models compile with warnings denied", names.len());
    Ok(())
}

fn put(path: &Path, text: &str) -> Result<(), Failure> {
    fs::write(path, text).map_err(|error| Failure::new(format!("{}: {error}", path.display())))
}
