//! Bulk runs from Python.
//!
//! A run makes its calls on a background thread, with a client of its own. The Python classes `BulkResults` and
//! `AsyncBulkResults` read the records of the caller, and wrap the native run.

use std::future::{poll_fn, ready};
use std::path::PathBuf;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Waker};

use http::header::USER_AGENT;
use http::{HeaderValue, request};
use invoke_model_bulk::{
    Bulk, BulkBuilder, BulkError, BulkLimits, BulkOperation, BulkResult, Progress, RecordSender,
    ResultReceiver, RunEnd, SendError,
};
use invoke_model_client::{
    Client as CoreClient, Intercept, InterceptorContext, InterceptorFuture, PriceTable,
};
use pyo3::exceptions::{PyOSError, PyRuntimeError, PyTypeError, PyValueError};
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyDict};
use tokio::sync::watch;
use tokio::task::AbortHandle;

use crate::config::{COUNT, FLAG, TEXT, setting};
use crate::errors::{self, SETTINGS};
use crate::operation::ProcessClient;
use crate::queue::Queue;
use crate::runtime::{self, Job, outcome};
use crate::slot::lock;

/// The percentiles of the summary.
const PERCENTILES: [(&str, f64); 4] = [("p50", 0.5), ("p90", 0.9), ("p99", 0.99), ("max", 1.0)];

/// A bulk run.
#[pyclass(frozen, module = "invoke_model._native")]
pub(crate) struct BulkRun {
    run: Arc<Run>,
    /// The process whose background thread makes the calls.
    pid: u32,
}

/// The channels of a run.
struct Run {
    /// `None` after the end of the input.
    sender: Mutex<Option<RecordSender>>,
    receiver: Mutex<ResultReceiver>,
    progress: Progress,
    stop: watch::Sender<bool>,
    end: watch::Receiver<Option<Arc<End>>>,
    task: AbortHandle,
    process_client: Arc<ProcessClient>,
    model_id: String,
    prices: Option<PriceTable>,
}

/// The outcome of the run.
type End = Result<RunEnd, BulkError>;

/// A result: the number of the record, its id, the output as JSON, and the code and the message of its error.
type RunResult<'py> = (usize, String, Option<Bound<'py, PyBytes>>, u16, Option<String>);

/// The settings of a run.
pub(crate) struct BulkSettings {
    model_id: String,
    builder: BulkBuilder,
    journal: Option<PathBuf>,
    limits: BulkLimits,
    prices: Option<PriceTable>,
    /// `true` if the settings contain a limit that needs a quota limiter.
    pub(crate) has_limits: bool,
}

