//! Options of the generator.

use std::collections::BTreeSet;

use crate::partitions::Partitions;

/// Options of the generator, such as the names of the operations and the module path of the generated code.
#[derive(Clone, Debug)]
pub struct Config {
    /// Name of the service to generate. Required if the model has several services.
    pub service: Option<String>,
    /// Names of the operations to generate. If the list is empty, all operations are generated.
    pub operations: Vec<String>,
    /// Path of the generated types in their crate, such as `crate` or `crate::some::module`.
    pub root: String,
    /// Name of the types crate. The generated client code uses this name in paths.
    pub types_crate: String,
    /// Names of the hand-written methods of `Call`, the client's type for a call.
    /// [`inherent_methods`](crate::inherent_methods) returns these names. Generated setters never have one of
    /// these names. If a member has one of them, its only setter has the prefix `set_`.
    pub call_methods: BTreeSet<String>,
    /// Condition under which the server code is compiled.
    pub server: ServerHalf,
    /// `true` to generate a builder for each structure.
    pub builders: bool,
    /// Partitions for the endpoint rules. If `None`, no endpoint rules are generated.
    pub partitions: Option<Partitions>,
}

/// Condition under which the server code is compiled.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ServerHalf {
    /// The server code is always compiled.
    Always,
    /// The server code is compiled only if the Cargo feature `server` is enabled.
    Feature,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            service: None,
            operations: Vec::new(),
            root: "crate".to_owned(),
            types_crate: "invoke_model_types".to_owned(),
            call_methods: BTreeSet::new(),
            server: ServerHalf::Feature,
            builders: true,
            partitions: None,
        }
    }
}
