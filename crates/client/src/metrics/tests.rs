//! Tests of the values of attributes, and of the names in `docs/metrics.md` and `docs/dashboards`.

use std::sync::Arc;

use opentelemetry::global;
use opentelemetry_sdk::metrics::SdkMeterProvider;

use super::connections::Process;
use super::definitions::*;
use super::labels::{BoundedValues, model};

const PAGE: &str = include_str!("../../../../docs/metrics.md");

const METRICS: [&Definition; 13] = [
    &TOKEN_USAGE,
    &OPERATION_DURATION,
    &TIME_TO_FIRST_CHUNK,
    &TIME_PER_OUTPUT_CHUNK,
    &ATTEMPTS,
    &RETRIES,
    &THROTTLES,
    &QUOTA_WAIT,
    &QUOTA_IN_FLIGHT,
    &QUOTA_WAITING,
    &QUOTA_REQUESTS,
    &QUOTA_TOKENS,
    &OPEN_CONNECTIONS,
];

const ATTRIBUTES: [&str; 13] = [
    OPERATION_NAME,
    PROVIDER_NAME,
    REQUEST_MODEL,
    TOKEN_TYPE,
    SERVER_ADDRESS,
    SERVER_PORT,
    REGION,
    ERROR_TYPE,
    FAILURE_CLASS,
    QUOTA_NAME,
    CONNECTION_STATE,
    PROTOCOL_VERSION,
    TAG,
];

/// The attribute of a tag, as the page shows it.
const TAG: &str = "invoke_model.tag.<key>";

#[test]
fn model_ids() {
    let check = |id: &str, expected: &str| assert_eq!(model(id), expected, "{id}");
    check("amazon.nova-lite-v1:0", "amazon.nova-lite-v1:0");
    let arn = |resource: &str| format!("arn:aws:bedrock:us-east-1:123456789012:{resource}");
    check(&arn("inference-profile/us.amazon.nova-lite-v1:0"), "us.amazon.nova-lite-v1:0");
    check("arn:aws:bedrock:us-east-1::foundation-model/amazon.nova-lite-v1:0", "amazon.nova-lite-v1:0");
    check(&arn("application-inference-profile/ab12"), "application-inference-profile/ab12");
    check(&arn("prompt/ABC:2"), "prompt/ABC:2");
    for id in ["", "arn:", "arn:aws:bedrock", "Write a poem", "123456789012/model", "ä", "a\n"] {
        check(id, "_OTHER");
    }
    check(&arn("provisioned-model/123456789012"), "_OTHER");
    check(&"a".repeat(128), &"a".repeat(128));
    check(&"a".repeat(129), "_OTHER");
}

#[test]
fn the_name_of_a_tag_follows_the_prefix() {
    assert_eq!(TAG.strip_prefix(TAG_PREFIX), Some("<key>"));
}

#[test]
fn further_values_are_other() {
    let values = BoundedValues::<2>::default();
    let seen = ["a", "not plain", "b", "a", "_OTHER"].map(|value| values.get(value));
    assert_eq!(seen.each_ref().map(|value| &**value), ["a", "_OTHER", "_OTHER", "a", "_OTHER"]);
}

#[test]
fn connections_to_further_servers_have_no_address() {
    let mut process = Process::new();
    for port in 1..=100 {
        assert_eq!(process.server("a.test", port), ("a.test".into(), Some(port)));
    }
    assert_eq!(process.server("a.test", 101), ("_OTHER".into(), None));
    assert_eq!(process.server("b.test", 1), ("_OTHER".into(), None));
    assert_eq!(process.server("a.test", 100), ("a.test".into(), Some(100)));
}

#[test]
fn clients_with_one_global_provider_share_a_registration() {
    let mut process = Process::new();
    let mut registration = || process.registration(Arc::downgrade(&global::meter_provider()));
    let first = registration();
    assert!(Arc::ptr_eq(&first, &registration()));
    global::set_meter_provider(SdkMeterProvider::default());
    let second = registration();
    assert!(!Arc::ptr_eq(&first, &second) && Arc::ptr_eq(&second, &registration()));
}

