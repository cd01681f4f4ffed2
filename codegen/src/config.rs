//! Options of a run.

use std::collections::BTreeSet;

use crate::partitions::Partitions;

/// Options of a run: the operations to generate, and the place of the generated code.
#[derive(Clone, Debug)]
pub struct Config {
    /// Service to generate. Required if the model has several.
    pub service: Option<String>,
    /// Operations to generate. If empty, all.
    pub operations: Vec<String>,
    /// Path of the generated types within their crate: `crate`, or `crate::some::module`.
    pub root: String,
    /// Name of the types crate in paths of the client.
    pub types_crate: String,
    /// Methods of the client's `Call`, from [`inherent_methods`](crate::inherent_methods). The setter of a
    /// member with one of these names gets the prefix `set_`.
    pub call_methods: BTreeSet<String>,
    /// Compilation of the server half.
    pub server: ServerHalf,
    /// Partitions for the endpoint rules. Without them, no endpoint rules are generated.
    pub partitions: Option<Partitions>,
}

/// Compilation of the server half.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ServerHalf {
    /// The server half is always compiled.
    Always,
    /// The server half is compiled with the Cargo feature `server`.
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
