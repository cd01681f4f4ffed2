//! What a run is asked for.

use crate::partitions::Partitions;

/// What to generate, and where it will stand.
#[derive(Clone, Debug)]
pub struct Config {
    /// The service, where the model has several.
    pub service: Option<String>,
    /// The operations; all when empty.
    pub operations: Vec<String>,
    /// The path under which generated types are found from within: `crate`, or `crate::some::module`.
    pub root: String,
    /// The crate of the types, as the client names it.
    pub types_crate: String,
    /// Whether the server's half is generated.
    pub server: ServerHalf,
    /// What `aws.partition` knows; without it endpoint rules are left out.
    pub partitions: Option<Partitions>,
}

/// Whether the server's half is generated.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ServerHalf {
    /// Always compiled.
    Always,
    /// Compiled with the Cargo feature `server`.
    Feature,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            service: None,
            operations: Vec::new(),
            root: "crate".to_owned(),
            types_crate: "invoke_model_types".to_owned(),
            server: ServerHalf::Feature,
            partitions: None,
        }
    }
}
