//! `cargo xtask codegen`: generates Rust code and Python type annotations from a model. The command writes the
//! code, or compares it with the existing files.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use invoke_model_codegen::{
    Config, Diagnostic, Drift, Files, Package, Partitions, generate, generate_client, generate_conformance,
    generate_crate, generate_python, inherent_methods,
};

use crate::supplements::{applied, read, supplemented};
use crate::{Failure, root};

/// Folder of the Python package.
const PYTHON: &str = "bindings/python/python/invoke_model";
/// Folders of the workspace that contain generated code only.
const TYPES: &str = "crates/types/src/generated";
const CLIENT: &str = "crates/client/src/generated";
const TESTS: &str = "tests/tests/conformance/generated";

/// Arguments of the command.
#[derive(Debug, Default, clap::Args)]
pub(crate) struct Arguments {
    /// Fail if the generated code is not up to date. This option does not change files.
    #[arg(long)]
    check: bool,
    /// Generate code for this model instead of `model/bedrock-runtime.json`. Requires `--out`.
    #[arg(long, value_name = "FILE", requires = "out")]
    model: Option<PathBuf>,
    /// Folder for the crate that is generated for `--model`.
    #[arg(long, value_name = "DIR", requires = "model")]
    out: Option<PathBuf>,
    /// Generate only this operation. This option can be repeated.
    #[arg(long = "operation", value_name = "NAME")]
    operations: Vec<String>,
    /// Service to generate, if the model has several services.
    #[arg(long, value_name = "NAME", requires = "out")]
    service: Option<String>,
    /// Name of the crate. Default: the name of the service with the suffix `-types`.
    #[arg(long, value_name = "NAME", requires = "out")]
    name: Option<String>,
}

/// Checks that the generated code of this project is up to date.
pub(crate) fn check() -> Result<(), Failure> {
    run(&Arguments { check: true, ..Arguments::default() })
}

pub(crate) fn run(arguments: &Arguments) -> Result<(), Failure> {
    let partitions = read(&root().join("model/partitions.json"))?;
    let partitions = Partitions::from_json(&partitions).map_err(Failure::new)?;
    let config = Config {
        service: arguments.service.clone(),
        operations: arguments.operations.clone(),
        call_methods: call_methods()?,
        partitions: Some(partitions),
        ..Config::default()
    };
    let path = arguments.model.clone().unwrap_or_else(|| root().join("model/bedrock-runtime.json"));
    let model = supplemented(&path)?;
    if let Some(out) = &arguments.out {
        let package = Package { name: arguments.name.clone(), protocol: root().join("crates/protocol") };
        let files = generate_crate(&model, &config, &package).map_err(|found| diagnostics(&path, &found))?;
        return write_or_compare(&files, out, arguments.check);
    }
    let types = generate(&model, &config).map_err(|found| diagnostics(&path, &found))?;
    let client = generate_client(&model, &config).map_err(|found| diagnostics(&path, &found))?;
    write_or_compare(&types, &root().join(TYPES), arguments.check)?;
    write_or_compare(&client, &root().join(CLIENT), arguments.check)?;
    let python = generate_python(&model, &config).map_err(|found| diagnostics(&path, &found))?;
    write_or_compare(&python, &root().join(PYTHON), arguments.check)?;
    if arguments.operations.is_empty() {
        write_or_compare(&own_tests(&path, &config)?, &root().join(TESTS), arguments.check)?;
    }
    Ok(())
}

/// Returns the names of the methods of `Call` in the client. A setter of a member must not have one of these
/// names.
fn call_methods() -> Result<BTreeSet<String>, Failure> {
    let folder = root().join("crates/client/src/call");
    let about = |error| Failure::new(format!("{}: {error}", folder.display()));
    let mut methods = BTreeSet::new();
    for entry in std::fs::read_dir(&folder).map_err(about)? {
        let path = entry.map_err(about)?.path();
        if path.extension().is_some_and(|extension| extension == "rs") {
            let found = inherent_methods(&read(&path)?, "Call");
            methods.extend(found.map_err(|error| Failure::new(format!("{}: {error}", path.display())))?);
        }
    }
    Ok(methods)
}

/// Generates Rust tests from the protocol tests in `model/tests`.
fn own_tests(path: &Path, config: &Config) -> Result<Files, Failure> {
    let (model, missing) = applied(path, "model/tests")?;
    if !missing.is_empty() {
        let missing: Vec<&str> = missing.iter().map(|id| id.as_str()).collect();
        return Err(Failure::new(format!(
            "model/tests: the model does not have these shapes: {}",
            missing.join(", ")
        )));
    }
    let config = Config { root: config.types_crate.clone(), ..config.clone() };
    let tests = generate_conformance(&model, &config).map_err(|found| diagnostics(path, &found))?;
    Ok(tests.files())
}

/// Writes files into a folder. If `check` is `true`, compares the files with the folder instead, and returns
/// an error if they differ.
fn write_or_compare(files: &Files, directory: &Path, check: bool) -> Result<(), Failure> {
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
        "{} is out of date; run `cargo xtask codegen`:\n{}",
        directory.display(),
        lines.join("\n")
    )))
}

/// Combines the diagnostics of a model into one failure.
pub(crate) fn diagnostics(path: &Path, found: &[Diagnostic]) -> Failure {
    let lines: Vec<String> = found.iter().map(|one| format!("  {one}")).collect();
    Failure::new(format!("{}: {} findings\n{}", path.display(), found.len(), lines.join("\n")))
}
