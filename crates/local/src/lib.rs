//! A local Amazon Bedrock Runtime endpoint: verifies signatures, answers, refuses.
//!
//! For tests and for trying things out: an HTTP/1.1 server on loopback that takes `InvokeModel` as the service
//! does. What is real is the wire: SigV4 and bearer authentication, the model's constraints, what the operation
//! documents beside them, status and code of every error, and each vendor's request and response JSON. What is
//! not real is the intelligence: see [`families`]. Other operations are not served, nor HTTP/2 or TLS.
//!
//! ```
//! use invoke_model_local::Local;
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let local = Local::start().await?;
//! println!("export AWS_ENDPOINT_URL_BEDROCK_RUNTIME={}", local.url());
//! println!("export AWS_ACCESS_KEY_ID={}", local.access_key_id());
//! // .. call it with any AWS client, then look at what arrived:
//! for call in local.calls() {
//!     println!("{} {} {:?} {}", call.method, call.target, call.model_id, call.status);
//! }
//! local.stop().await;
//! # Ok(())
//! # }
//! ```
//!
//! # The way of a request
//!
//! | step | module | refused with |
//! |---|---|---|
//! | route | `respond` | 404 `UnknownOperationException` |
//! | authenticate | `authenticate` | 403 `InvalidSignatureException`, `UnrecognizedClientException`, `MissingAuthenticationTokenException`, `AccessDeniedException`; 400 `IncompleteSignatureException` |
//! | errors asked for by [`Local::raise`] | `raise` | any |
//! | the model's constraints | `rules` | 400 `ValidationException` |
//! | what the operation documents | `rules` | 400 `ValidationException` |
//! | the errors that [`ERROR_MODEL_ID`] raises | `raise` | any of the ten |
//! | the model | [`families`] | 404 `ResourceNotFoundException` |
//! | access | [`Policy`] | 403 `AccessDeniedException` |
//! | the answer | [`families`] | 400 `ValidationException` |
//!
//! Each is a function of the request, the endpoint's state and the time; only `server` does input and output.
//! Every answer has an `x-amzn-requestid`, a success also `x-amzn-bedrock-input-token-count`,
//! `-output-token-count` and `-invocation-latency` (milliseconds).

mod authenticate;
mod builder;
mod call_log;
mod endpoint;
pub mod families;
mod payload;
mod policy;
mod raise;
mod refuse;
mod respond;
mod rules;
mod server;

#[cfg(test)]
mod tests;

pub use builder::Builder;
pub use call_log::CallRecord;
pub use policy::Policy;
pub use raise::ERROR_MODEL_ID;
pub use server::{Local, StartError};
