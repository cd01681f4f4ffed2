//! `cargo xtask model diff FILE`: compares our model with another Smithy AST file, or with `service-2.json`
//! of botocore. The README next to our model must list exactly the differences.
//!
//! The command compares the operations, all shapes that they use, and the service and resources that bind
//! them. It does not compare documentation, trait definitions, the identifiers and properties of a resource,
//! or the metadata section.
//!
//! The model of botocore has no endpoint rules, resources, pagination or defaults. The module `wire` compares
//! the other parts of this model.

mod compare;
mod facts;
mod listed;
mod wire;

use std::io::{self, Write};
use std::path::{Path, PathBuf};

use invoke_model_codegen::model::{Model, ModelError};
use serde_json::Value;

use self::compare::{diff, diff_botocore};
use self::listed::Verdict;

/// Compare our model with another Smithy AST file, or with `service-2.json` of botocore.
///
/// Prints one line for each difference. A line with `+` is a part that only our model has, and a line with
/// `-` is a part that only FILE has. A line with `~` contains the value in FILE and then the value in our
/// model.
///
/// The README.md next to our model has a `deviations` block, and a `deviations-botocore` block for botocore.
/// The command fails if the block does not contain exactly the printed lines.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// The other model, for example the published model.
    file: PathBuf,
    /// Our model. Default: `model/bedrock-runtime.json` of this workspace.
    #[arg(long, value_name = "FILE")]
    model: Option<PathBuf>,
    /// Compare only this operation. This option can be repeated. With this option, the command does not
    /// report listed differences that do not occur.
    #[arg(long = "operation", value_name = "NAME")]
    operations: Vec<String>,
}

/// Prints the differences to `out`.
///
/// # Errors
/// Returns an error if a file cannot be read or is not a model, or if the models cannot be compared. Also
/// returns an error if the README does not list exactly the differences.
pub(crate) fn run(args: &Args, out: &mut impl Write) -> Result<(), Error> {
    let path = args.model.clone().unwrap_or_else(our_model);
    let readme = path.with_file_name("README.md");
    let (ours, text) = (load(&path)?, read(&args.file)?);
    // The model reader reports text that is not JSON.
    let document = serde_json::from_str(&text).unwrap_or(Value::Null);
    let (differences, block) = if wire::is_service_model(&document) {
        (diff_botocore(&ours, &document, &args.operations)?, "deviations-botocore")
    } else {
        (diff(&ours, &parse(&args.file, &text)?, &args.operations)?, "deviations")
    };
    let mut verdict = Verdict::new(&differences, &read_if_exists(&readme)?, block);
    if !args.operations.is_empty() {
        verdict.stale.clear();
    }
    write!(out, "{verdict}").map_err(Error::Write)?;
    match (verdict.unlisted(), verdict.stale.len()) {
        (0, 0) => Ok(()),
        (unlisted, stale) => Err(Error::NotAsListed { unlisted, stale, block, readme }),
    }
}

/// Reason why the comparison failed.
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
        "{unlisted} unlisted differences, {stale} listed differences that do not occur: correct the model, or \
         the `{block}` block of {}",
        readme.display()
    )]
    NotAsListed { unlisted: usize, stale: usize, block: &'static str, readme: PathBuf },
}

fn our_model() -> PathBuf {
    crate::root().join("model/bedrock-runtime.json")
}

fn load(path: &Path) -> Result<Model, Error> {
    parse(path, &read(path)?)
}

fn parse(path: &Path, text: &str) -> Result<Model, Error> {
    Model::from_json(text).map_err(|source| Error::Model { path: path.to_owned(), source })
}

fn read(path: &Path) -> Result<String, Error> {
    std::fs::read_to_string(path).map_err(|source| Error::Read { path: path.to_owned(), source })
}

/// Reads a file. Returns an empty text if the file does not exist.
fn read_if_exists(path: &Path) -> Result<String, Error> {
    match read(path) {
        Err(Error::Read { source, .. }) if source.kind() == io::ErrorKind::NotFound => Ok(String::new()),
        other => other,
    }
}

#[cfg(test)]
mod tests;
