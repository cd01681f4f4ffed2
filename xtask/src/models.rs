//! `cargo xtask models`: generates a crate from each model, and compiles it with warnings denied. If the
//! generator rejects a model, the command continues with the next model. The summary at the end names all
//! rejected models.

use std::path::{Path, PathBuf};
use std::{fmt, fs};

use invoke_model_codegen::model::{Model, Shape};
use invoke_model_codegen::{Config, Package, Partitions, generate_crate};

use crate::supplements::{models, read, supplemented};
use crate::{Failure, program, root, step};

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

/// The protocol that the generator supports.
const SUPPORTED: &str = "aws.protocols#restJson1";

/// Traits that select the protocol of a service. <https://smithy.io/2.0/aws/protocols/index.html>
const PROTOCOLS: [&str; 7] = [
    "aws.protocols#awsJson1_0",
    "aws.protocols#awsJson1_1",
    "aws.protocols#awsQuery",
    "aws.protocols#ec2Query",
    SUPPORTED,
    "aws.protocols#restXml",
    "smithy.protocols#rpcv2Cbor",
];

pub(crate) fn run(arguments: &Arguments) -> Result<(), Failure> {
    let files = models(&arguments.files)?;
    let partitions =
        Partitions::from_json(&read(&root().join("model/partitions.json"))?).map_err(Failure::new)?;
    let config = Config { partitions: Some(partitions), ..Config::default() };
    let workspace = root().join(CRATES);
    let mut summary = Summary::default();
    for path in &files {
        let name = path.file_stem().map(|stem| stem.to_string_lossy().into_owned()).unwrap_or_default();
        let outcome = emit(path, &name, &config, &workspace.join(&name));
        println!("{name}: {outcome}");
        summary.add(name, &outcome);
    }
    if summary.emitted.is_empty() {
        return summary.result(&[]);
    }
    let manifest = format!("[workspace]\nresolver = \"3\"\nmembers = {:?}\n", summary.emitted);
    put(&workspace.join("Cargo.toml"), &manifest)?;
    // The lock file selects the same versions as this workspace, so cargo does not need access to the
    // registry.
    program::fetch()?;
    put(&workspace.join("Cargo.lock"), &read(&root().join("Cargo.lock"))?)?;
    let mut failures = Vec::new();
    for features in ["--no-default-features", "--all-features"] {
        step(&format!("cargo check {features}"));
        let mut check = program::cargo(&["check", "--offline", "--workspace", "--keep-going", features]);
        check.env("RUSTFLAGS", "-D warnings").env("CARGO_TARGET_DIR", root().join("target/generated"));
        failures.extend(program::run(check.current_dir(&workspace)).err());
    }
    summary.result(&failures)
}

/// Generates the crate of a model.
fn emit(path: &Path, name: &str, config: &Config, folder: &Path) -> Outcome {
    let model = match supplemented(path) {
        Ok(model) => model,
        Err(failure) => return Outcome::Findings(vec![failure.to_string()]),
    };
    if let Some(protocols) = other_protocols(&model) {
        return Outcome::Skipped(protocols);
    }
    let package = Package { name: Some(format!("{name}-types")), protocol: root().join("crates/protocol") };
    let files = match generate_crate(&model, config, &package) {
        Ok(files) => files,
        Err(found) => return Outcome::Findings(found.iter().map(ToString::to_string).collect()),
    };
    if let Err(error) = files.write(folder) {
        return Outcome::Findings(vec![format!("{}: {error}", folder.display())]);
    }
    let lines = files.iter().map(|(_, text)| text.lines().count()).sum();
    Outcome::Emitted { files: files.iter().count(), lines }
}

/// Returns the protocols of a model whose services do not support restJson1. Returns `None` if a service
/// supports restJson1, or if no service names a protocol.
fn other_protocols(model: &Model) -> Option<Vec<&'static str>> {
    let services: Vec<&Shape> = model.services().filter_map(|id| model.shape(id)).collect();
    let named = PROTOCOLS.into_iter().filter(|id| services.iter().any(|shape| shape.has(id)));
    let named: Vec<&str> = named.collect();
    (!named.is_empty() && !named.contains(&SUPPORTED)).then_some(named)
}

/// Result of the generator for a model.
#[derive(Debug)]
enum Outcome {
    Emitted {
        files: usize,
        lines: usize,
    },
    /// The model names protocols, but not restJson1.
    Skipped(Vec<&'static str>),
    /// Parts of the model that the generator does not support, or an error about a file.
    Findings(Vec<String>),
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Emitted { files, lines } => write!(f, "{files} files, {lines} lines"),
            Self::Skipped(protocols) => write!(f, "skipped: supports only {}", protocols.join(", ")),
            Self::Findings(found) => {
                write!(f, "{} findings", found.len())?;
                found.iter().try_for_each(|one| write!(f, "\n  {one}"))
            }
        }
    }
}