impl BulkSettings {
    /// Reads the arguments of `bulk`. `Client.bulk` of `invoke_model.client` documents them.
    ///
    /// # Errors
    /// Returns a `TypeError` or a `ValueError` that names the argument.
    pub(crate) fn read(settings: &Bound<'_, PyDict>) -> PyResult<Self> {
        let text = |name| setting::<String>(settings, "", name, TEXT);
        let flag = |name| setting::<bool>(settings, "", name, FLAG).map(Option::unwrap_or_default);
        let count = |name| setting::<u64>(settings, "", name, COUNT);
        let invalid = |name: &str, problem: String| PyValueError::new_err(format!("{name}: {problem}"));
        let Some(model_id) = text("modelId")? else {
            return Err(PyTypeError::new_err("modelId: the id of the model is required"));
        };
        let operation: BulkOperation = match text("operation")? {
            Some(name) => name.parse().map_err(|problem| invalid("operation", problem))?,
            None => BulkOperation::default(),
        };
        let concurrency: Option<u32> = setting(settings, "", "max_concurrency", COUNT)?;
        let concurrency = concurrency.unwrap_or(16);
        if !(1..=10_000).contains(&concurrency) {
            return Err(invalid("max_concurrency", format!("expected 1 to 10000, not {concurrency}")));
        }
        let builder = Bulk::builder(&model_id)
            .operation(operation)
            .max_concurrency(concurrency as usize)
            .skip_invalid(flag("skip_invalid")?)
            .retry_errors(flag("retry_errors")?)
            .retry_ambiguous(flag("retry_ambiguous")?)
            .dedupe(flag("dedupe")?)
            .error_text(|error| errors::text(error, &SETTINGS))
            .on_warning(log_warning);
        let prices = match text("price_table")? {
            Some(json) => Some(
                PriceTable::from_json(&json).map_err(|error| invalid("price_table", error.to_string()))?,
            ),
            None => None,
        };
        if let Some(prices) = prices.as_ref().filter(|prices| !prices.has_price(&model_id)) {
            let problem = format!("the table has no price in {} for `{model_id}`", prices.currency());
            return Err(invalid("price_table", problem));
        }
        let requests: Option<u32> = setting(settings, "", "requests_per_minute", COUNT)?;
        let (tokens, total) = (count("tokens_per_minute")?, count("max_tokens_total")?);
        let cost: Option<f64> = setting(settings, "", "max_cost", "a number")?;
        let reserved = count("default_output_tokens")?;
        let mut limits = BulkLimits::default().default_output_tokens(reserved.unwrap_or_default());
        if let Some(requests) = requests {
            limits = limits.requests_per_minute(requests);
        }
        if let Some(tokens) = tokens {
            limits = limits.tokens_per_minute(tokens);
        }
        if let Some(tokens) = total {
            limits = limits.max_tokens_total(tokens);
        }
        if let Some(amount) = cost {
            if !(0.0..=1e9).contains(&amount) {
                return Err(invalid(
                    "max_cost",
                    format!("expected a number from 0 to 1000000000, not {amount}"),
                ));
            }
            if prices.is_none() || total.is_some() {
                return Err(invalid(
                    "max_cost",
                    "it needs `price_table`, and excludes `max_tokens_total`".to_owned(),
                ));
            }
            limits = limits.max_cost(amount);
        }
        if let Some(prices) = &prices {
            limits = limits.price_table(prices.clone());
        }
        Ok(Self {
            model_id,
            builder,
            journal: setting(settings, "", "journal", "a path")?,
            limits,
            prices,
            has_limits: requests.is_some() || tokens.or(total).or(reserved).is_some() || cost.is_some(),
        })
    }
}

/// Logs a warning of a run, for example that the disk is full.
fn log_warning(warning: &str) {
    // A failure to log does not concern the run. While the interpreter ends, nothing is logged.
    let _ = Python::try_attach(|py| -> PyResult<()> {
        py.import("invoke_model._log")?.call_method1("warn", (warning,)).map(drop)
    });
}

/// Sets the `User-Agent` header.
struct Agent(HeaderValue);

impl Intercept for Agent {
    fn before_sign<'a>(
        &'a self,
        request: &'a mut request::Parts,
        _: &'a mut InterceptorContext,
    ) -> InterceptorFuture<'a> {
        request.headers.insert(USER_AGENT, self.0.clone());
        Box::pin(ready(Ok(())))
    }
}

/// Returns an interceptor that sets the `User-Agent` header.
pub(crate) fn user_agent(text: &str) -> Option<impl Intercept + use<>> {
    HeaderValue::from_str(text).ok().map(Agent)
}

