//! `cargo xtask codegen`: the model to Rust, written or compared.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use invoke_model_codegen::{
    Config, Diagnostic, Drift, Files, Package, Partitions, generate, generate_client, generate_conformance,
    generate_crate, inherent_methods,
};

use crate::supplements::{applied, read, supplemented};
use crate::{Failure, root};

/// Where generated code stands in the workspace; nothing else stands there.
const TYPES: &str = "crates/types/src/generated";
const CLIENT: &str = "crates/client/src/generated";
const TESTS: &str = "tests/tests/conformance/generated";

/// What the command is asked for.
#[derive(Debug, Default, clap::Args)]
pub(crate) struct Arguments {
    /// Write nothing; fail if what is there is not what the model says.
    #[arg(long)]
    check: bool,
    /// Another model than the project's; needs `--out`.
    #[arg(long, value_name = "FILE", requires = "out")]
    model: Option<PathBuf>,
    /// Where the crate of another model's types goes: its `Cargo.toml` and `src`.
    #[arg(long, value_name = "DIR", requires = "model")]
    out: Option<PathBuf>,
    /// Only these operations; may be given several times.
    #[arg(long = "operation", value_name = "NAME")]
    operations: Vec<String>,
    /// The service, where another model has several.
    #[arg(long, value_name = "NAME", requires = "out")]
    service: Option<String>,
    /// The name of another model's crate; by default that of the service.
    #[arg(long, value_name = "NAME", requires = "out")]
    name: Option<String>,
}

/// What `--check` does for the project's own model.
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
        return bring(&files, out, arguments.check);
    }
    let types = generate(&model, &config).map_err(|found| diagnostics(&path, &found))?;
    let client = generate_client(&model, &config).map_err(|found| diagnostics(&path, &found))?;
    bring(&types, &root().join(TYPES), arguments.check)?;
    bring(&client, &root().join(CLIENT), arguments.check)?;
    if arguments.operations.is_empty() {
        bring(&own_tests(&path, &config)?, &root().join(TESTS), arguments.check)?;
    }
    Ok(())
}

/// Returns the methods of the client's `Call`, with which the setters of members must not collide.
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

/// The tests of our own protocol cases, over the types crate.
fn own_tests(path: &Path, config: &Config) -> Result<Files, Failure> {
    let (model, missing) = applied(path, "model/tests")?;
    if !missing.is_empty() {
        let missing: Vec<&str> = missing.iter().map(|id| id.as_str()).collect();
        return Err(Failure::new(format!("model/tests: the model has no {}", missing.join(", "))));
    }
    let config = Config { root: config.types_crate.clone(), ..config.clone() };
    let tests = generate_conformance(&model, &config).map_err(|found| diagnostics(path, &found))?;
    Ok(tests.files())
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

/// Everything that the generator says of a model, as one failure.
pub(crate) fn diagnostics(path: &Path, found: &[Diagnostic]) -> Failure {
    let lines: Vec<String> = found.iter().map(|one| format!("  {one}")).collect();
    Failure::new(format!("{}: {} findings\n{}", path.display(), found.len(), lines.join("\n")))
}
