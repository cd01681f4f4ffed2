//! Errors in the list of targets.

/// An error in the list of targets. No request was sent.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum FailoverError {
    /// The list is empty.
    #[error("the list of targets is empty: add a target with `FailoverBuilder::target`")]
    NoTargets,

    /// The name of a target is empty.
    #[error("target {position} has an empty name: metadata and errors contain the name, so give it one")]
    EmptyName {
        /// The position in the list. The first target has the position 1.
        position: usize,
    },

    /// Two targets have the same name.
    #[error(
        "two targets have the name `{name}`: metadata and errors contain the name, so choose different names"
    )]
    DuplicateName {
        /// The name.
        name: String,
    },

    /// The list is circular: a target is equal to an earlier target, so a call would move from a target to the
    /// same target.
    #[error(
        "the list of targets is circular: target `{name}` is equal to target `{earlier}` ({endpoint}, {}, {}, the same \
         credentials): remove it, or change its endpoint, region, model id or credentials",
        .region.as_ref().map_or("no region".to_owned(), |region| format!("region {region}")),
        .model_id.as_ref().map_or("the model of the call".to_owned(), |model_id| format!("model {model_id}"))
    )]
    DuplicateTarget {
        /// The name of the target.
        name: String,
        /// The name of the earlier target.
        earlier: String,
        /// The endpoint URL of both targets.
        endpoint: String,
        /// The region of both targets.
        region: Option<String>,
        /// The model id of both targets.
        model_id: Option<String>,
    },
}
