//! Names, units and buckets of the metrics, and names of their attributes.
//!
//! The metrics `gen_ai.*` and their attributes follow the semantic conventions of OpenTelemetry:
//! <https://github.com/open-telemetry/semantic-conventions-genai/blob/main/docs/gen-ai/gen-ai-metrics.md>. The
//! metric of connections follows the conventions for HTTP:
//! <https://opentelemetry.io/docs/specs/semconv/http/http-metrics/#metric-httpclientopen_connections>.

use opentelemetry::metrics::{Counter, Histogram, Meter};

/// A metric.
#[derive(Debug)]
pub(super) struct Definition {
    pub(super) name: &'static str,
    pub(super) kind: Kind,
    /// The unit, in the notation of UCUM.
    pub(super) unit: &'static str,
    pub(super) description: &'static str,
}

/// The kind of instrument of a metric.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Kind {
    Counter,
    /// A gauge that the SDK reads when it collects the metrics.
    ObservableGauge,
    /// A counter of which the SDK reads the current value when it collects the metrics.
    ObservableUpDownCounter,
    /// A histogram with the upper bounds of its buckets.
    Histogram(&'static [f64]),
}

/// The buckets of durations in the conventions, in seconds.
const SECONDS: Kind = Kind::Histogram(&[
    0.01, 0.02, 0.04, 0.08, 0.16, 0.32, 0.64, 1.28, 2.56, 5.12, 10.24, 20.48, 40.96, 81.92,
]);

/// The buckets of token counts in the conventions.
const TOKENS: Kind = Kind::Histogram(&[
    1.0, 4.0, 16.0, 64.0, 256.0, 1024.0, 4096.0, 16384.0, 65536.0, 262144.0, 1048576.0, 4194304.0,
    16777216.0, 67108864.0,
]);

const fn metric(name: &'static str, kind: Kind, unit: &'static str, description: &'static str) -> Definition {
    Definition { name, kind, unit, description }
}

pub(super) const TOKEN_USAGE: Definition =
    metric("gen_ai.client.token.usage", TOKENS, "{token}", "Number of input and output tokens used.");
pub(super) const OPERATION_DURATION: Definition =
    metric("gen_ai.client.operation.duration", SECONDS, "s", "GenAI operation duration.");
pub(super) const TIME_TO_FIRST_CHUNK: Definition = metric(
    "gen_ai.client.operation.time_to_first_chunk",
    SECONDS,
    "s",
    "Time from the start of a call to the first event of its stream.",
);
pub(super) const TIME_PER_OUTPUT_CHUNK: Definition = metric(
    "gen_ai.client.operation.time_per_output_chunk",
    SECONDS,
    "s",
    "Time between two events of a stream.",
);
pub(super) const ATTEMPTS: Definition =
    metric("invoke_model.client.attempts", Kind::Counter, "{attempt}", "Completed attempts.");
pub(super) const RETRIES: Definition =
    metric("invoke_model.client.retries", Kind::Counter, "{retry}", "Retries of failed attempts.");
pub(super) const THROTTLES: Definition = metric(
    "invoke_model.client.throttles",
    Kind::Counter,
    "{error}",
    "Attempts and event streams that the service throttled.",
);
pub(super) const QUOTA_WAIT: Definition = metric(
    "invoke_model.client.quota.wait_duration",
    SECONDS,
    "s",
    "Time that an attempt waited for the quota limiter.",
);
pub(super) const QUOTA_IN_FLIGHT: Definition = metric(
    "invoke_model.client.quota.in_flight",
    Kind::ObservableGauge,
    "{request}",
    "Requests in flight that hold a permit of the quota limiter.",
);
pub(super) const QUOTA_WAITING: Definition = metric(
    "invoke_model.client.quota.waiting",
    Kind::ObservableGauge,
    "{request}",
    "Requests that wait for a permit of the quota limiter.",
);
pub(super) const QUOTA_REQUESTS: Definition = metric(
    "invoke_model.client.quota.requests",
    Kind::ObservableGauge,
    "{request}",
    "Requests of the last minute that count against the limit of the quota limiter.",
);
pub(super) const QUOTA_TOKENS: Definition = metric(
    "invoke_model.client.quota.tokens",
    Kind::ObservableGauge,
    "{token}",
    "Tokens of the last minute that count against the limit of the quota limiter.",
);
pub(super) const OPEN_CONNECTIONS: Definition = metric(
    "http.client.open_connections",
    Kind::ObservableUpDownCounter,
    "{connection}",
    "Number of outbound HTTP connections that are active or idle.",
);

pub(super) const OPERATION_NAME: &str = "gen_ai.operation.name";
pub(super) const PROVIDER_NAME: &str = "gen_ai.provider.name";
pub(super) const REQUEST_MODEL: &str = "gen_ai.request.model";
pub(super) const TOKEN_TYPE: &str = "gen_ai.token.type";
pub(super) const SERVER_ADDRESS: &str = "server.address";
pub(super) const SERVER_PORT: &str = "server.port";
pub(super) const REGION: &str = "cloud.region";
pub(super) const ERROR_TYPE: &str = "error.type";
pub(super) const FAILURE_CLASS: &str = "invoke_model.failure.class";
pub(super) const QUOTA_NAME: &str = "invoke_model.quota.name";
pub(super) const CONNECTION_STATE: &str = "http.connection.state";
pub(super) const PROTOCOL_VERSION: &str = "network.protocol.version";
/// The name of the attribute of a tag is this prefix and the key of the tag.
pub(super) const TAG_PREFIX: &str = "invoke_model.tag.";

pub(super) fn counter(meter: &Meter, metric: &Definition) -> Counter<u64> {
    meter.u64_counter(metric.name).with_unit(metric.unit).with_description(metric.description).build()
}

pub(super) fn histogram(meter: &Meter, metric: &Definition) -> Histogram<f64> {
    let builder =
        meter.f64_histogram(metric.name).with_unit(metric.unit).with_description(metric.description);
    builder.with_boundaries(metric.kind.boundaries()).build()
}

pub(super) fn count_histogram(meter: &Meter, metric: &Definition) -> Histogram<u64> {
    let builder =
        meter.u64_histogram(metric.name).with_unit(metric.unit).with_description(metric.description);
    builder.with_boundaries(metric.kind.boundaries()).build()
}

impl Kind {
    fn boundaries(self) -> Vec<f64> {
        match self {
            Self::Histogram(boundaries) => boundaries.to_vec(),
            Self::Counter | Self::ObservableGauge | Self::ObservableUpDownCounter => Vec::new(),
        }
    }
}
