//! The inputs, outputs, errors and endpoints of Amazon Bedrock Runtime, generated from its Smithy model.
//!
//! Everything below `generated` is written by `cargo xtask codegen`; this file is the only one written by hand.
//! Nothing here opens a socket, reads a clock or the environment: with `invoke-model-signing`, or any other SigV4
//! signer, it is enough for somebody with an HTTP client of their own.
//!
//! ```
//! use invoke_model_types::{InvokeModel, InvokeModelInput, Operation};
//!
//! let mut input = InvokeModelInput::new("amazon.titan-embed-text-v2:0");
//! input.body = Some(r#"{"inputText":"hello"}"#.into());
//! let request = InvokeModel::serialize(input)?;
//! assert_eq!(request.uri(), "/model/amazon.titan-embed-text-v2%3A0/invoke");
//! assert_eq!(request.headers()["content-type"], "application/json");
//! # Ok::<(), invoke_model_types::SerializeError>(())
//! ```

mod generated;

pub use generated::*;
#[cfg(feature = "server")]
pub use invoke_model_protocol::ServerOperation;
pub use invoke_model_protocol::{
    ErrorFacts, ErrorMetadata, Fault, ModeledError, Operation, OperationError, ParseError, PayloadInput,
    PayloadOutput, Retryable, SerializeError,
};
