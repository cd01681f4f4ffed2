//! Inputs, outputs, errors and endpoint rules of Amazon Bedrock Runtime, generated from its Smithy model.
//!
//! The crate performs no I/O and reads neither the clock nor the environment. A program with its own HTTP
//! client needs only this crate and a SigV4 signer, for example `invoke-model-signing`. The program
//! serializes an input, signs and sends the request, and parses the response.
//!
//! ```
//! use bytes::Bytes;
//! use invoke_model_types::{InvokeModel, InvokeModelInput, Operation, OperationError, ResponseError};
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let mut input = InvokeModelInput::new("amazon.titan-embed-text-v2:0");
//! input.body = Some(r#"{"inputText":"hello"}"#.into());
//! let request = InvokeModel::serialize(input)?;
//! assert_eq!(request.uri(), "/model/amazon.titan-embed-text-v2%3A0/invoke");
//! assert_eq!(request.headers()["content-type"], "application/json");
//!
//! // Add the scheme and host of the endpoint, sign, and send the request. Then parse the response:
//! let response = http::Response::new(Bytes::from(r#"{"embedding":[0.5]}"#));
//! let output = InvokeModel::parse_response(&response)?;
//! assert_eq!(output.body, r#"{"embedding":[0.5]}"#);
//!
//! // The status determines whether the result is an output or an error.
//! let response = http::Response::builder()
//!     .status(404)
//!     .header("x-amzn-errortype", "ResourceNotFoundException")
//!     .body(Bytes::from(r#"{"message":"no such model"}"#))?;
//! match InvokeModel::parse_response(&response) {
//!     Err(ResponseError::Service(error)) => assert_eq!(error.code(), Some("ResourceNotFoundException")),
//!     other => panic!("{other:?}"),
//! }
//! # Ok(())
//! # }
//! ```
//!
//! `cargo xtask codegen` writes all files in `generated`. Only this file is written by hand.

mod generated;

pub use generated::*;
#[cfg(feature = "server")]
pub use invoke_model_protocol::ServerOperation;
pub use invoke_model_protocol::{
    ErrorFacts, ErrorFault, ErrorMetadata, ModeledError, Operation, OperationError, ParseError, PayloadInput,
    PayloadOutput, ResponseError, Retryable, SerializeError,
};
