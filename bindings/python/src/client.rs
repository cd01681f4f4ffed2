//! The native client. The Python classes `Client` and `AsyncClient` wrap it.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use invoke_model_client::{
    AdaptiveRateLimiter, Client as CoreClient, ConfigBuilder, ConfigError, FailoverError, visit_operation,
};
use pyo3::exceptions::{PyAttributeError, PyRuntimeError, PyValueError};
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyList};

use crate::bulk::{self, BulkRun, BulkSettings};
use crate::config::{RetryOverrides, Settings};
use crate::errors;
use crate::failover::Targets;
use crate::hooks::{self, HookQueue, HookedJob, Interceptor};
use crate::operation::{CallSettings, Classes, Prepare, ProcessClient};
use crate::options::{self, CallOptions, Tags};
use crate::queue::Queue;
use crate::quota::Limiter;
use crate::runtime::{self, Job, PerProcess};
use crate::spans::{SpanRecorder, recorded};

/// A client. It can be used by several threads and event loops at the same time.
#[pyclass(frozen, module = "invoke_model._native")]
pub(crate) struct Client {
    shared: Arc<Shared>,
    /// The options of the calls. `None` if there are none.
    options: Option<Arc<CallOptions>>,
    /// `true` if the client, a target or the options have interceptors.
    has_interceptors: bool,
}

/// The state that a client shares with its copies that have other options.
struct Shared {
    settings: ProcessClientSettings,
    classes: Arc<Classes>,
    process_client: PerProcess<Arc<ProcessClient>>,
    is_closed: AtomicBool,
}

/// The settings from which the client of a process is created.
enum ProcessClientSettings {
    Client(Box<ClientSettings>),
    Failover(Targets),
}

struct ClientSettings {
    builder: ConfigBuilder,
    retries: RetryOverrides,
    user_agent: Option<String>,
    uses_http2: bool,
    options: CallOptions,
    quotas: Option<Arc<Limiter>>,
}

impl Shared {
    /// Creates the client of this process.
    fn new(settings: ProcessClientSettings, classes: Arc<Classes>) -> Result<Self, ProcessClientError> {
        let (process_client, is_closed) = (PerProcess::new(), AtomicBool::new(false));
        let shared = Self { settings, classes, process_client, is_closed };
        shared.process_client()?;
        Ok(shared)
    }

    /// Returns the client of this process. A forked child does not use the connections and locks of its parent.
    fn process_client(&self) -> Result<Arc<ProcessClient>, ProcessClientError> {
        if self.is_closed.load(Ordering::Acquire) {
            return Err(ProcessClientError::Closed);
        }
        self.process_client.get(|| match &self.settings {
            ProcessClientSettings::Client(settings) => {
                create(settings, self.classes.clone()).map_err(ProcessClientError::Config)
            }
            ProcessClientSettings::Failover(targets) => targets.process_client().map(Arc::new),
        })
    }
}

/// The reason why a process has no client.
#[derive(Debug)]
pub(crate) enum ProcessClientError {
    Closed,
    Config(ConfigError),
    Failover(FailoverError),
}

impl ProcessClientError {
    fn into_exception(self, py: Python<'_>) -> PyErr {
        match self {
            Self::Closed => PyRuntimeError::new_err("the client is closed: create a new client"),
            Self::Config(error) => errors::of_config(py, &error),
            Self::Failover(error) => PyValueError::new_err(format!("targets: {error}")),
        }
    }
}

impl Client {
    /// Returns the client of this process.
    pub(crate) fn process_client(&self) -> Result<Arc<ProcessClient>, ProcessClientError> {
        self.shared.process_client()
    }

    pub(crate) fn classes(&self) -> Arc<Classes> {
        self.shared.classes.clone()
    }

    /// Returns a client for calls with options.
    ///
    /// # Errors
    /// Returns an error if the quota limiter has no limits for the tags.
    fn with(py: Python<'_>, shared: Arc<Shared>, options: Option<Arc<CallOptions>>) -> PyResult<Self> {
        let process_client = shared.process_client().map_err(|error| error.into_exception(py))?;
        let mut has_interceptors = options.as_ref().is_some_and(|options| !options.interceptors.is_empty());
        for process_client in process_client.clients() {
            has_interceptors |= !process_client.options.interceptors.is_empty();
            if let Some(quotas) = &process_client.quotas {
                let tags = options.iter().map(|options| &options.tags).chain([&process_client.options.tags]);
                quotas.find_limits(py, tags)?;
            }
        }
        Ok(Self { shared, options, has_interceptors })
    }

    /// Returns the job of a call. If there are interceptors, also returns the hooks that the caller runs.
    fn job(
        &self,
        operation: &str,
        arguments: &Bound<'_, PyDict>,
        spans: Option<&SpanRecorder>,
    ) -> PyResult<(Job, Option<Arc<HookQueue>>)> {
        let py = arguments.py();
        let process_client = self.process_client().map_err(|error| error.into_exception(py))?;
        let hook_queue = self.has_interceptors.then(Arc::<HookQueue>::default);
        let settings = CallSettings { options: self.options.clone(), hook_queue: hook_queue.clone() };
        let job = visit_operation(operation, Prepare { process_client, settings, arguments });
        let unknown = || Err(PyAttributeError::new_err(format!("no operation `{operation}`")));
        Ok((recorded(job.unwrap_or_else(unknown)?, spans.cloned()), hook_queue))
    }
}

