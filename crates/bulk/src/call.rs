//! The call of one record, or of several records that share a request.

use std::error::Error as StdError;
use std::future::{Future, ready};
use std::io;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use http::request;
use invoke_model_client::families::EmbeddingBatch;
use invoke_model_client::{
    Attempt, Client, Error, FailureClass, Intercept, InterceptorContext, InterceptorFuture, Metadata,
};
use serde_json::json;
use serde_json::value::RawValue;
use tokio::sync::watch;
use tokio::time::Instant;

use crate::bulk::BulkOperation;
use crate::journal::{Entry, Journal};
use crate::record::Record;
use crate::run::Context;

/// The output of each record of a call, and the metadata of the call.
type Outputs = Result<(Vec<Box<RawValue>>, Metadata), Error>;

/// A call that has ended.
pub(crate) struct Ended {
    pub(crate) records: Vec<Record>,
    /// The duration of the last attempt.
    pub(crate) duration: Duration,
    /// The output of each record, or `None` if the run was stopped before the request was sent.
    pub(crate) result: Option<Outputs>,
}

/// Records that share one request: one record, or several inputs of an embedding model.
pub(crate) struct Group {
    records: Vec<Record>,
    /// `None` if the first record cannot share its request.
    batch: Option<EmbeddingBatch>,
}

impl Group {
    pub(crate) fn new(model_id: &str, operation: BulkOperation, record: Record) -> Self {
        let can_share = operation == BulkOperation::InvokeModel && !record.is_alone;
        let batch = can_share.then(|| EmbeddingBatch::new(model_id, &record.input)).flatten();
        Self { records: vec![record], batch }
    }

    /// Returns the maximum number of records that share a request.
    pub(crate) fn max_records(model_id: &str, operation: BulkOperation) -> usize {
        match operation {
            BulkOperation::InvokeModel => EmbeddingBatch::max_inputs(model_id),
            BulkOperation::Converse => 1,
        }
    }

    pub(crate) fn can_grow(&self) -> bool {
        self.batch.is_some()
    }

    /// Adds a record, or returns it if it needs a request of its own.
    pub(crate) fn add(&mut self, record: Record) -> Result<(), Record> {
        let is_added = !record.is_alone && self.batch.as_mut().is_some_and(|batch| batch.add(&record.input));
        if !is_added {
            return Err(record);
        }
        self.records.push(record);
        Ok(())
    }

    fn body(&self) -> Bytes {
        match &self.batch {
            Some(batch) if self.records.len() > 1 => batch.body().into(),
            _ => self.records[0].input.clone(),
        }
    }

    /// Returns the output of each record.
    fn outputs(&self, response: &[u8]) -> Vec<Box<RawValue>> {
        let parts =
            self.batch.as_ref().filter(|_| self.records.len() > 1).and_then(|batch| batch.split(response));
        match parts {
            Some(parts) => parts.into_iter().map(|part| output_json(part.as_bytes())).collect(),
            // A response that cannot be split was billed, so each record gets it.
            None => vec![output_json(response); self.records.len()],
        }
    }
}

/// Sends a group of records. If `stopped` becomes true before the request is sent, the call ends without a request.
pub(crate) fn call(
    context: &Context,
    client: &Client,
    group: Group,
    mut stopped: watch::Receiver<bool>,
) -> impl Future<Output = Ended> + use<> {
    let (client, model_id, operation) = (client.clone(), context.model_id.clone(), context.operation);
    let marker = Arc::new(Marker {
        journal: context.journal.clone(),
        keys: group.records.iter().map(|record| record.key.to_string()).collect(),
        sent_at: Mutex::new(None),
    });
    context.progress.update(|counts| counts.in_flight += 1);
    async move {
        let interceptor = marker.clone();
        let sent = async {
            match operation {
                BulkOperation::InvokeModel => {
                    let call =
                        client.invoke_model().model_id(model_id).body(group.body()).interceptor(interceptor);
                    let result = call.send_with_metadata().await.map_err(Error::from);
                    result.map(|(output, metadata)| (group.outputs(&output.body), metadata))
                }
                BulkOperation::Converse => converse(&client, &model_id, &group.body(), interceptor).await,
            }
        };
        let not_sent = async {
            // An error means that the run has ended.
            let _ = stopped.wait_for(|stopped| *stopped).await;
            if marker.sent_at().is_some() {
                std::future::pending::<()>().await;
            }
        };
        let result = tokio::select! {
            biased;
            result = sent => Some(result),
            () = not_sent => None,
        };
        let duration = marker.sent_at().map_or(Duration::ZERO, |sent| sent.elapsed());
        Ended { records: group.records, duration, result }
    }
}

