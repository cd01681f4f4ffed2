//! The native module of the Python package `invoke_model`.
//!
//! The module contains what must be fast or needs the protocol: calls, conversion of inputs and outputs, streaming
//! bodies and event streams. The Python code of the package adds the interface of boto3.

mod bidirectional;
mod blob;
mod body;
mod boto3;
mod bulk;
mod client;
mod command;
mod config;
mod convert;
mod credentials;
mod custom_store;
mod decoder;
mod errors;
mod events;
mod failover;
mod file;
mod hooks;
mod limits;
mod local;
mod operation;
mod options;
mod queue;
mod quota;
mod quota_store;
mod reply;
mod runtime;
mod sign;
mod slot;
mod spans;
mod transport;

use pyo3::prelude::*;

/// The native module.
#[pymodule(gil_used = false)]
mod _native {
    #[pymodule_export]
    use super::bidirectional::InputEvents;
    #[pymodule_export]
    use super::body::Body;
    #[pymodule_export]
    use super::boto3::{Boto3Calls, EventDecoder, Snapshot, TransportFailure};
    #[pymodule_export]
    use super::bulk::BulkRun;
    #[pymodule_export]
    use super::client::Client;
    #[pymodule_export]
    use super::command::run_command;
    #[pymodule_export]
    use super::custom_store::MemoryQuotaStore;
    #[pymodule_export]
    use super::decoder::EventStreamDecoder;
    #[pymodule_export]
    use super::events::Events;
    #[pymodule_export]
    use super::hooks::HookCall;
    #[pymodule_export]
    use super::local::LocalEndpoint;
    #[pymodule_export]
    use super::operation::operations;
    #[pymodule_export]
    use super::queue::Queue;
    #[pymodule_export]
    use super::quota::QuotaLimiter;
    #[pymodule_export]
    use super::reply::response_text;
    #[pymodule_export]
    use super::sign::Signer;
    #[pymodule_export]
    use super::spans::SpanRecorder;
    #[pymodule_export]
    use super::transport::Transport;

    use pyo3::exceptions::PyRuntimeError;
    use pyo3::panic::PanicException;
    use pyo3::prelude::*;

    #[pymodule_init]
    fn init(module: &Bound<'_, PyModule>) -> PyResult<()> {
        // PyO3 raises a `PanicException` if a function of this module panics. It is a subclass of `BaseException`, which
        // `except Exception` does not catch. The class belongs to this module: other modules have their own.
        let py = module.py();
        let changed =
            py.get_type::<PanicException>().setattr("__bases__", (py.get_type::<PyRuntimeError>(),));
        // An interpreter may not allow this change. Then a panic raises the `PanicException` of PyO3. All else works.
        drop(changed);
        module.add("__version__", env!("CARGO_PKG_VERSION"))
    }
}