/// Names of the models by outcome.
#[derive(Debug, Default)]
struct Summary {
    emitted: Vec<String>,
    skipped: usize,
    rejected: Vec<String>,
}

impl Summary {
    fn add(&mut self, name: String, outcome: &Outcome) {
        match outcome {
            Outcome::Emitted { .. } => self.emitted.push(name),
            Outcome::Skipped(_) => self.skipped += 1,
            Outcome::Findings(_) => self.rejected.push(name),
        }
    }

    /// Prints the numbers of models. `failures` are the errors of the compiler.
    ///
    /// # Errors
    /// Returns an error if the generator rejected a model, if a crate does not compile, or if no model
    /// supports restJson1.
    fn result(&self, failures: &[Failure]) -> Result<(), Failure> {
        println!(
            "{} models emitted, {} skipped, {} with findings",
            self.emitted.len(),
            self.skipped,
            self.rejected.len()
        );
        let mut problems: Vec<String> = failures.iter().map(ToString::to_string).collect();
        if !self.rejected.is_empty() {
            problems.push(format!("findings in {}", self.rejected.join(", ")));
        } else if self.emitted.is_empty() {
            problems.push(format!("no model supports {SUPPORTED}"));
        }
        if !problems.is_empty() {
            return Err(Failure::new(problems.join("; ")));
        }
        println!("{} models compile with warnings denied", self.emitted.len());
        Ok(())
    }
}

fn put(path: &Path, text: &str) -> Result<(), Failure> {
    fs::write(path, text).map_err(|error| Failure::new(format!("{}: {error}", path.display())))
}

#[cfg(test)]
mod tests {
    use invoke_model_codegen::model::Model;

    use super::{Outcome, Summary, other_protocols};
    use crate::Failure;

    fn check_protocols(traits: &str, expected: Option<&[&str]>) {
        let text =
            format!(r##"{{"smithy":"2.0","shapes":{{"a#S":{{"type":"service","traits":{{{traits}}}}}}}}}"##);
        let model = Model::from_json(&text).unwrap();
        assert_eq!(other_protocols(&model).as_deref(), expected, "{traits}");
    }

    #[test]
    fn names_the_protocols_of_a_model_without_rest_json_1() {
        check_protocols(r#""aws.protocols#restJson1":{}"#, None);
        check_protocols(r#""aws.protocols#awsJson1_1":{},"aws.protocols#restJson1":{}"#, None);
        check_protocols(r#""aws.protocols#awsQueryCompatible":{}"#, None);
        check_protocols(
            r#""smithy.protocols#rpcv2Cbor":{},"aws.protocols#awsJson1_0":{}"#,
            Some(&["aws.protocols#awsJson1_0", "smithy.protocols#rpcv2Cbor"]),
        );
    }

    #[test]
    fn outcomes_are_lines() {
        let check = |outcome: Outcome, expected: &str| assert_eq!(outcome.to_string(), expected);
        check(Outcome::Emitted { files: 2, lines: 30 }, "2 files, 30 lines");
        check(Outcome::Skipped(vec!["a#b", "c#d"]), "skipped: supports only a#b, c#d");
        check(Outcome::Findings(vec!["one".to_owned(), "two".to_owned()]), "2 findings\n  one\n  two");
    }

    fn check_summary(outcomes: Vec<Outcome>, failures: &[Failure], expected: Result<(), &str>) {
        let mut summary = Summary::default();
        for (name, outcome) in ["a", "b", "c"].into_iter().zip(outcomes) {
            summary.add(name.to_owned(), &outcome);
        }
        let result = summary.result(failures).map_err(|failure| failure.to_string());
        assert_eq!(result, expected.map_err(str::to_owned));
    }

    #[test]
    fn findings_and_compiler_errors_fail_and_skipped_models_do_not() {
        let emitted = || Outcome::Emitted { files: 1, lines: 1 };
        let findings = || Outcome::Findings(Vec::new());
        let skipped = || Outcome::Skipped(Vec::new());
        check_summary(vec![emitted(), skipped()], &[], Ok(()));
        check_summary(vec![findings(), emitted(), findings()], &[], Err("findings in a, c"));
        check_summary(vec![skipped()], &[], Err("no model supports aws.protocols#restJson1"));
        check_summary(
            vec![emitted(), findings()],
            &[Failure::new("no compilation")],
            Err("no compilation; findings in b"),
        );
    }
}
