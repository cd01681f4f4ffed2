//! Converts each Rust block of the README to a crate. The crate has the dependencies that the README lists
//! above the block.

use std::path::Path;

use toml::{Table, Value};

use super::blocks::Block;

/// A program of the README, and the `[dependencies]` that a reader pastes with it.
#[derive(Debug, PartialEq)]
pub(super) struct Program {
    /// Content of `src/main.rs`.
    pub(super) source: String,
    /// Content of `Cargo.toml`.
    pub(super) manifest: String,
    /// Line number of the first line of the program in the page.
    pub(super) line: usize,
    /// `true` if the block is not marked `no_run`.
    pub(super) runs: bool,
}

/// Returns the programs of a page. Each program has the dependencies of the last `[dependencies]` block above
/// it.
///
/// # Errors
/// Returns an error if a `rust` block is not a complete program, or if no block above it lists dependencies.
pub(super) fn programs(blocks: &[Block], workspace: &Path) -> Result<Vec<Program>, String> {
    let mut programs = Vec::new();
    let mut dependencies = None;
    for block in blocks {
        match block.language.as_str() {
            "toml" if block.text.contains("[dependencies]") => {
                dependencies =
                    Some(local_dependencies(&block.text, workspace).map_err(|error| at(block, &error))?);
            }
            "rust" => {
                check(block)?;
                let dependencies = dependencies.as_ref();
                let dependencies = dependencies
                    .ok_or_else(|| at(block, "it needs a `toml` block with `[dependencies]` above it"))?;
                programs.push(Program {
                    source: block.text.clone(),
                    manifest: manifest(block.line, dependencies),
                    line: block.line,
                    runs: !block.attributes.iter().any(|word| word == "no_run"),
                });
            }
            _ => {}
        }
    }
    Ok(programs)
}

/// Returns the crate name of the program that starts at this line of the page.
pub(super) fn name(line: usize) -> String {
    format!("readme-line-{line}")
}

/// Checks that a reader can paste a block without changes.
fn check(block: &Block) -> Result<(), String> {
    if let Some(index) = block.text.lines().position(|line| line == "#" || line.starts_with("# ")) {
        let message = format!("line {} is hidden from readers; show it, or remove it", block.line + index);
        return Err(at(block, &message));
    }
    if !block.text.contains("fn main()") {
        return Err(at(block, "the program is not complete; add `fn main()`"));
    }
    Ok(())
}

/// Returns the dependencies of a manifest. Replaces the sources of crates of this workspace by local paths.
fn local_dependencies(text: &str, workspace: &Path) -> Result<Table, String> {
    let manifest: Table = toml::from_str(text).map_err(|error| error.to_string())?;
    let dependencies = manifest.get("dependencies").and_then(Value::as_table);
    let mut dependencies = dependencies.ok_or("`dependencies` is not a table")?.clone();
    for (name, dependency) in &mut dependencies {
        let Some(folder) = name.strip_prefix("invoke-model-") else { continue };
        let mut table = dependency.as_table().cloned().unwrap_or_default();
        for origin in ["branch", "git", "path", "rev", "tag", "version"] {
            table.remove(origin);
        }
        let path = workspace.join("crates").join(folder);
        table.insert("path".to_owned(), Value::String(path.to_string_lossy().into_owned()));
        *dependency = Value::Table(table);
    }
    Ok(dependencies)
}

fn manifest(line: usize, dependencies: &Table) -> String {
    let package = Table::from_iter([
        ("name".to_owned(), Value::String(name(line))),
        ("version".to_owned(), Value::String("0.0.0".to_owned())),
        ("edition".to_owned(), Value::String("2024".to_owned())),
        ("publish".to_owned(), Value::Boolean(false)),
    ]);
    let warnings = Table::from_iter([("warnings".to_owned(), Value::String("deny".to_owned()))]);
    let lints = Table::from_iter([("rust".to_owned(), Value::Table(warnings))]);
    let manifest = Table::from_iter([
        ("package".to_owned(), Value::Table(package)),
        ("dependencies".to_owned(), Value::Table(dependencies.clone())),
        ("lints".to_owned(), Value::Table(lints)),
    ]);
    toml::to_string(&manifest).unwrap_or_default()
}

fn at(block: &Block, message: &str) -> String {
    format!("the `{}` block at line {}: {message}", block.language, block.line)
}