impl BulkRun {
    /// Opens the journal, and starts a run. `client` creates a client for its calls from the limits of the run.
    pub(crate) fn start(
        py: Python<'_>,
        settings: BulkSettings,
        process_client: Arc<ProcessClient>,
        client: impl FnOnce(Option<invoke_model_client::QuotaLimiter>) -> PyResult<CoreClient>,
    ) -> PyResult<Self> {
        let BulkSettings { model_id, builder, journal, limits, prices, has_limits } = settings;
        let opened = py.detach(|| builder.open_stream(journal.as_deref()));
        let (stream, sender, receiver) = opened.map_err(|error| exception(&error))?;
        let progress = stream.progress();
        let limiter = has_limits.then(|| limits.quota_limiter(&model_id, &progress).build());
        let client = client(limiter)?;
        let (stop, mut stopped) = watch::channel(false);
        let (set_end, end) = watch::channel(None);
        let task = runtime::bulk()?.spawn(async move {
            let stop = async move {
                // An error means that the Python object was dropped, so the program reads no further results.
                let _ = stopped.wait_for(|stopped| *stopped).await;
            };
            set_end.send_replace(Some(Arc::new(stream.run(&client, stop).await)));
        });
        let (sender, receiver) = (Mutex::new(Some(sender)), Mutex::new(receiver));
        let task = task.abort_handle();
        let run = Run { sender, receiver, progress, stop, end, task, process_client, model_id, prices };
        Ok(Self { run: Arc::new(run), pid: std::process::id() })
    }

    /// Returns the run.
    ///
    /// # Errors
    /// Returns an error in a forked child, whose locks may be held by threads of its parent.
    fn run(&self) -> PyResult<&Arc<Run>> {
        match self.pid == std::process::id() {
            true => Ok(&self.run),
            false => Err(PyRuntimeError::new_err(
                "the bulk run belongs to the parent process: call `bulk` in the child process",
            )),
        }
    }

    /// Returns a job that ends when `poll` is ready, or when the run has ended.
    fn until_ready(&self) -> PyResult<Job> {
        let run = self.run()?.clone();
        Ok(Box::pin(async move {
            poll_fn(|cx| lock(&run.receiver).poll_ready(cx)).await;
            outcome(|py| Ok(py.None()))
        }))
    }

    /// Returns a job that ends when the run has ended.
    fn until_end(&self) -> PyResult<Job> {
        let mut end = self.run()?.end.clone();
        Ok(Box::pin(async move {
            // An error means that the run was cancelled.
            let _ = end.wait_for(Option::is_some).await;
            outcome(|py| Ok(py.None()))
        }))
    }
}

impl Drop for BulkRun {
    fn drop(&mut self) {
        if self.run().is_err() {
            std::mem::forget(self.run.clone());
        }
    }
}

#[pymethods]
impl BulkRun {
    /// Returns `true` if the run accepts a record now.
    fn has_capacity(&self) -> PyResult<bool> {
        let run = self.run()?;
        Ok(!*run.stop.borrow() && lock(&run.sender).as_ref().is_some_and(RecordSender::has_capacity))
    }

    /// Sends the line of a record. Returns `false` if the line is blank, or if the run has ended.
    fn send(&self, py: Python<'_>, line: &[u8]) -> PyResult<bool> {
        let run = self.run()?;
        let send = || lock(&run.sender).as_mut().map(|sender| sender.try_send_line(line));
        match py.detach(send).unwrap_or(Err(SendError::Ended)) {
            Ok(is_accepted) => Ok(is_accepted),
            Err(SendError::Ended) => Ok(false),
            Err(error) => Err(PyValueError::new_err(error.to_string())),
        }
    }

    /// Ends the input.
    fn end_input(&self) -> PyResult<()> {
        drop(lock(&self.run()?.sender).take());
        Ok(())
    }

