//! The local endpoint, for tests.

use std::future::Future;
use std::sync::{Mutex, mpsc};
use std::time::Duration;

use http::StatusCode;
use invoke_model_local::{FaultFile, LocalEndpoint as CoreEndpoint, ServiceError, StreamFault};
use pyo3::exceptions::{PyOSError, PyRuntimeError, PyValueError};
use pyo3::prelude::*;
use pyo3::types::PyBytes;

use crate::errors::seconds;
use crate::runtime;
use crate::slot::lock;

/// A running endpoint. The Python class `LocalEndpoint` of `invoke_model.testing` wraps it.
#[pyclass(frozen, module = "invoke_model._native")]
pub(crate) struct LocalEndpoint {
    endpoint: Mutex<Option<CoreEndpoint>>,
    #[pyo3(get)]
    url: String,
    #[pyo3(get)]
    region_name: String,
    #[pyo3(get)]
    access_key_id: String,
    #[pyo3(get)]
    secret_access_key: String,
}

/// Runs a future on the thread of the endpoints, and waits for its output.
fn wait<T: Send + 'static>(py: Python<'_>, future: impl Future<Output = T> + Send + 'static) -> PyResult<T> {
    let (sender, receiver) = mpsc::channel();
    runtime::endpoints()?.spawn(async move { sender.send(future.await) });
    let gone = || PyRuntimeError::new_err("the local endpoint has failed");
    py.detach(move || {
        loop {
            match receiver.recv_timeout(Duration::from_millis(50)) {
                Ok(value) => return Ok(value),
                Err(mpsc::RecvTimeoutError::Timeout) => Python::attach(|py| py.check_signals())?,
                Err(mpsc::RecvTimeoutError::Disconnected) => return Err(gone()),
            }
        }
    })
}

fn fault_file(text: &str) -> PyResult<FaultFile> {
    FaultFile::from_json(text).map_err(|error| PyValueError::new_err(format!("faults: {error}")))
}

fn json(value: &impl serde::Serialize) -> PyResult<String> {
    serde_json::to_string(value).map_err(|error| PyRuntimeError::new_err(error.to_string()))
}

impl LocalEndpoint {
    fn with<T>(&self, read: impl FnOnce(&CoreEndpoint) -> T) -> PyResult<T> {
        let endpoint = lock(&self.endpoint);
        endpoint.as_ref().map(read).ok_or_else(|| PyRuntimeError::new_err("the local endpoint was stopped"))
    }
}

#[pymethods]
impl LocalEndpoint {
    /// Starts an endpoint. `faults` is the JSON text of a fault file.
    #[new]
    fn new(
        py: Python<'_>,
        port: u16,
        faults: Option<&str>,
        pace: Option<f64>,
        replay: Option<&str>,
        verify: bool,
    ) -> PyResult<Self> {
        let mut builder = CoreEndpoint::builder().port(port).verify(verify);
        if let Some(text) = faults {
            builder = builder.fault_file(fault_file(text)?);
        }
        if let Some(pace) = pace {
            builder = builder.pace(seconds("pace", pace)?);
        }
        if let Some(folder) = replay {
            builder =
                builder.replay(folder).map_err(|error| PyValueError::new_err(format!("replay: {error}")))?;
        }
        let endpoint = wait(py, builder.start())?.map_err(|error| PyOSError::new_err(error.to_string()))?;
        Ok(Self {
            url: endpoint.url(),
            region_name: endpoint.region().to_owned(),
            access_key_id: endpoint.access_key_id().to_owned(),
            secret_access_key: endpoint.secret_access_key().to_owned(),
            endpoint: Mutex::new(Some(endpoint)),
        })
    }

    /// Returns the records of the calls, each as JSON text and the body of the request.
    fn calls<'py>(&self, py: Python<'py>) -> PyResult<Vec<(String, Bound<'py, PyBytes>)>> {
        let calls = self.with(CoreEndpoint::calls)?;
        let record = |call: &invoke_model_local::CallRecord| Ok((json(call)?, PyBytes::new(py, &call.body)));
        calls.iter().map(record).collect()
    }

    /// Returns the counters as JSON text.
    fn stats(&self) -> PyResult<String> {
        json(&self.with(CoreEndpoint::stats)?)
    }

    /// Returns the records of the connections as JSON text.
    fn connections(&self) -> PyResult<String> {
        json(&self.with(CoreEndpoint::connections)?)
    }

    /// Clears the records and counters.
    fn clear(&self) -> PyResult<()> {
        self.with(CoreEndpoint::clear_records)
    }

    /// Adds the rules of a fault file.
    fn inject(&self, faults: &str) -> PyResult<()> {
        let file = fault_file(faults)?;
        self.with(|endpoint| file.rules.into_iter().for_each(|rule| endpoint.inject(rule)))
    }

    /// Removes all fault rules.
    fn clear_faults(&self) -> PyResult<()> {
        self.with(CoreEndpoint::clear_faults)
    }

    /// Ends the next stream with an error after a number of events.
    fn fail_next_stream(
        &self,
        after_events: u64,
        status: u16,
        code: String,
        message: String,
    ) -> PyResult<()> {
        let status =
            StatusCode::from_u16(status).map_err(|error| PyValueError::new_err(error.to_string()))?;
        let fault = StreamFault::Error(ServiceError::new(status, code, message));
        self.with(|endpoint| endpoint.break_next_stream(after_events, fault))
    }

    /// Stops the endpoint, and closes all connections.
    fn stop(&self, py: Python<'_>) -> PyResult<()> {
        let endpoint = lock(&self.endpoint).take();
        match endpoint {
            Some(endpoint) => wait(py, endpoint.close()),
            None => Ok(()),
        }
    }
}
