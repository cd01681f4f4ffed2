//! Lowers a Smithy model into Rust: Model + Config -> Files.
//!
//! AST as written ([`model`]) → what is asked for ([`select`]) → lowered to a form in which every name and binding is
//! decided → printed → formatted → [`Files`]. No clock, no network, no writes: the caller compares or writes the files.

mod config;
mod conformance;
mod diagnostic;
mod emit;
mod files;
mod format;
mod ir;
mod lower;
pub mod model;
mod package;
mod partitions;
pub mod select;

pub use config::{Config, ServerHalf};
pub use conformance::{Case, Conformance, Kind};
pub use diagnostic::Diagnostic;
pub use files::{Drift, Files};
pub use package::Package;
pub use partitions::{Partition, Partitions};

use model::Model;

/// The types crate of a service: inputs, outputs, errors, both halves of each operation, endpoint rules.
///
/// # Errors
/// Everything in the selection that this generator does not understand or cannot express, all at once.
pub fn generate(model: &Model, config: &Config) -> Result<Files, Vec<Diagnostic>> {
    let service = lowered(model, config)?;
    emit::rust::types(&service, config).map_err(|diagnostic| vec![diagnostic])
}

/// The client's methods: one for each operation, and a setter for each member of its input.
///
/// # Errors
/// As for [`generate`].
pub fn generate_client(model: &Model, config: &Config) -> Result<Files, Vec<Diagnostic>> {
    let service = lowered(model, config)?;
    emit::rust::client(&service, config).map_err(|diagnostic| vec![diagnostic])
}

/// A whole crate of the types of a service: `Cargo.toml`, `src/lib.rs`, and the types in `src/generated`.
///
/// # Errors
/// As for [`generate`].
pub fn generate_crate(model: &Model, config: &Config, package: &Package) -> Result<Files, Vec<Diagnostic>> {
    let service = lowered(model, config)?;
    let types = emit::rust::types(&service, config).map_err(|diagnostic| vec![diagnostic])?;
    let mut files = package::package(&service, package);
    files.own_only(package::MODULE);
    for (path, text) in types.iter() {
        files.insert(std::path::Path::new(package::MODULE).join(path), text.to_owned());
    }
    Ok(files)
}

/// A test for each protocol test that the model carries for clients, over the types that [`generate`] gives.
///
/// # Errors
/// As for [`generate`], or a case that is not of its trait's form or states what the model does not have.
pub fn generate_conformance(model: &Model, config: &Config) -> Result<Conformance, Vec<Diagnostic>> {
    let selection = select::select(model, config.service.as_deref(), &config.operations)?;
    let cases = conformance::cases(model, &selection)?;
    let service = lower::lower(model, &selection)?;
    emit::rust::conformance(&service, &cases, &config.root)
}

fn lowered(model: &Model, config: &Config) -> Result<ir::Service, Vec<Diagnostic>> {
    let selection = select::select(model, config.service.as_deref(), &config.operations)?;
    lower::lower(model, &selection)
}
