//! Conformance kit for clients of Amazon Bedrock Runtime, in any language.
//!
//! A [scenario](Scenario) is data: the input of a call, the settings of the client, the script of a server, and
//! the expected outcome. [`run`](run::run) starts the server, which is
//! [`LocalEndpoint`](invoke_model_local::LocalEndpoint), asks an adapter to make the call with its client, and
//! compares what arrived and what the client reported with the expectation. An adapter is a small program without
//! expectations of its own.
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
