//! One call: its input, its way to the service and back.

mod attempts;
mod explanation;
mod header;
mod identity;
mod output;
mod prepared;
mod request;
mod required;
mod send;
mod span;
mod streaming_body;
mod trail;

use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;

use bytes::Bytes;
use invoke_model_protocol::Operation;

pub use explanation::Explanation;
pub use header::HeaderError;
pub use output::{CallOutput, Deliver, EventStreamOutput};
pub use streaming_body::StreamingBodyOutput;

pub(crate) use trail::Trail;

use crate::authorization::Authorizer;
use crate::body::BodyContent;
use crate::retry::RetryConfig;
use crate::timeout::TimeoutConfig;
use crate::{Body, Client};
use required::Required;

/// A call of operation `O` that is not sent yet: set the members of its input, then [`send`](Self::send) it.
///
/// `Debug` shows no member of the input.
pub struct Call<O: Operation>(
    /// In a box: a call is handed on often, from setter to setter and through the futures that send it, each of which
    /// would have room for all of it.
    Box<State<O>>,
);

struct State<O: Operation> {
    client: Client,
    /// The client's, unless the call has its own.
    authorizer: Arc<Authorizer>,
    input: O::Input,
    required: Required,
    /// Stands for the bytes of the payload.
    file: Option<PathBuf>,
    fields: Vec<(String, String)>,
    deadlines: TimeoutConfig,
    retries: RetryConfig,
}

impl<O: Operation> Call<O> {
    pub(crate) fn filled(client: &Client, input: O::Input) -> Self {
        let (authorizer, required) = (client.authorizer().clone(), Required::default());
        let config = client.config();
        let (client, deadlines, retries) = (client.clone(), config.timeout_config, config.retry_config);
        let (file, fields) = (None, Vec::new());
        Self(Box::new(State { client, authorizer, input, required, file, fields, deadlines, retries }))
    }

    /// A call with an empty input whose required members are still to be [`given`](Self::given).
    pub(crate) fn unfilled(client: &Client, required: &'static [&'static str]) -> Self
    where
        O::Input: Default,
    {
        let mut call = Self::filled(client, O::Input::default());
        call.0.required = Required::new(required);
        call
    }

    pub(crate) fn input(&mut self) -> &mut O::Input {
        &mut self.0.input
    }

    /// The required member at that place of the list is given.
    pub(crate) fn given(&mut self, index: usize) {
        self.0.required.given(index);
    }

    /// The bytes of a payload; of a file none yet, because it is read when the call is sent.
    pub(crate) fn attach(&mut self, body: Body) -> Bytes {
        let (bytes, file) = match body.0 {
            BodyContent::Bytes(bytes) => (bytes, None),
            BodyContent::Path(path) => (Bytes::new(), Some(path)),
        };
        self.0.file = file;
        bytes
    }

    /// The limits on the time of this call, in place of those of the [`Config`](crate::Config).
    #[must_use]
    pub fn timeout_config(mut self, deadlines: TimeoutConfig) -> Self {
        self.0.deadlines = deadlines;
        self
    }

    /// When this call is sent again if it fails, in place of what the [`Config`](crate::Config) says.
    #[must_use]
    pub fn retry_config(mut self, retries: RetryConfig) -> Self {
        self.0.retries = retries;
        self
    }

    /// A header field that the model does not know (yet), sent and signed as it is. It takes the place of one that
    /// a member has set; of two with the same name the last is sent.
    ///
    /// A name or value that cannot stand in a header, and a field that the client writes itself (`host`,
    /// `authorization`, `content-length`, ..), make the call end with a [`HeaderError`].
    #[must_use]
    pub fn field(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.0.fields.push((name.into(), value.into()));
        self
    }
}

impl<O: Operation> fmt::Debug for Call<O> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let fields: Vec<_> = self.0.fields.iter().map(|(name, _)| name).collect();
        f.debug_struct("Call")
            .field("operation", &O::NAME)
            .field("file", &self.0.file)
            .field("fields", &fields)
            .finish_non_exhaustive()
    }
}
