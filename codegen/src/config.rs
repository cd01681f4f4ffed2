//! Options of the generator.

use std::collections::BTreeSet;

use crate::partitions::Partitions;

/// Options of the generator, such as the operations to generate and the module path of the generated code.
#[derive(Clone, Debug)]
pub struct Config {
    /// Name of the service to generate. Required if the model has several services.
    pub service: Option<String>,
    /// Names of the operations to generate. If the list is empty, all operations are generated.
    pub operations: Vec<String>,
    /// Path of the generated types in their crate, such as `crate` or `crate::some::module`.
    pub root: String,
    /// Name of the types crate in paths of the generated client code.
    pub types_crate: String,
    /// Methods of the client's `Call`, from [`inherent_methods`](crate::inherent_methods). The setter of a
    /// member with one of these names gets the prefix `set_`.
    pub call_methods: BTreeSet<String>,
    /// Condition under which the server code is compiled.
    pub server: ServerHalf,
    /// Partitions for the endpoint rules. If `None`, no endpoint rules are generated.
    pub partitions: Option<Partitions>,
}

/// Condition under which the server code is compiled.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ServerHalf {
    /// The server code is always compiled.
    Always,
    /// The server code is compiled only with the Cargo feature `server`.
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
            partitions: None,
        }
    }
}