/// Returns the cells of the table rows of the page.
fn rows() -> Vec<Vec<String>> {
    let rows = PAGE.lines().filter_map(|line| line.strip_prefix("| `")?.strip_suffix(" |"));
    rows.map(|row| row.split(" | ").map(|cell| cell.replace('`', "")).collect()).collect()
}

#[test]
fn the_page_lists_every_metric_and_attribute() {
    let rows = rows();
    for metric in METRICS {
        let kind = match metric.kind {
            Kind::Counter => "counter",
            Kind::ObservableGauge => "gauge",
            Kind::ObservableUpDownCounter => "up-down counter",
            Kind::Histogram(_) => "histogram",
        };
        let row = rows.iter().find(|row| row[0] == metric.name).expect(metric.name);
        assert_eq!(row[1..4], [kind.to_owned(), metric.unit.to_owned(), prometheus(metric)], "{row:?}");
    }
    for attribute in ATTRIBUTES {
        assert!(rows.iter().any(|row| row[0] == attribute), "{attribute} has no row");
    }
    let listed = METRICS.iter().map(|metric| metric.name).chain(ATTRIBUTES);
    let listed: Vec<_> = listed.collect();
    let unknown: Vec<_> = rows.iter().filter(|row| !listed.contains(&row[0].as_str())).collect();
    assert!(unknown.is_empty(), "{unknown:?}");
}

/// Returns the name of a metric in Prometheus.
///
/// <https://opentelemetry.io/docs/specs/otel/compatibility/prometheus_and_openmetrics/>
fn prometheus(metric: &Definition) -> String {
    let unit = match metric.unit {
        "s" => "_seconds",
        // Prometheus omits annotations in braces.
        unit if unit.starts_with('{') => "",
        other => panic!("no name in Prometheus for the unit {other}"),
    };
    let suffix = if metric.kind == Kind::Counter { "_total" } else { "" };
    format!("{}{unit}{suffix}", metric.name.replace('.', "_"))
}

/// The beginnings of names in Prometheus.
const PREFIXES: [&str; 4] = ["gen_ai_", "invoke_model_", "http_", "network_"];

/// Returns the words of a text that look like names of our metrics and attributes in Prometheus.
fn names(text: &str) -> Vec<&str> {
    let words = text.split(|c: char| !c.is_ascii_alphanumeric() && c != '_');
    words.filter(|word| PREFIXES.iter().any(|prefix| word.starts_with(prefix))).collect()
}

#[test]
fn dashboard_and_alerts_use_names_that_exist() {
    let mut known: Vec<String> = ATTRIBUTES.map(|name| name.replace('.', "_")).into();
    for metric in METRICS {
        let name = prometheus(metric);
        match metric.kind {
            Kind::Histogram(_) => {
                known.extend(["_bucket", "_sum", "_count"].map(|suffix| format!("{name}{suffix}")));
            }
            Kind::Counter | Kind::ObservableGauge | Kind::ObservableUpDownCounter => known.push(name),
        }
    }
    let dashboard = include_str!("../../../../docs/dashboards/grafana.json");
    serde_json::from_str::<serde_json::Value>(dashboard).unwrap();
    let alerts = include_str!("../../../../docs/dashboards/alerts.yaml");
    for text in [dashboard, alerts] {
        let names = names(text);
        assert!(names.len() > 10);
        let unknown: Vec<_> = names.iter().filter(|name| !known.iter().any(|known| known == *name)).collect();
        assert!(unknown.is_empty(), "{unknown:?}");
    }
    // Each metric is on the dashboard.
    for metric in METRICS {
        assert!(dashboard.contains(&prometheus(metric)), "{}", metric.name);
    }
}
