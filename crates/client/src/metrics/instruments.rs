//! The instruments of a client, and the attributes of its calls.

use std::sync::{Arc, PoisonError, RwLock};

use opentelemetry::metrics::{Counter, Histogram, Meter};
use opentelemetry::{Key, KeyValue, StringValue};

use super::connections::{ClientMeter, ObservedPool};
use super::definitions::{self, Definition};
use super::labels::{self, BoundedValues};
use crate::config::Config;
use crate::quota::{QuotaLimiter, QuotaUsage};
use crate::tags::Tags;

/// The maximum number of pairs of an operation and a model for which a client reports the model. The metrics
/// of all further pairs have the model `_OTHER`.
const MAX_MODELS: usize = 100;

/// The maximum number of different values of `error.type`.
const MAX_ERROR_TYPES: usize = 64;

/// The maximum number of different values of each tag.
const MAX_TAG_VALUES: usize = 100;

/// The instruments of a client.
#[derive(Clone)]
pub(crate) struct ClientMetrics(Arc<Instruments>);

pub(super) struct Instruments {
    pub(super) token_usage: Histogram<u64>,
    pub(super) operation_duration: Histogram<f64>,
    pub(super) time_to_first_chunk: Histogram<f64>,
    pub(super) time_per_output_chunk: Histogram<f64>,
    pub(super) attempts: Counter<u64>,
    pub(super) retries: Counter<u64>,
    pub(super) throttles: Counter<u64>,
    pub(super) quota_wait: Histogram<f64>,
    /// The attributes that all calls of the client have.
    attributes: Vec<KeyValue>,
    /// The attributes of the calls that the client has made. The list is searched linearly, because a client
    /// calls few models.
    calls: RwLock<Vec<Arc<CallAttributes>>>,
    error_types: BoundedValues<MAX_ERROR_TYPES>,
    /// The tags of calls that are attributes.
    tags: Vec<MetricTag>,
    #[expect(dead_code, reason = "the connections of the pool are reported while this value exists")]
    pool: Option<Arc<ObservedPool>>,
}

/// A tag of calls that is an attribute.
struct MetricTag {
    key: String,
    attribute: Key,
    values: BoundedValues<MAX_TAG_VALUES>,
}

/// The attributes of all calls of one operation and one model. They are built once, because building them
/// for each call costs more than recording a value.
pub(super) struct CallAttributes {
    operation: &'static str,
    model: Option<Box<str>>,
    pub(super) call: Vec<KeyValue>,
    pub(super) input_tokens: Vec<KeyValue>,
    pub(super) output_tokens: Vec<KeyValue>,
}

impl ClientMetrics {
    pub(crate) fn new(config: &Config) -> Self {
        let client_meter = config.meter.clone().unwrap_or_else(ClientMeter::global);
        let pool = config.transport.connection_pool().map(|pool| client_meter.observe(&pool));
        let meter = client_meter.meter;
        if let Some(limiter) = config.quota_limiter().filter(|limiter| limiter.mark_observed()) {
            observe_quota(&meter, limiter);
        }
        let mut attributes = vec![
            KeyValue::new(definitions::PROVIDER_NAME, "aws.bedrock"),
            KeyValue::new(definitions::SERVER_ADDRESS, shared(config.endpoint.host())),
            KeyValue::new(definitions::SERVER_PORT, i64::from(config.endpoint.port())),
        ];
        attributes.extend(config.region().map(|region| KeyValue::new(definitions::REGION, shared(region))));
        Self(Arc::new(Instruments {
            token_usage: definitions::count_histogram(&meter, &definitions::TOKEN_USAGE),
            operation_duration: definitions::histogram(&meter, &definitions::OPERATION_DURATION),
            time_to_first_chunk: definitions::histogram(&meter, &definitions::TIME_TO_FIRST_CHUNK),
            time_per_output_chunk: definitions::histogram(&meter, &definitions::TIME_PER_OUTPUT_CHUNK),
            attempts: definitions::counter(&meter, &definitions::ATTEMPTS),
            retries: definitions::counter(&meter, &definitions::RETRIES),
            throttles: definitions::counter(&meter, &definitions::THROTTLES),
            quota_wait: definitions::histogram(&meter, &definitions::QUOTA_WAIT),
            attributes,
            calls: RwLock::default(),
            error_types: BoundedValues::default(),
            tags: config.metric_tags.iter().map(|key| MetricTag::new(key)).collect(),
            pool,
        }))
    }

    pub(super) fn instruments(&self) -> &Instruments {
        &self.0
    }
}