async fn converse(client: &Client, model_id: &str, input: &[u8], marker: Arc<Marker>) -> Outputs {
    // The input begins with `{`, because only such records are valid.
    let separator = if input[1..].trim_ascii_start().starts_with(b"}") { "" } else { "," };
    let mut text = format!("{{\"modelId\":{}{separator}", json!(model_id)).into_bytes();
    text.extend_from_slice(&input[1..]);
    let call = client.operation("Converse")?.json_text(text).interceptor(marker);
    let (output, metadata) = call.send_with_metadata().await?;
    Ok((vec![serde_json::value::to_raw_value(&output).expect("JSON can be serialized")], metadata))
}

/// Returns the body of a response as one line of JSON. Returns a body that is not JSON as an object with base64 text,
/// because the response was billed.
fn output_json(body: &[u8]) -> Box<RawValue> {
    // A line end between two values becomes a space. JSON allows no line end within a value.
    let one_line = |text: String| text.replace(['\n', '\r'], " ");
    let json =
        String::from_utf8(body.to_vec()).ok().map(one_line).and_then(|text| RawValue::from_string(text).ok());
    json.unwrap_or_else(|| {
        let value = json!({ "base64": STANDARD.encode(body) });
        serde_json::value::to_raw_value(&value).expect("strings can be serialized")
    })
}

/// Writes to the journal that a request is about to be sent.
struct Marker {
    /// `None` if the run has no journal.
    journal: Option<Arc<Journal>>,
    keys: Vec<String>,
    /// The time at which the last attempt was sent. It is `None` if nothing was sent, or if the service has certainly not
    /// executed the last attempt.
    sent_at: Mutex<Option<Instant>>,
}

impl Marker {
    fn sent_at(&self) -> MutexGuard<'_, Option<Instant>> {
        self.sent_at.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Appends an entry for each record to the journal.
    fn append<'a>(&'a self, entry: impl Fn(&'a str) -> Entry<'a>) -> io::Result<()> {
        let Some(journal) = &self.journal else { return Ok(()) };
        self.keys.iter().try_for_each(|key| journal.append(&entry(key)).map(|_| ()))
    }
}

impl Intercept for Marker {
    fn name(&self) -> &str {
        "bulk journal"
    }

    fn before_send<'a>(
        &'a self,
        _: &'a request::Parts,
        _: &'a mut InterceptorContext,
    ) -> InterceptorFuture<'a> {
        let result = self.append(|key| Entry { started: Some(key.into()), ..Entry::default() });
        *self.sent_at() = Some(Instant::now());
        Box::pin(ready(result.map_err(|error| Box::new(error) as Box<dyn StdError + Send + Sync>)))
    }

    fn after_attempt(&self, attempt: &Attempt, _: &mut InterceptorContext) {
        let is_returned = matches!(attempt.class, Some(FailureClass::NotSent | FailureClass::Rejected));
        if is_returned && self.sent_at().take().is_some() {
            // Without this entry, the record counts as ambiguous if the process is killed now, which is safe.
            let _ = self.append(|key| Entry { returned: Some(key.into()), ..Entry::default() });
        }
    }
}
