//! Conformance kit for clients of Amazon Bedrock Runtime, in any language.
//!
//! A [scenario](Scenario) is data: the input of a call, the settings of the client, the fault rules of the server,
//! and the expected outcome. [`run`](run::run) starts the server, which is
//! [`LocalEndpoint`](invoke_model_local::LocalEndpoint), asks an adapter to make the call with its client, and
//! compares the received requests and the response of the adapter with the expectation. An adapter is a small program
//! that contains no expectations.
//!
//! `docs/conformance.md` describes scenarios and adapters.

pub mod baseline;
pub mod expectation;
pub mod load;
pub mod recorded;
pub mod report;
pub mod run;
pub mod scenario;

mod adapter;
mod judge;
mod rows;
mod server;
mod side_servers;
mod tagged;

pub use adapter::{AdapterAddress, AdapterError};
pub use scenario::Scenario;
