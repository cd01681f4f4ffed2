//! `cargo xtask models`: generates a crate from each model, and compiles it with warnings denied.

use std::fs;
use std::path::{Path, PathBuf};

use invoke_model_codegen::{Config, Package, Partitions, generate_crate};

use crate::supplements::{models, read, supplemented};
use crate::{Failure, codegen, program, root, step};

/// Arguments of the command.
#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    /// Models as Smithy JSON AST, or folders that contain such models.
    #[arg(required = true, value_name = "FILE")]
    files: Vec<PathBuf>,
}

impl Arguments {
    /// Returns the arguments for these files.
    pub(crate) fn of(files: impl Into<Vec<PathBuf>>) -> Self {
        Self { files: files.into() }
    }
}

/// Folder of the generated crates. The crates form one workspace.
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
    // The lock file selects the same versions as this workspace, so cargo does not need access to the
    // registry.
    program::fetch()?;
    put(&workspace.join("Cargo.lock"), &read(&root().join("Cargo.lock"))?)?;
    for features in ["--no-default-features", "--all-features"] {
        step(&format!("cargo check {features}"));
        let mut check = program::cargo(&["check", "--offline", "--workspace", features]);
        check.env("RUSTFLAGS", "-D warnings").env("CARGO_TARGET_DIR", root().join("target/generated"));
        program::run(check.current_dir(&workspace))?;
    }
    println!("{} models compile with warnings denied", names.len());
    Ok(())
}

fn put(path: &Path, text: &str) -> Result<(), Failure> {
    fs::write(path, text).map_err(|error| Failure::new(format!("{}: {error}", path.display())))
}