impl Instruments {
    /// Returns the attributes of a call.
    pub(super) fn call_attributes(
        &self,
        operation: &'static str,
        model_id: Option<&str>,
        tags: &Tags,
    ) -> Arc<CallAttributes> {
        let call = self.attributes_without_tags(operation, model_id);
        let tags: Vec<_> = self.tags.iter().filter_map(|tag| tag.of_call(tags)).collect();
        if tags.is_empty() { call } else { Arc::new(call.with(&tags)) }
    }

    fn attributes_without_tags(
        &self,
        operation: &'static str,
        model_id: Option<&str>,
    ) -> Arc<CallAttributes> {
        let calls = self.calls.read().unwrap_or_else(PoisonError::into_inner);
        // A model id is usually equal to the value of its attribute. The check of its characters is slower.
        if let Some(call) = calls.iter().find(|call| call.is_of(operation, model_id)) {
            return Arc::clone(call);
        }
        let model = model_id.map(labels::model);
        if let Some(call) = calls.iter().find(|call| call.is_of(operation, model)) {
            return Arc::clone(call);
        }
        drop(calls);
        let mut calls = self.calls.write().unwrap_or_else(PoisonError::into_inner);
        let reports_model = calls.len() < MAX_MODELS || calls.iter().any(|call| call.is_of(operation, model));
        let model = if reports_model { model } else { model.map(|_| labels::OTHER) };
        if let Some(call) = calls.iter().find(|call| call.is_of(operation, model)) {
            return Arc::clone(call);
        }
        let call = Arc::new(CallAttributes::new(&self.attributes, operation, model));
        calls.push(Arc::clone(&call));
        call
    }

    /// Returns the attribute `error.type`.
    pub(super) fn error_type(&self, error_type: &str) -> KeyValue {
        KeyValue::new(definitions::ERROR_TYPE, StringValue::from(self.error_types.get(error_type)))
    }
}

impl CallAttributes {
    fn new(of_client: &[KeyValue], operation: &'static str, model: Option<&str>) -> Self {
        let mut call = of_client.to_vec();
        call.push(KeyValue::new(definitions::OPERATION_NAME, operation));
        call.extend(model.map(|model| KeyValue::new(definitions::REQUEST_MODEL, shared(model))));
        let with_token_type = |name| [&call[..], &[KeyValue::new(definitions::TOKEN_TYPE, name)]].concat();
        let (input_tokens, output_tokens) = (with_token_type("input"), with_token_type("output"));
        Self { operation, model: model.map(Box::from), call, input_tokens, output_tokens }
    }

    /// Returns a copy with more attributes.
    fn with(&self, more: &[KeyValue]) -> Self {
        let with = |attributes: &[KeyValue]| [attributes, more].concat();
        let Self { operation, ref model, .. } = *self;
        let (input_tokens, output_tokens) = (with(&self.input_tokens), with(&self.output_tokens));
        Self { operation, model: model.clone(), call: with(&self.call), input_tokens, output_tokens }
    }

    fn is_of(&self, operation: &str, model: Option<&str>) -> bool {
        self.model.as_deref() == model && self.operation == operation
    }
}

impl MetricTag {
    fn new(key: &str) -> Self {
        let attribute = Key::from(Arc::<str>::from(format!("{}{key}", definitions::TAG_PREFIX)));
        Self { key: key.to_owned(), attribute, values: BoundedValues::default() }
    }

    /// Returns the attribute of a call, if the call has the tag.
    fn of_call(&self, tags: &Tags) -> Option<KeyValue> {
        let value = self.values.get(tags.get(&self.key)?);
        Some(KeyValue::new(self.attribute.clone(), StringValue::from(value)))
    }
}

/// Returns a value whose clones share one allocation.
fn shared(text: &str) -> StringValue {
    Arc::<str>::from(text).into()
}

/// Registers the gauges of a quota limiter. They report nothing after the limiter was dropped.
fn observe_quota(meter: &Meter, limiter: &QuotaLimiter) {
    let gauge = |metric: &Definition, read: fn(QuotaUsage) -> u64| {
        let (limiter, attributes) =
            (limiter.downgrade(), [KeyValue::new(definitions::QUOTA_NAME, shared(limiter.name()))]);
        let builder = meter.u64_observable_gauge(metric.name).with_unit(metric.unit);
        builder
            .with_description(metric.description)
            .with_callback(move |observer| {
                if let Some(limiter) = limiter.upgrade() {
                    observer.observe(read(limiter.usage()), &attributes);
                }
            })
            .build();
    };
    gauge(&definitions::QUOTA_IN_FLIGHT, |usage| usage.in_flight.into());
    gauge(&definitions::QUOTA_WAITING, |usage| usage.waiting as u64);
    gauge(&definitions::QUOTA_REQUESTS, |usage| usage.requests as u64);
    gauge(&definitions::QUOTA_TOKENS, |usage| usage.tokens);
}
