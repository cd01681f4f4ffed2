//! The instruments of a client, and the attributes of its calls.

use std::sync::{Arc, PoisonError, RwLock};

use opentelemetry::metrics::{Counter, Histogram, Meter, MeterProvider};
use opentelemetry::{InstrumentationScope, Key, KeyValue, StringValue, global};

use super::definitions::{self, Definition};
use super::labels::{self, BoundedValues};
use crate::config::Config;
use crate::quota::{QuotaLimiter, QuotaUsage};
use crate::tags::Tags;

/// The maximum number of pairs of an operation and a model for which a client reports the model. The metrics
/// of all further pairs have the model `_OTHER`.
const MAX_MODELS: usize = 100;

/// The same number for a client whose metrics contain tags: the maximum number of combinations of an operation, a model
/// and the values of these tags.
const MAX_COMBINATIONS: usize = 1000;

/// The maximum number of different values of `error.type`.
const MAX_ERROR_TYPES: usize = 64;

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
    /// The keys of the tags in the metrics, and the names of their attributes.
    tags: Vec<(String, Key)>,
    /// The attributes of the calls that the client has made. The list is searched linearly, because a client
    /// calls few models.
    calls: RwLock<Vec<Arc<CallAttributes>>>,
    error_types: BoundedValues<MAX_ERROR_TYPES>,
}

/// The attributes of all calls of one operation and one model, with the same values of tags. They are built once,
/// because building them for each call costs more than recording a value.
pub(super) struct CallAttributes {
    operation: &'static str,
    model: Option<Box<str>>,
    tags: Vec<Option<Box<str>>>,
    pub(super) call: Vec<KeyValue>,
    pub(super) input_tokens: Vec<KeyValue>,
    pub(super) output_tokens: Vec<KeyValue>,
}

/// Returns the meter of this crate.
pub(crate) fn meter(provider: &(impl MeterProvider + ?Sized)) -> Meter {
    let scope = InstrumentationScope::builder(env!("CARGO_PKG_NAME")).with_version(env!("CARGO_PKG_VERSION"));
    provider.meter_with_scope(scope.build())
}

impl ClientMetrics {
    pub(crate) fn new(config: &Config) -> Self {
        let meter = config.meter.clone().unwrap_or_else(|| meter(&*global::meter_provider()));
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
            tags: config
                .metric_tags
                .iter()
                .map(|key| (key.clone(), Key::from(format!("{}{key}", definitions::TAG))))
                .collect(),
            calls: RwLock::default(),
            error_types: BoundedValues::default(),
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
        let values = self.tags.iter().map(|(key, _)| tags.get(key).map(|value| labels::plain(value)));
        let mut tags: Vec<Option<&str>> = values.collect();
        let calls = self.calls.read().unwrap_or_else(PoisonError::into_inner);
        // A model id is usually equal to the value of its attribute. The check of its characters is slower.
        if let Some(call) = calls.iter().find(|call| call.is_of(operation, model_id, &tags)) {
            return Arc::clone(call);
        }
        let model = model_id.map(labels::model);
        if let Some(call) = calls.iter().find(|call| call.is_of(operation, model, &tags)) {
            return Arc::clone(call);
        }
        drop(calls);
        let mut calls = self.calls.write().unwrap_or_else(PoisonError::into_inner);
        let most = if self.tags.is_empty() { MAX_MODELS } else { MAX_COMBINATIONS };
        let is_full = calls.len() >= most && !calls.iter().any(|call| call.is_of(operation, model, &tags));
        let model = if is_full { model.map(|_| labels::OTHER) } else { model };
        if is_full {
            tags.iter_mut().flatten().for_each(|value| *value = labels::OTHER);
        }
        if let Some(call) = calls.iter().find(|call| call.is_of(operation, model, &tags)) {
            return Arc::clone(call);
        }
        let call = Arc::new(CallAttributes::new(self, operation, model, &tags));
        calls.push(Arc::clone(&call));
        call
    }

    /// Returns the attribute `error.type`.
    pub(super) fn error_type(&self, error_type: &str) -> KeyValue {
        KeyValue::new(definitions::ERROR_TYPE, StringValue::from(self.error_types.get(error_type)))
    }
}

impl CallAttributes {
    fn new(
        of_client: &Instruments,
        operation: &'static str,
        model: Option<&str>,
        tags: &[Option<&str>],
    ) -> Self {
        let mut call = of_client.attributes.clone();
        call.push(KeyValue::new(definitions::OPERATION_NAME, operation));
        call.extend(model.map(|model| KeyValue::new(definitions::REQUEST_MODEL, shared(model))));
        let names = of_client.tags.iter().map(|(_, name)| name);
        let tag_attributes = names.zip(tags).filter_map(|(name, value)| Some((name, (*value)?)));
        call.extend(tag_attributes.map(|(name, value)| KeyValue::new(name.clone(), shared(value))));
        let with_token_type = |name| [&call[..], &[KeyValue::new(definitions::TOKEN_TYPE, name)]].concat();
        let (input_tokens, output_tokens) = (with_token_type("input"), with_token_type("output"));
        let tags = tags.iter().map(|value| value.map(Box::from)).collect();
        Self { operation, model: model.map(Box::from), tags, call, input_tokens, output_tokens }
    }

    fn is_of(&self, operation: &str, model: Option<&str>, tags: &[Option<&str>]) -> bool {
        self.model.as_deref() == model
            && self.operation == operation
            && self.tags.iter().map(Option::as_deref).eq(tags.iter().copied())
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
