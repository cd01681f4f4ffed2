//! Stores of a quota limiter that are Python objects, and the store in memory for Python.

use std::collections::HashMap;
use std::fmt::Display;
use std::sync::{Arc, Mutex};

use invoke_model_client::{
    MemoryQuotaStore as CoreStore, QuotaDecision, QuotaKey, QuotaLimit, QuotaOutcome, QuotaRequest,
    QuotaReservation, QuotaStore, QuotaStoreError,
};
use invoke_model_transport::BoxFuture;
use pyo3::exceptions::{PyTypeError, PyValueError};
use pyo3::intern;
use pyo3::prelude::*;
use pyo3::types::{PyCFunction, PyDict, PyTuple};
use tokio::sync::oneshot;

use crate::config::setting;
use crate::errors::seconds;
use crate::limits::{limits, of_limits};
use crate::slot::lock;

/// The names of the limits in a decision.
const LIMITS: [QuotaLimit; 3] =
    [QuotaLimit::Concurrency, QuotaLimit::RequestsPerMinute, QuotaLimit::TokensPerMinute];

/// The names of the outcomes of a request.
const USED: &str = "used";
const NOT_SENT: &str = "not sent";
const UNKNOWN: &str = "unknown";

/// A store that is a Python object. `QuotaStore` of `invoke_model.quotas` documents its methods.
#[derive(Clone, Debug)]
pub(crate) struct CustomStore {
    object: Arc<Py<PyAny>>,
    /// The name in errors.
    name: Arc<str>,
}

type Decision = Result<QuotaDecision, QuotaStoreError>;

impl CustomStore {
    /// Returns the store, or `None` if the object has no method `acquire`.
    pub(crate) fn new(object: &Bound<'_, PyAny>) -> PyResult<Option<Self>> {
        if !object.hasattr("acquire")? {
            return Ok(None);
        }
        let name = object.get_type().name()?.to_string().into();
        Ok(Some(Self { object: Arc::new(object.clone().unbind()), name }))
    }

    /// Calls `acquire` of the object. Passes the decision to `sender`, immediately or when the future is done.
    fn start(
        &self,
        py: Python<'_>,
        request: &QuotaRequest,
        sender: oneshot::Sender<Decision>,
    ) -> PyResult<()> {
        let decision =
            self.object.bind(py).call_method1(intern!(py, "acquire"), (of_request(py, request)?,))?;
        let (store, keys) = (self.clone(), request.keys.clone());
        let add_done_callback = decision.getattr_opt(intern!(py, "add_done_callback"))?;
        let Some(add_done_callback) = add_done_callback else {
            // If the receiver no longer exists, the reservation in the decision is dropped, and does not count.
            drop(sender.send(store.decision(&keys, &decision)));
            return Ok(());
        };
        let sender = Mutex::new(Some(sender));
        let done = move |arguments: &Bound<'_, PyTuple>, _: Option<&Bound<'_, PyDict>>| -> PyResult<()> {
            let decision = match arguments.get_item(0)?.call_method0("result") {
                Ok(decision) => store.decision(&keys, &decision),
                Err(error) => Err(store.unavailable(error)),
            };
            if let Some(sender) = lock(&sender).take() {
                drop(sender.send(decision));
            }
            Ok(())
        };
        add_done_callback.call1((PyCFunction::new_closure(py, None, None, done)?,))?;
        Ok(())
    }

    /// Reads a decision.
    fn decision(&self, keys: &[QuotaKey], decision: &Bound<'_, PyAny>) -> Decision {
        self.read_decision(keys, decision).unwrap_or_else(|error| Err(self.failed(error)))
    }

    fn read_decision(&self, keys: &[QuotaKey], decision: &Bound<'_, PyAny>) -> PyResult<Decision> {
        let Ok(decision) = decision.cast::<PyDict>() else {
            let found = decision.get_type().name()?;
            return Err(PyTypeError::new_err(format!("acquire: expected a dict or a future, not {found}")));
        };
        if let Some(reservation) = decision.get_item("reservation")? {
            let (store, reservation) = (self.clone(), reservation.unbind());
            let end = move |outcome| store.end(&reservation, outcome);
            return Ok(Ok(QuotaDecision::Admitted(QuotaReservation::new(end))));
        }
        let time = |name| {
            let time = setting::<f64>(decision, "acquire: ", name, "a number of seconds")?;
            time.map(|time| seconds(name, time)).transpose()
        };
        if let Some(remaining) = time("restarted")? {
            return Ok(Err(QuotaStoreError::Restarted { store: self.name.to_string(), remaining }));
        }
        let name: Option<String> = setting(decision, "acquire: ", "key", "text")?;
        let key = keys.iter().position(|key| Some(&*key.name) == name.as_deref()).ok_or_else(|| {
            PyValueError::new_err("acquire: expected \"reservation\", \"restarted\" or the name of a \"key\"")
        })?;
        if let Some(used) = setting(decision, "acquire: ", "used", "a number")? {
            return Ok(Ok(QuotaDecision::OverBudget { key, used }));
        }
        let name: Option<String> = setting(decision, "acquire: ", "limit", "text")?;
        let limit = LIMITS.into_iter().find(|limit| Some(limit.to_string()) == name);
        match (limit, time("retry_after")?) {
            (Some(limit), Some(retry_after)) => Ok(Ok(QuotaDecision::Blocked { key, limit, retry_after })),
            _ => Err(PyValueError::new_err("acquire: expected \"used\", or \"limit\" and \"retry_after\"")),
        }
    }

