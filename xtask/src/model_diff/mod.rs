//! `cargo xtask model diff FILE`: our model against another Smithy AST file, and both against what the
//! README beside our model lists as deviations.
//!
//! Compared are the operations, every shape that they reach, and the service and resources that lead to them.
//! Not compared: documentation, trait definitions, and what the model reader does not keep (a resource's
//! identifiers and properties, the metadata section).

mod compare;
mod facts;
mod listed;

use std::io::{self, Write};
use std::path::{Path, PathBuf};

use invoke_model_codegen::model::{Model, ModelError};

use self::compare::diff;
use self::listed::Verdict;

/// Compare our model with another Smithy AST file.
///
/// Prints a line per difference: `+` only ours has it, `-` only FILE has it, `~` FILE's value -> ours. Fails unless
/// these are the lines of the `deviations` block in the README.md beside our model.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// The other model, for example the published one.
    file: PathBuf,
    /// Our model; when not given, `model/bedrock-runtime.json` of this workspace.
    #[arg(long, value_name = "FILE")]
    model: Option<PathBuf>,
    /// Compare this operation only; may be repeated. Then listed lines that do not occur are not reported.
    #[arg(long = "operation", value_name = "NAME")]
    operations: Vec<String>,
}

/// Prints the differences to `out`.
///
/// # Errors
/// A file that cannot be read or is no model, an operation that our model lacks, and differences that are not those
/// which the README lists.
pub(crate) fn run(args: &Args, out: &mut impl Write) -> Result<(), Error> {
    let path = args.model.clone().unwrap_or_else(our_model);
    let readme = path.with_file_name("README.md");
    let differences = diff(&load(&path)?, &load(&args.file)?, &args.operations)?;
    let mut verdict = Verdict::new(&differences, &read_if_there(&readme)?);
    if !args.operations.is_empty() {
        verdict.stale.clear();
    }
    write!(out, "{verdict}").map_err(Error::Write)?;
    match (verdict.unlisted(), verdict.stale.len()) {
        (0, 0) => Ok(()),
        (unlisted, stale) => Err(Error::NotAsListed { unlisted, stale, readme }),
    }
}

/// Why the comparison was not clean.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Error {
    #[error("cannot read {}: {source}", path.display())]
    Read { path: PathBuf, source: io::Error },
    #[error("{}: {source}", path.display())]
    Model { path: PathBuf, source: ModelError },
    #[error("{whose} model: {findings}")]
    Select { whose: &'static str, findings: String },
    #[error("cannot print the differences: {0}")]
    Write(#[source] io::Error),
    #[error(
        "{unlisted} unlisted and {stale} stale: mend the model, or the `deviations` block of {}",
        readme.display()
    )]
    NotAsListed { unlisted: usize, stale: usize, readme: PathBuf },
}

fn our_model() -> PathBuf {
    crate::root().join("model/bedrock-runtime.json")
}

fn load(path: &Path) -> Result<Model, Error> {
    Model::from_json(&read(path)?).map_err(|source| Error::Model { path: path.to_owned(), source })
}

fn read(path: &Path) -> Result<String, Error> {
    std::fs::read_to_string(path).map_err(|source| Error::Read { path: path.to_owned(), source })
}

/// A model without a README beside it lists no deviations.
fn read_if_there(path: &Path) -> Result<String, Error> {
    match read(path) {
        Err(Error::Read { source, .. }) if source.kind() == io::ErrorKind::NotFound => Ok(String::new()),
        other => other,
    }
}

#[cfg(test)]
mod tests;
