//! Quota limiters from Python: limits, keys, budgets, prices, and a store that processes share.

use std::collections::HashMap;
use std::convert::Infallible;
use std::sync::{Arc, Mutex};

use invoke_model_client::{
    MemoryQuotaStore, PriceTable, QuotaLimiter as CoreLimiter, QuotaLimiterBuilder, QuotaLimits,
};
use pyo3::exceptions::{PyTypeError, PyValueError};
use pyo3::prelude::*;
use pyo3::types::PyDict;

use crate::config::{COUNT, SECONDS, TEXT, setting};
use crate::custom_store::CustomStore;
use crate::errors::seconds;
use crate::limits::{limits, limits_in};
use crate::options::Tags;
use crate::quota_store::{OpenStore, Store};
use crate::runtime::{self, PerProcess};
use crate::slot::lock;

/// A quota limiter. The Python class `QuotaLimiter` wraps it.
#[pyclass(frozen, module = "invoke_model._native")]
pub(crate) struct QuotaLimiter(Arc<Limiter>);

/// The settings of a limiter, and the limiter of this process.
#[derive(Debug)]
pub(crate) struct Limiter {
    builder: QuotaLimiterBuilder,
    store: Option<SharedStore>,
    tags: Vec<TagLimits>,
    /// A child that was forked creates its own limiter. The threads that hold a lock of the limiter, and the thread of a
    /// store, exist only in the parent.
    process: PerProcess<InProcess>,
}

/// A store that limiters share.
#[derive(Debug)]
enum SharedStore {
    Redis(Store),
    Custom(CustomStore),
}

#[derive(Clone, Debug)]
struct InProcess {
    limiter: CoreLimiter,
    /// The store in Redis. `None` if the limiter has another store.
    store: Option<OpenStore>,
}

/// The limits for the values of a tag.
#[derive(Debug)]
struct TagLimits {
    tag: String,
    /// A dictionary by value, or a function of the value.
    source: Py<PyAny>,
    /// The limits of the values that calls have used. The Rust client reads only these, because it holds a lock in the
    /// meantime, and Python code could wait for this lock.
    known: Arc<Mutex<HashMap<String, QuotaLimits>>>,
}

/// The key of a dictionary of limits that applies to all other values. It is not a valid value of a tag.
const OTHER_VALUES: &str = "*";

impl QuotaLimiter {
    pub(crate) fn limiter(&self) -> Arc<Limiter> {
        self.0.clone()
    }
}

impl Limiter {
    pub(crate) fn new(builder: QuotaLimiterBuilder) -> Self {
        Self { builder, store: None, tags: Vec::new(), process: PerProcess::new() }
    }

    /// Returns the limiter of this process.
    pub(crate) fn limiter(&self) -> CoreLimiter {
        self.in_process().limiter
    }

    fn in_process(&self) -> InProcess {
        let created: Result<_, Infallible> = self.process.get(|| Ok(self.create()));
        match created {
            Ok(created) => created,
            Err(never) => match never {},
        }
    }

    fn create(&self) -> InProcess {
        let builder = self.builder.clone();
        let store = match &self.store {
            Some(SharedStore::Redis(store)) => store.open(),
            _ => None,
        };
        let builder = match (&store, &self.store) {
            (Some(redis), _) => redis.add_to(builder),
            (None, Some(SharedStore::Custom(store))) => builder.store(store.clone()),
            (None, _) => builder.memory_store(&MemoryQuotaStore::default()),
        };
        InProcess { limiter: builder.build(), store }
    }

    /// Finds the limits for the tags of a call. Earlier tags replace later tags with the same key.
    ///
    /// # Errors
    /// Returns an error if the program has no limits for a value.
    pub(crate) fn find_limits<'a>(
        &self,
        py: Python<'_>,
        tags: impl Iterator<Item = &'a Tags> + Clone,
    ) -> PyResult<()> {
        for of_tag in &self.tags {
            let Some(value) = tags.clone().find_map(|tags| tags.get(&of_tag.tag)) else { continue };
            if !lock(&of_tag.known).contains_key(value) {
                let found = of_tag.find(py, value)?;
                lock(&of_tag.known).insert(value.clone(), found);
            }
        }
        Ok(())
    }
}

impl SharedStore {
    /// Returns a store from its settings, or from an object with the methods of a store.
    fn read(store: &Bound<'_, PyAny>) -> PyResult<Self> {
        match CustomStore::new(store)? {
            Some(custom) => Ok(Self::Custom(custom)),
            None => Store::read(store).map(Self::Redis),
        }
    }
}

impl TagLimits {
    fn find(&self, py: Python<'_>, value: &str) -> PyResult<QuotaLimits> {
        let name = format!("keys_of_tags: {}={value}", self.tag);
        let source = self.source.bind(py);
        let found = match source.cast::<PyDict>() {
            Ok(dict) => match dict.get_item(value)? {
                Some(found) => found,
                None => dict.get_item(OTHER_VALUES)?.ok_or_else(|| {
                    let text =
                        format!("{name}: no limits: add the value, or {OTHER_VALUES:?} for all other values");
                    PyValueError::new_err(text)
                })?,
            },
            Err(_) => source.call1((value,))?,
        };
        limits(&name, &found)
    }
}