fn create(settings: &ClientSettings, classes: Arc<Classes>) -> Result<Arc<ProcessClient>, ConfigError> {
    let mut builder = settings.builder.clone();
    if let Some(quotas) = &settings.quotas {
        builder = builder.quota_limiter(quotas.limiter());
    }
    let client = CoreClient::new(builder)?;
    let endpoint_url = client.config().endpoint_url().into();
    let proxy_url = client.config().proxy_url().map(str::to_owned);
    let retry_config = settings.retries.apply(client.config().retry_config());
    Ok(Arc::new(ProcessClient {
        client,
        endpoint_url,
        proxy_url,
        retry_config,
        user_agent: settings.user_agent.clone(),
        classes,
        uses_http2: settings.uses_http2,
        options: settings.options.clone(),
        quotas: settings.quotas.clone(),
        targets: None,
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
        let (options, quotas) = (settings.call_options(), settings.quotas()?);
        let builder = settings.builder(py)?;
        let settings = ClientSettings { builder, retries, user_agent, uses_http2, options, quotas };
        let classes = Arc::new(Classes { body, events, bidirectional });
        let shared = Shared::new(ProcessClientSettings::Client(Box::new(settings)), classes);
        Self::with(py, Arc::new(shared.map_err(|error| error.into_exception(py))?), None)
    }

    /// Creates a client whose calls go to targets: tuples of a name, a client and a model id.
    #[staticmethod]
    fn failover(
        py: Python<'_>,
        targets: Vec<(String, Py<Self>, Option<String>)>,
        settings: &Bound<'_, PyDict>,
    ) -> PyResult<Self> {
        let targets = Targets::read(targets, settings)?;
        let classes = targets.classes();
        let shared = Shared::new(ProcessClientSettings::Failover(targets), classes);
        Self::with(py, Arc::new(shared.map_err(|error| error.into_exception(py))?), None)
    }

    /// Returns a client with further options for its calls. It shares everything else with this client.
    #[pyo3(signature = (tags=None, interceptors=Vec::new()))]
    fn with_options(
        &self,
        py: Python<'_>,
        tags: Option<&Bound<'_, PyDict>>,
        interceptors: Vec<Interceptor>,
    ) -> PyResult<Self> {
        let tags = tags.map_or_else(|| Ok(Tags::new()), options::tags)?;
        let old = self.options.as_deref().cloned().unwrap_or_default();
        let options = old.with(tags, hooks::interceptors(interceptors));
        Self::with(py, self.shared.clone(), Some(Arc::new(options)))
    }

    /// Returns the state of each target. The list is empty if the calls have no targets.
    fn target_status<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyList>> {
        let process_client = self.process_client().map_err(|error| error.into_exception(py))?;
        process_client.targets.as_ref().map_or_else(|| Ok(PyList::empty(py)), |targets| targets.status(py))
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
        match self.job(operation, arguments, spans)? {
            (job, None) => runtime::call(py, job),
            (job, Some(hook_queue)) => HookedJob::new(job, hook_queue).call(py),
        }
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
        let job = match self.job(operation, arguments, spans)? {
            (job, None) => job,
            (job, Some(hook_queue)) => HookedJob::new(job, hook_queue).step(),
        };
        queue.start(future, job)
    }

    /// Starts a bulk run. `Client.bulk` of `invoke_model.client` documents the settings.
    fn bulk(&self, settings: &Bound<'_, PyDict>) -> PyResult<BulkRun> {
        let py = settings.py();
        let settings = BulkSettings::read(settings)?;
        let process_client = self.process_client().map_err(|error| error.into_exception(py))?;
        let ProcessClientSettings::Client(client) = &self.shared.settings else {
            let text = "bulk: a failover client has no bulk runs: use the client of a target";
            return Err(PyValueError::new_err(text));
        };
        if self.has_interceptors {
            let text = "bulk: interceptors do not run in bulk runs: use a client without interceptors";
            return Err(PyValueError::new_err(text));
        }
        if settings.has_limits && client.quotas.is_some() {
            let text = "bulk: the client has a quota limiter: set all limits there";
            return Err(PyValueError::new_err(text));
        }
        let tags = self.options.iter().flat_map(|options| options.tags.clone()).collect::<Vec<_>>();
        BulkRun::start(py, settings, process_client.clone(), |limiter| {
            let mut builder = client
                .builder
                .clone()
                .retry_config(process_client.retry_config)
                .adaptive_rate_limiter(AdaptiveRateLimiter::new());
            if let Some(limiter) = limiter.or_else(|| Some(client.quotas.as_ref()?.limiter())) {
                builder = builder.quota_limiter(limiter);
            }
            if let Some(agent) = client.user_agent.as_deref().and_then(bulk::user_agent) {
                builder = builder.interceptor(agent);
            }
            let builder = tags.iter().fold(builder, |builder, (key, value)| builder.tag(key, value));
            CoreClient::new(builder).map_err(|error| errors::of_config(py, &error))
        })
    }

    /// Returns the region, or `None` if it is not set.
    #[getter]
    fn region_name(&self, py: Python<'_>) -> PyResult<Option<String>> {
        Ok(self
            .process_client()
            .map_err(|error| error.into_exception(py))?
            .client
            .config()
            .region()
            .map(str::to_owned))
    }

    /// Returns the URL of the endpoint.
    #[getter]
    fn endpoint_url(&self, py: Python<'_>) -> PyResult<String> {
        Ok(self.process_client().map_err(|error| error.into_exception(py))?.endpoint_url.to_string())
    }

    /// Closes the client and its idle connections. Calls in progress go on, and further calls raise an exception.
    fn close(&self, py: Python<'_>) -> PyResult<()> {
        self.shared.is_closed.store(true, Ordering::Release);
        self.shared.process_client.take().map_or(Ok(()), |process_client| runtime::close(py, process_client))
    }
}
