//! What is known about a call that failed.

use http::StatusCode;

use crate::events::StreamProgress;
use crate::metadata::Attempt;

/// What an error says of its call besides its reason. Nothing in it is sensitive: labels stand in the URL.
#[derive(Debug)]
pub(crate) struct Context {
    pub(crate) operation: &'static str,
    pub(crate) region: Option<String>,
    pub(crate) endpoint: String,
    /// The members in the path by their names in the model, `modelId` for one; empty if the input was not
    /// serialized.
    pub(crate) labels: Vec<(&'static str, String)>,
    pub(crate) attempts: u32,
    /// Those before the last one.
    pub(crate) earlier: Vec<Attempt>,
    pub(crate) status: Option<StatusCode>,
    pub(crate) request_id: Option<String>,
    /// How much of a stream of events had come.
    pub(crate) received: Option<StreamProgress>,
}
