//! `cargo xtask conformance`: runs the protocol tests of a model against the generated code of the model.

mod outcome;
mod table;
mod write;

use std::path::PathBuf;
use std::process::Command;

use invoke_model_codegen::Kind;

use crate::supplements::models;
use crate::{Failure, root, step};
use outcome::Outcomes;

/// Arguments of the command.
#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    /// Smithy JSON AST files of models with protocol tests, or folders that contain such files.
    #[arg(required = true, value_name = "FILE")]
    pub(crate) files: Vec<PathBuf>,
}

/// Cases that are expected to fail: kind, id and reason. The command fails if one of these cases passes.
const SKIPPED: &[(Kind, &str, &str)] = &[
    (
        Kind::ServerRequest,
        "RestJsonOmitsEmptyListQueryValues",
        "the case expects empty lists, but a query without parameters does not distinguish an empty list from no list",
    ),
    (
        Kind::ServerRequest,
        "SDKAppliedContentEncoding_restJson1",
        "the case has no body, so a server cannot decompress it",
    ),
    (
        Kind::ServerRequest,
        "SDKAppendedGzipAfterProvidedEncoding_restJson1",
        "the case has no body, so a server cannot decompress it",
    ),
];

pub(crate) fn run(arguments: &Arguments) -> Result<(), Failure> {
    for path in &models(&arguments.files)? {
        let name = path.file_stem().map(|stem| stem.to_string_lossy().into_owned()).unwrap_or_default();
        let folder = root().join("target/conformance").join(&name);
        let cases = write::write(path, &folder)?;
        if cases.is_empty() {
            let message =
                "the model has no restJson1 test; use a model with the trait `smithy.test#httpRequestTests`";
            return Err(Failure::new(format!("{}: {message}", path.display())));
        }
        step(&format!("{} protocol tests of {}", cases.len(), path.display()));
        let outcomes = run_tests(&folder)?;
        let rows = table::rows(&cases, &outcomes, SKIPPED)?;
        print!("{}", table::print(&rows));
        table::verdict(&rows).map_err(|message| Failure::new(format!("{}: {message}", path.display())))?;
    }
    Ok(())
}

/// Compiles the crate with warnings denied, and runs its tests.
fn run_tests(folder: &std::path::Path) -> Result<Outcomes, Failure> {
    let cargo = |arguments: &[&str]| {
        Command::new("cargo")
            .args(arguments)
            .env("RUSTFLAGS", "-D warnings")
            .env("RUST_BACKTRACE", "0")
            .env("CARGO_TARGET_DIR", root().join("target/generated"))
            .current_dir(folder)
            .stderr(std::process::Stdio::inherit())
            .output()
            .map_err(|error| Failure::new(format!("cargo {}: {error}", arguments.join(" "))))
    };
    let built = cargo(&["test", "--offline", "--no-run", "--quiet"])?;
    if !built.status.success() {
        return Err(Failure::new(format!("the generated crate in {} does not compile", folder.display())));
    }
    let ran = cargo(&["test", "--offline", "--lib", "--quiet", "--", "--format", "pretty"])?;
    Ok(Outcomes::parse(&String::from_utf8_lossy(&ran.stdout)))
}
