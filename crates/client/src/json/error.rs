//! The error of a call by name that was not sent.

use invoke_model_protocol::json::strict::InputError;

/// The error of a [`JsonCall`](crate::JsonCall) that does not match the model. The client sent no request.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum JsonCallError {
    /// The model has no operation with this name.
    #[error("`{name}` is not an operation; known operations: {}", known.join(", "))]
    UnknownOperation {
        /// The name.
        name: String,
        /// The names of all operations.
        known: &'static [&'static str],
    },
    /// The operation has an event stream, but the caller used [`send`](crate::JsonCall::send).
    #[error("the output is an event stream: call `send_stream` instead of `send`")]
    HasEventStream,
    /// The operation has no event stream, but the caller used [`send_stream`](crate::JsonCall::send_stream).
    #[error("the output is not an event stream: call `send` instead of `send_stream`")]
    HasNoEventStream,
    /// The input contains an event stream, but the call was sent with [`send`](crate::JsonCall::send) or
    /// [`send_stream`](crate::JsonCall::send_stream).
    #[error("the input is an event stream: call `send_bidirectional`")]
    HasInputEvents,
    /// The input contains no event stream, but the call was sent with
    /// [`send_bidirectional`](crate::JsonCall::send_bidirectional).
    #[error("the input is not an event stream: call `send` or `send_stream` instead of `send_bidirectional`")]
    HasNoInputEvents,
    /// The input does not match the model.
    #[error(transparent)]
    Input(#[from] InputError),
}
