//! The native client. The Python classes `Client` and `AsyncClient` wrap it.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use invoke_model_client::{Client as CoreClient, ConfigBuilder, ConfigError, visit_operation};
use pyo3::exceptions::{PyAttributeError, PyRuntimeError};
use pyo3::prelude::*;
use pyo3::types::PyDict;

use crate::config::{RetryOverrides, Settings};
use crate::errors;
use crate::operation::{Classes, Prepare, Site};
use crate::queue::Queue;
use crate::runtime::{self, Job, PerProcess};
use crate::spans::{SpanRecorder, recorded};

/// A client. It can be used by several threads and event loops at the same time.
#[pyclass(frozen, module = "invoke_model._native")]
pub(crate) struct Client {
    settings: SiteSettings,
    classes: Arc<Classes>,
    site: PerProcess<Arc<Site>>,
    is_closed: AtomicBool,
}

/// The settings from which the client of a process is created.
struct SiteSettings {
    builder: ConfigBuilder,
    retries: RetryOverrides,
    user_agent: Option<String>,
    uses_http2: bool,
}

impl Client {
    /// Returns the client of this process. A forked child does not use the connections and locks of its parent.
    fn site(&self, py: Python<'_>) -> PyResult<Arc<Site>> {
        if self.is_closed.load(Ordering::Acquire) {
            return Err(PyRuntimeError::new_err("the client is closed: create a new client"));
        }
        let site = self.site.get(|| create(&self.settings, self.classes.clone()));
        site.map_err(|error| errors::of_config(py, &error))
    }

    fn job(
        &self,
        operation: &str,
        arguments: &Bound<'_, PyDict>,
        spans: Option<&SpanRecorder>,
    ) -> PyResult<Job> {
        let site = self.site(arguments.py())?;
        let job = visit_operation(operation, Prepare { site, arguments });
        let unknown = || Err(PyAttributeError::new_err(format!("no operation `{operation}`")));
        Ok(recorded(job.unwrap_or_else(unknown)?, spans.cloned()))
    }
}

fn create(settings: &SiteSettings, classes: Arc<Classes>) -> Result<Arc<Site>, ConfigError> {
    let client = CoreClient::new(settings.builder.clone())?;
    let endpoint_url = client.config().endpoint_url();
    let proxy_url = client.config().proxy_url().map(str::to_owned);
    let retry_config = settings.retries.apply(client.config().retry_config());
    let user_agent = settings.user_agent.clone();
    Ok(Arc::new(Site {
        client,
        endpoint_url,
        proxy_url,
        retry_config,
        user_agent,
        classes,
        uses_http2: settings.uses_http2,
    }))
}

#[pymethods]
impl Client {
    /// Creates a client. `body` and `events` are the classes that wrap streaming bodies and event streams.
    /// `bidirectional` is the class that wraps streams in both directions.
    #[new]
    #[pyo3(signature = (settings, body, events, bidirectional=None))]
    fn new(
        settings: &Bound<'_, PyDict>,
        body: Py<PyAny>,
        events: Py<PyAny>,
        bidirectional: Option<Py<PyAny>>,
    ) -> PyResult<Self> {
        let py = settings.py();
        let settings = Settings::read(settings)?;
        let uses_http2 = settings.uses_http2();
        if uses_http2 {
            runtime::expect_http2();
        }
        let (retries, user_agent) = (settings.retry_overrides()?, settings.user_agent()?);
        let settings = SiteSettings { builder: settings.builder(py)?, retries, user_agent, uses_http2 };
        let classes = Arc::new(Classes { body, events, bidirectional });
        let site = create(&settings, classes.clone()).map_err(|error| errors::of_config(py, &error))?;
        Ok(Self { settings, classes, site: PerProcess::of(site), is_closed: AtomicBool::new(false) })
    }

    /// Makes a call on this thread. `spans` records its spans.
    #[pyo3(signature = (operation, arguments, spans=None))]
    fn call(
        &self,
        py: Python<'_>,
        operation: &str,
        arguments: &Bound<'_, PyDict>,
        spans: Option<&SpanRecorder>,
    ) -> PyResult<Py<PyAny>> {
        runtime::call(py, self.job(operation, arguments, spans)?)
    }

    /// Starts a call for an event loop. `spans` records its spans. Returns the id of the call in the queue.
    fn start(
        &self,
        operation: &str,
        arguments: &Bound<'_, PyDict>,
        spans: Option<&SpanRecorder>,
        queue: &Queue,
        future: Py<PyAny>,
    ) -> PyResult<u64> {
        queue.start(future, self.job(operation, arguments, spans)?)
    }

    /// Returns the region, or `None` if it is not set.
    #[getter]
    fn region_name(&self, py: Python<'_>) -> PyResult<Option<String>> {
        Ok(self.site(py)?.client.config().region().map(str::to_owned))
    }

    /// Returns the URL of the endpoint.
    #[getter]
    fn endpoint_url(&self, py: Python<'_>) -> PyResult<String> {
        Ok(self.site(py)?.endpoint_url.clone())
    }

    /// Closes the client and its idle connections. Calls in progress go on, and further calls raise an exception.
    fn close(&self, py: Python<'_>) -> PyResult<()> {
        self.is_closed.store(true, Ordering::Release);
        self.site.take().map_or(Ok(()), |site| runtime::close(py, site))
    }
}
