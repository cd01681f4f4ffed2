//! The `tracing` spans of a call. The Python module `invoke_model._otel` passes them to OpenTelemetry.
//!
//! The client opens its spans while the job of a call is polled, so a thread-local variable contains the recorder of the
//! call. Calls without a recorder open no spans.

use std::cell::RefCell;
use std::fmt::Debug;
use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Mutex, OnceLock};
use std::task::{Context as TaskContext, Poll};
use std::time::{SystemTime, UNIX_EPOCH};

use invoke_model_credentials::TimeSource;
use pyo3::prelude::*;
use pyo3::types::PyDict;
use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id, Record};
use tracing::subscriber::Interest;
use tracing::{Dispatch, Metadata, Subscriber};
use tracing_subscriber::Registry;
use tracing_subscriber::layer::{Context, Layer, SubscriberExt as _};
use tracing_subscriber::registry::LookupSpan;

use crate::runtime::{Job, Outcome};
use crate::slot::lock;

/// The crate whose spans are recorded.
const CRATE: &str = "invoke_model_client";

/// The recorder of the spans of one call.
#[pyclass(frozen, module = "invoke_model._native")]
#[derive(Clone, Default)]
pub(crate) struct SpanRecorder(Arc<Mutex<Vec<Arc<Mutex<RecordedSpan>>>>>);

/// A span.
struct RecordedSpan {
    /// The name in the source code: `call` or `attempt`.
    name: &'static str,
    fields: Vec<(&'static str, Value)>,
    start: SystemTime,
    /// The end, or `None` before the end.
    end: Option<SystemTime>,
}

#[derive(Clone, IntoPyObject)]
enum Value {
    Bool(bool),
    Integer(i64),
    Float(f64),
    Text(String),
}

/// The name, the fields, the start and the end of a span, both in nanoseconds since 1970.
type PythonSpan<'py> = (&'static str, Bound<'py, PyDict>, u64, Option<u64>);

#[pymethods]
impl SpanRecorder {
    #[new]
    fn new() -> Self {
        Self::default()
    }

    /// Returns the spans in the order in which they were opened, and removes them. The first span is that of the call.
    fn take<'py>(&self, py: Python<'py>) -> PyResult<Vec<PythonSpan<'py>>> {
        let spans = std::mem::take(&mut *lock(&self.0));
        let convert = |span: Arc<Mutex<RecordedSpan>>| {
            let span = lock(&span);
            let fields = PyDict::new(py);
            for (name, value) in &span.fields {
                fields.set_item(name, value.clone())?;
            }
            Ok((span.name, fields, nanoseconds(span.start), span.end.map(nanoseconds)))
        };
        spans.into_iter().map(convert).collect()
    }
}

fn nanoseconds(time: SystemTime) -> u64 {
    let since = time.duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since.as_nanos()).unwrap_or(u64::MAX)
}

/// Returns a job whose spans `recorder` records. Without a recorder, returns the job itself.
pub(crate) fn recorded(job: Job, recorder: Option<SpanRecorder>) -> Job {
    match recorder {
        Some(recorder) => Box::pin(Recorded { job, recorder }),
        None => job,
    }
}

struct Recorded {
    job: Job,
    recorder: SpanRecorder,
}

thread_local! {
    /// The recorder of the job that this thread polls.
    static CURRENT: RefCell<Option<SpanRecorder>> = const { RefCell::new(None) };
}

/// Removes the recorder from `CURRENT`, also after a panic.
struct Remove;

impl Drop for Remove {
    fn drop(&mut self) {
        CURRENT.set(None);
    }
}

impl Future for Recorded {
    type Output = Outcome;

    fn poll(mut self: Pin<&mut Self>, cx: &mut TaskContext<'_>) -> Poll<Outcome> {
        let this = &mut *self;
        CURRENT.set(Some(this.recorder.clone()));
        let _remove = Remove;
        tracing::dispatcher::with_default(dispatch(), || this.job.as_mut().poll(cx))
    }
}

fn dispatch() -> &'static Dispatch {
    static DISPATCH: OnceLock<Dispatch> = OnceLock::new();
    DISPATCH.get_or_init(|| {
        let recording = Recording { clock: TimeSource::default() };
        Dispatch::new(Registry::default().with(recording))
    })
}

/// Adds each span to the recorder of its call.
struct Recording {
    clock: TimeSource,
}

impl<S: Subscriber + for<'a> LookupSpan<'a>> Layer<S> for Recording {
    fn register_callsite(&self, metadata: &'static Metadata<'static>) -> Interest {
        match metadata.is_span() && metadata.target().starts_with(CRATE) {
            true => Interest::sometimes(),
            false => Interest::never(),
        }
    }

    fn enabled(&self, _: &Metadata<'_>, _: Context<'_, S>) -> bool {
        CURRENT.with_borrow(Option::is_some)
    }

    fn on_new_span(&self, attributes: &Attributes<'_>, id: &Id, context: Context<'_, S>) {
        let mut fields = Fields(Vec::new());
        attributes.record(&mut fields);
        let name = attributes.metadata().name();
        let span = RecordedSpan { name, fields: fields.0, start: self.clock.now(), end: None };
        let span = Arc::new(Mutex::new(span));
        CURRENT.with_borrow(|current| {
            if let (Some(recorder), Some(reference)) = (current, context.span(id)) {
                lock(&recorder.0).push(span.clone());
                reference.extensions_mut().insert(span);
            }
        });
    }

    fn on_record(&self, id: &Id, values: &Record<'_>, context: Context<'_, S>) {
        update(id, &context, |span| {
            let mut fields = Fields(std::mem::take(&mut span.fields));
            values.record(&mut fields);
            span.fields = fields.0;
        });
    }

    fn on_close(&self, id: Id, context: Context<'_, S>) {
        update(&id, &context, |span| span.end = Some(self.clock.now()));
    }
}

fn update<S: Subscriber + for<'a> LookupSpan<'a>>(
    id: &Id,
    context: &Context<'_, S>,
    change: impl FnOnce(&mut RecordedSpan),
) {
    if let Some(reference) = context.span(id) {
        if let Some(span) = reference.extensions().get::<Arc<Mutex<RecordedSpan>>>() {
            change(&mut lock(span));
        }
    }
}

struct Fields(Vec<(&'static str, Value)>);

impl Fields {
    /// Sets a field. The last value of a field counts.
    fn set(&mut self, field: &Field, value: Value) {
        match self.0.iter_mut().find(|(name, _)| *name == field.name()) {
            Some((_, old)) => *old = value,
            None => self.0.push((field.name(), value)),
        }
    }
}

impl Visit for Fields {
    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        self.set(field, Value::Text(format!("{value:?}")));
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        self.set(field, Value::Text(value.to_owned()));
    }

    fn record_bool(&mut self, field: &Field, value: bool) {
        self.set(field, Value::Bool(value));
    }

    fn record_f64(&mut self, field: &Field, value: f64) {
        self.set(field, Value::Float(value));
    }

    fn record_i64(&mut self, field: &Field, value: i64) {
        self.set(field, Value::Integer(value));
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        // OpenTelemetry has no unsigned integers.
        self.set(field, Value::Integer(i64::try_from(value).unwrap_or(i64::MAX)));
    }
}