#[pymethods]
impl QuotaLimiter {
    /// Creates a limiter from its settings. `QuotaLimiter` of `invoke_model` documents them.
    #[new]
    fn new(settings: &Bound<'_, PyDict>) -> PyResult<Self> {
        let mut builder = CoreLimiter::builder();
        let own = limits_in(settings, "")?;
        if let Some(number) = own.max_concurrency {
            builder = builder.max_concurrency(number);
        }
        if let Some(number) = own.requests_per_minute {
            builder = builder.requests_per_minute(number);
        }
        if let Some(number) = own.tokens_per_minute {
            builder = builder.tokens_per_minute(number);
        }
        if let Some(budget) = own.budget {
            builder = builder.budget(budget);
        }
        for (name, value) in dict(settings, "keys")? {
            builder = builder.key(name.as_str(), limits(&format!("keys: {name}"), &value)?);
        }
        let mut tags = Vec::new();
        for (tag, source) in dict(settings, "keys_of_tags")? {
            let of_tag = tag_limits(tag, source)?;
            let known = of_tag.known.clone();
            builder = builder.key_of_tag(of_tag.tag.as_str(), move |value| {
                lock(&known).get(value).copied().unwrap_or_default()
            });
            tags.push(of_tag);
        }
        if let Some(json) = setting::<String>(settings, "", "price_table", TEXT)? {
            let prices = PriceTable::from_json(&json);
            builder = builder.price_table(prices.map_err(|error| PyValueError::new_err(error.to_string()))?);
        }
        if let Some(weight) = setting(settings, "", "output_token_weight", COUNT)? {
            builder = builder.output_token_weight(weight);
        }
        if let Some(tokens) = setting(settings, "", "default_output_tokens", COUNT)? {
            builder = builder.default_output_tokens(tokens);
        }
        if let Some(time) = setting(settings, "", "max_wait", SECONDS)? {
            builder = builder.max_wait(seconds("max_wait", time)?);
        }
        let store = settings.get_item("store")?.filter(|store| !store.is_none());
        let store = store.map(|store| SharedStore::read(&store)).transpose()?;
        Ok(Self(Arc::new(Limiter { store, tags, ..Limiter::new(builder) })))
    }

    /// Returns the current usage as a dictionary.
    fn usage<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyDict>> {
        // A call holds a lock of the limiter while it looks for its key.
        let (usage, is_in_outage) = py.detach(|| {
            let InProcess { limiter, store } = self.0.in_process();
            (limiter.usage(), store.is_some_and(|store| store.is_in_outage()))
        });
        let dict = PyDict::new(py);
        dict.set_item("in_flight", usage.in_flight)?;
        dict.set_item("waiting", usage.waiting)?;
        dict.set_item("requests", usage.requests)?;
        dict.set_item("tokens", usage.tokens)?;
        dict.set_item("is_in_outage", is_in_outage)?;
        Ok(dict)
    }

    /// Waits until the store knows the outcomes of all requests that have ended.
    fn flush(&self, py: Python<'_>) -> PyResult<()> {
        match self.0.in_process().store {
            Some(store) => runtime::wait(py, Box::pin(async move { store.flush().await })),
            None => Ok(()),
        }
    }
}

/// Returns the items of a dictionary with text as keys.
fn dict<'py>(settings: &Bound<'py, PyDict>, name: &str) -> PyResult<Vec<(String, Bound<'py, PyAny>)>> {
    let Some(found) = setting::<Bound<'py, PyDict>>(settings, "", name, "a dict")? else {
        return Ok(Vec::new());
    };
    let item = |(key, value): (Bound<'py, PyAny>, _)| match key.extract::<String>() {
        Ok(key) => Ok((key, value)),
        Err(_) => {
            Err(PyTypeError::new_err(format!("{name}: expected text as key, not {}", key.get_type().name()?)))
        }
    };
    found.iter().map(item).collect()
}

/// Returns the limits for the values of a tag. Checks all limits of a dictionary.
fn tag_limits(tag: String, source: Bound<'_, PyAny>) -> PyResult<TagLimits> {
    match source.cast::<PyDict>() {
        Ok(dict) => {
            for (value, found) in dict {
                limits(&format!("keys_of_tags: {tag}={value}"), &found)?;
            }
        }
        Err(_) if source.is_callable() => {}
        Err(_) => {
            let found = source.get_type().name()?;
            let text = format!("keys_of_tags: {tag}: expected a dict or a function, not {found}");
            return Err(PyTypeError::new_err(text));
        }
    }
    Ok(TagLimits { tag, source: source.unbind(), known: Arc::default() })
}