    /// Returns the next result, or `None` if it has not arrived, or if there are no further results.
    fn poll<'py>(&self, py: Python<'py>) -> PyResult<Option<RunResult<'py>>> {
        let mut context = Context::from_waker(Waker::noop());
        let polled = lock(&self.run()?.receiver).poll_recv(&mut context);
        let Poll::Ready(Some(result)) = polled else { return Ok(None) };
        let BulkResult { index, record_id, output, .. } = result;
        Ok(Some(match output {
            Ok(output) => (index, record_id, Some(PyBytes::new(py, output.get().as_bytes())), 0, None),
            Err(failure) => (index, record_id, None, failure.error_code, Some(failure.error_message)),
        }))
    }

    /// Waits on this thread until `poll` has a result, or until the run has ended.
    fn wait(&self, py: Python<'_>) -> PyResult<Py<PyAny>> {
        runtime::run(py, self.until_ready()?)
    }

    /// Starts the same wait for an event loop.
    fn start_wait(&self, queue: &Queue, future: Py<PyAny>) -> PyResult<u64> {
        queue.start(future, self.until_ready()?)
    }

    /// Sends no further request. Does nothing in a forked child.
    fn stop(&self) {
        if let Ok(run) = self.run() {
            run.stop.send_replace(true);
        }
    }

    /// Waits on this thread until the calls in flight have ended.
    fn drain(&self, py: Python<'_>) -> PyResult<Py<PyAny>> {
        runtime::run(py, self.until_end()?)
    }

    /// Starts the same wait for an event loop.
    fn start_drain(&self, queue: &Queue, future: Py<PyAny>) -> PyResult<u64> {
        queue.start(future, self.until_end()?)
    }

    /// Cancels the calls in flight. Their records are ambiguous. Does nothing in a forked child.
    fn cancel(&self) {
        if let Ok(run) = self.run() {
            run.task.abort();
        }
    }

    /// Returns `true` if the run has ended, was cancelled, or belongs to another process.
    fn has_ended(&self) -> bool {
        let Ok(run) = self.run() else { return true };
        // The channel is closed if the run was cancelled.
        run.end.borrow().is_some() || run.end.has_changed().is_err()
    }

    /// Raises the exception that has ended the run. Does nothing if the run is complete or was stopped.
    fn raise_failure(&self, py: Python<'_>) -> PyResult<()> {
        let run = self.run()?;
        let Some(end) = run.end.borrow().clone() else { return Ok(()) };
        match &*end {
            Ok(
                RunEnd::OverBudget(error)
                | RunEnd::Throttled(error)
                | RunEnd::TooManyErrors(error)
                | RunEnd::Failed(error),
            ) => Err(run.process_client.exception(py, error)),
            Ok(_) => Ok(()),
            Err(error) => Err(exception(error)),
        }
    }

    /// Returns the numbers of the run as a dictionary.
    fn summary<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyDict>> {
        let run = self.run()?;
        let counts = run.progress.counts();
        let dict = PyDict::new(py);
        let end = run.end.borrow().clone();
        let end = match end.as_deref() {
            Some(Ok(end)) => Some(end.as_str()),
            Some(Err(_)) => Some("failed"),
            None if self.has_ended() => Some("cancelled"),
            None => None,
        };
        dict.set_item("end", end)?;
        dict.set_item("records", counts.records)?;
        dict.set_item("succeeded", counts.succeeded)?;
        dict.set_item("failed", counts.failed)?;
        dict.set_item("ambiguous", counts.ambiguous)?;
        dict.set_item("duplicates", counts.duplicates)?;
        dict.set_item("remaining", counts.remaining())?;
        dict.set_item("in_flight", counts.in_flight)?;
        dict.set_item("calls", counts.calls)?;
        dict.set_item("retries", counts.retries + counts.throttled)?;
        dict.set_item("input_tokens", counts.tokens.total_input())?;
        dict.set_item("output_tokens", counts.tokens.output)?;
        let cost = run.prices.as_ref().and_then(|prices| prices.cost(&run.model_id, &counts.tokens.usage()));
        dict.set_item("cost", cost)?;
        let seconds = PyDict::new(py);
        for (name, part) in PERCENTILES {
            if let Some(duration) = run.progress.duration(part) {
                seconds.set_item(name, duration.as_secs_f64())?;
            }
        }
        dict.set_item("call_seconds", seconds)?;
        dict.set_item("errors", run.progress.errors())?;
        Ok(dict)
    }
}

/// Returns the exception of a run that cannot start or continue.
fn exception(error: &BulkError) -> PyErr {
    match error {
        BulkError::Io { .. } => PyOSError::new_err(error.to_string()),
        _ => PyValueError::new_err(error.to_string()),
    }
}