    /// Calls `end` of the object with the outcome of a request.
    fn end(&self, reservation: &Py<PyAny>, outcome: QuotaOutcome) {
        let (outcome, tokens, cost) = match outcome {
            QuotaOutcome::Used { tokens, cost } => (USED, tokens, cost),
            QuotaOutcome::NotSent => (NOT_SENT, 0, 0),
            _ => (UNKNOWN, 0, 0),
        };
        // While the interpreter ends, the process has no further use for the reservation.
        Python::try_attach(|py| {
            let object = self.object.bind(py);
            if let Err(error) = object.call_method1(intern!(py, "end"), (reservation, outcome, tokens, cost))
            {
                error.write_unraisable(py, Some(object));
            }
        });
    }

    fn unavailable(&self, error: PyErr) -> QuotaStoreError {
        QuotaStoreError::Unavailable { store: self.name.to_string(), reason: error.to_string() }
    }

    fn failed(&self, error: impl Display) -> QuotaStoreError {
        QuotaStoreError::Failed { store: self.name.to_string(), reason: error.to_string() }
    }
}

impl QuotaStore for CustomStore {
    fn acquire(&self, request: QuotaRequest) -> BoxFuture<Decision> {
        let store = self.clone();
        Box::pin(async move {
            let (sender, receiver) = oneshot::channel();
            let started = Python::try_attach(|py| {
                store.start(py, &request, sender).map_err(|error| store.failed(error))
            });
            started.unwrap_or_else(|| Err(store.failed("the interpreter ends")))?;
            receiver
                .await
                .unwrap_or_else(|_| Err(store.failed("acquire: the future was dropped before it was done")))
        })
    }
}

/// A store in memory. `MemoryQuotaStore` of `invoke_model.quotas` documents it.
#[pyclass(frozen, module = "invoke_model.quotas")]
pub(crate) struct MemoryQuotaStore {
    store: CoreStore,
    admitted: Mutex<Admitted>,
}

/// The requests that have not ended.
#[derive(Default)]
struct Admitted {
    next_id: u64,
    reservations: HashMap<u64, QuotaReservation>,
}

impl Admitted {
    /// Adds a reservation, and returns its id.
    fn add(&mut self, reservation: QuotaReservation) -> u64 {
        let id = self.next_id;
        self.next_id += 1;
        self.reservations.insert(id, reservation);
        id
    }
}

#[pymethods]
impl MemoryQuotaStore {
    #[new]
    fn new() -> Self {
        Self { store: CoreStore::default(), admitted: Mutex::default() }
    }

    /// Decides about a request.
    fn acquire<'py>(&self, request: &Bound<'py, PyDict>) -> PyResult<Bound<'py, PyDict>> {
        let py = request.py();
        let request = read_request(request)?;
        let decision = PyDict::new(py);
        let key = |key: usize| request.keys.get(key).map(|key| &*key.name);
        match self.store.decide(&request) {
            QuotaDecision::Admitted(reservation) => {
                let id = lock(&self.admitted).add(reservation);
                decision.set_item("reservation", id)?;
            }
            QuotaDecision::Blocked { key: index, limit, retry_after } => {
                decision.set_item("key", key(index))?;
                decision.set_item("limit", limit.to_string())?;
                decision.set_item("retry_after", retry_after.as_secs_f64())?;
            }
            QuotaDecision::OverBudget { key: index, used } => {
                decision.set_item("key", key(index))?;
                decision.set_item("used", used)?;
            }
            // This store makes no other decisions.
            _ => {}
        }
        Ok(decision)
    }

    /// Ends a request. Ignores a request that has already ended.
    #[pyo3(signature = (reservation, outcome, tokens = 0, cost = 0))]
    fn end(&self, reservation: u64, outcome: &str, tokens: u64, cost: u64) -> PyResult<()> {
        let outcome = match outcome {
            USED => QuotaOutcome::Used { tokens, cost },
            NOT_SENT => QuotaOutcome::NotSent,
            UNKNOWN => QuotaOutcome::Unknown,
            _ => {
                let text = format!("outcome: expected {USED:?}, {NOT_SENT:?} or {UNKNOWN:?}");
                return Err(PyValueError::new_err(text));
            }
        };
        let reservation = lock(&self.admitted).reservations.remove(&reservation);
        if let Some(reservation) = reservation {
            reservation.end(outcome);
        }
        Ok(())
    }

    fn __reduce__(&self) -> PyResult<()> {
        Err(PyTypeError::new_err("cannot pickle MemoryQuotaStore: create it in one process"))
    }
}

/// Returns a request as a dictionary. Its keys have the form of the setting `keys` of a limiter.
fn of_request<'py>(py: Python<'py>, request: &QuotaRequest) -> PyResult<Bound<'py, PyDict>> {
    let (dict, keys) = (PyDict::new(py), PyDict::new(py));
    for key in &*request.keys {
        keys.set_item(&*key.name, of_limits(py, &key.limits)?)?;
    }
    dict.set_item("keys", keys)?;
    dict.set_item("tokens", request.tokens)?;
    dict.set_item("cost", request.cost)?;
    Ok(dict)
}

fn read_request(dict: &Bound<'_, PyDict>) -> PyResult<QuotaRequest> {
    let count =
        |name| Ok::<_, PyErr>(setting::<u64>(dict, "request: ", name, "a number")?.unwrap_or_default());
    let keys = setting::<Bound<'_, PyDict>>(dict, "request: ", "keys", "a dict")?;
    let keys = keys.ok_or_else(|| PyValueError::new_err("request: `keys` is missing"))?;
    let key = |(name, value): (Bound<'_, PyAny>, _)| {
        let name: String = name.extract()?;
        Ok(QuotaKey::new(name.as_str(), limits(&format!("keys: {name}"), &value)?))
    };
    let keys = keys.iter().map(key).collect::<PyResult<Vec<_>>>()?;
    let mut request = QuotaRequest::new(keys.into(), count("tokens")?);
    request.cost = count("cost")?;
    Ok(request)
}
