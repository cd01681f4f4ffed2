//! The native module of the Python package `invoke_model`.
//!
//! The module contains what must be fast or needs the protocol: calls, conversion of inputs and outputs, streaming
//! bodies and event streams. The Python code of the package adds the interface of boto3.

mod bidirectional;
mod blob;
mod body;
mod boto3;
mod client;
mod command;
mod config;
mod convert;
mod credentials;
mod decoder;
mod errors;
mod events;
mod local;
mod operation;
mod queue;
mod reply;
mod runtime;
mod sign;
mod slot;
mod transport;

use invoke_model_client::{Client as CoreClient, visit_operation};
use pyo3::prelude::*;

/// The members of the pages of an operation: the token of the input, the token and the items of the output, and the
/// size of a page.
type Pages = (&'static str, &'static str, &'static str, Option<&'static str>);

/// The facts about an operation: the name, the members of its pages, the codes of its errors, the members of its input,
/// the members that are required, and whether the input is an event stream.
type Facts = (&'static str, Option<Pages>, Vec<&'static str>, Vec<&'static str>, Vec<&'static str>, bool);

/// Returns the operations of the model.
#[pyfunction]
fn operations(py: Python<'_>) -> Vec<Facts> {
    let describe = |name: &&'static str| {
        let facts = visit_operation(name, operation::Describe(py))?;
        let pages = facts
            .pagination
            .map(|pages| (pages.input_token, pages.output_token, pages.items, pages.page_size));
        Some((
            *name,
            pages,
            facts.codes.to_vec(),
            facts.members.0.to_vec(),
            facts.members.1,
            facts.has_input_events,
        ))
    };
    CoreClient::operation_names().iter().filter_map(describe).collect()
}

/// The native module.
#[pymodule(gil_used = false)]
mod _native {
    #[pymodule_export]
    use super::bidirectional::InputEvents;
    #[pymodule_export]
    use super::body::Body;
    #[pymodule_export]
    use super::boto3::{Boto3Calls, EventDecoder, TransportFailure};
    #[pymodule_export]
    use super::client::Client;
    #[pymodule_export]
    use super::command::run_command;
    #[pymodule_export]
    use super::decoder::EventStreamDecoder;
    #[pymodule_export]
    use super::events::Events;
    #[pymodule_export]
    use super::local::LocalEndpoint;
    #[pymodule_export]
    use super::operations;
    #[pymodule_export]
    use super::queue::Queue;
    #[pymodule_export]
    use super::sign::Signer;
    #[pymodule_export]
    use super::transport::Transport;

    use pyo3::prelude::*;

    #[pymodule_init]
    fn init(module: &Bound<'_, PyModule>) -> PyResult<()> {
        module.add("__version__", env!("CARGO_PKG_VERSION"))
    }
}
