//! Generates Rust code from a Smithy model.
//!
//! The input is a [`model`] and a [`Config`]. The output is [`Files`]. The generator works in four steps:
//!
//! 1. Select operations and the shapes that they reach ([`select`]).
//! 2. Lower the operations and shapes to an intermediate representation (IR) with the final names and HTTP
//!    bindings.
//! 3. Print the IR as Rust.
//! 4. Format the code.
//!
//! The output depends only on the input. The functions below do not write files. The caller writes the
//! returned [`Files`] or compares them with existing files.

mod config;
mod conformance;
mod diagnostic;
mod emit;
mod files;
mod format;
mod ir;
mod lower;
mod methods;
pub mod model;
mod package;
mod partitions;
pub mod select;

pub use config::{Config, ServerHalf};
pub use conformance::{Case, Conformance, Kind};
pub use diagnostic::Diagnostic;
pub use files::{Drift, Files};
pub use methods::inherent_methods;
pub use package::Package;
pub use partitions::{Partition, Partitions};

use model::Model;

/// Generates the code of a types crate: types for inputs, outputs and errors, and the endpoint rules. The
/// code also serializes and parses these types, for clients and servers.
///
/// # Errors
/// Returns a diagnostic for each part of the selected operations that the generator does not support.
pub fn generate(model: &Model, config: &Config) -> Result<Files, Vec<Diagnostic>> {
    let service = lowered(model, config)?;
    emit::rust::types(&service, config).map_err(|diagnostic| vec![diagnostic])
}

/// Generates the client's methods: a method for each operation, and a setter for each member of an input.
///
/// # Errors
/// Returns the diagnostics of [`generate`].
pub fn generate_client(model: &Model, config: &Config) -> Result<Files, Vec<Diagnostic>> {
    let service = lowered(model, config)?;
    emit::rust::client(&service, config).map_err(|diagnostic| vec![diagnostic])
}

/// Generates the type annotations of the Python package: the types of arguments and responses, the values of
/// enums, and the stubs of the clients and of the errors.
///
/// # Errors
/// Returns the diagnostics of [`generate`].
pub fn generate_python(model: &Model, config: &Config) -> Result<Files, Vec<Diagnostic>> {
    Ok(emit::python::package(&lowered(model, config)?))
}

/// Generates a crate with the types of a service: `Cargo.toml`, `src/lib.rs`, and the folder `src/generated`.
///
/// # Errors
/// Returns the diagnostics of [`generate`].
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

/// Generates Rust tests for each restJson1 protocol test of the model: one for the client, one for the server, or both,
/// as the protocol test states. The Rust tests use the types that [`generate`] returns.
///
/// # Errors
/// Returns the same diagnostics as [`generate`], and diagnostics for protocol tests that are malformed or do
/// not fit the model.
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
