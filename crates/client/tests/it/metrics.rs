//! Tests of the metrics, with the SDK of OpenTelemetry.

use std::fmt::Display;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use http_body::{Body, Frame};
use invoke_model_client::types::{PayloadPart, ResponseStream, ResponseStreamError, ThrottlingException};
use invoke_model_client::{Client, ConfigBuilder, QuotaLimiter, ResponseBody, RetryConfig};
use invoke_model_protocol::event_stream::{CONTENT_TYPE, EventStream, Message};
use opentelemetry::KeyValue;
use opentelemetry_sdk::metrics::data::{AggregatedMetrics, Histogram, Metric, MetricData};
use opentelemetry_sdk::metrics::{InMemoryMetricExporter, PeriodicReader, SdkMeterProvider};
use tokio::sync::mpsc;
use tokio::time::{sleep, timeout};

use crate::fake::{Fake, SendResult, response};

const MODEL: &str = "amazon.nova-lite-v1:0";

/// The attributes of all calls of the tests, without the attributes that the tests check.
const OF_CLIENT: [&str; 4] = [
    "cloud.region=us-east-1",
    "gen_ai.provider.name=aws.bedrock",
    "server.address=bedrock-runtime.us-east-1.amazonaws.com",
    "server.port=443",
];

pub(crate) const OPEN_CONNECTIONS: &str = "http.client.open_connections";

/// A provider that keeps the metrics in memory.
pub(crate) struct Metrics(SdkMeterProvider, InMemoryMetricExporter);

impl Metrics {
    pub(crate) fn new() -> Self {
        let exporter = InMemoryMetricExporter::default();
        let reader = PeriodicReader::builder(exporter.clone()).build();
        Self(SdkMeterProvider::builder().with_reader(reader).build(), exporter)
    }

    pub(crate) fn provider(&self) -> &SdkMeterProvider {
        &self.0
    }

    fn client(&self, fake: &Fake) -> Client {
        Client::new(self.settings(fake)).unwrap()
    }

    fn settings(&self, fake: &Fake) -> ConfigBuilder {
        fake.settings()
            .meter_provider(&self.0)
            .retry_config(RetryConfig::standard().max_backoff(Duration::ZERO))
    }

    /// Returns a line for each series, in alphabetical order: the name, the attributes and the value. The
    /// value of a histogram is its count and its sum.
    pub(crate) fn lines(&self) -> Vec<String> {
        self.1.reset();
        self.0.force_flush().unwrap();
        let all = self.1.get_finished_metrics().unwrap();
        let metrics = all.iter().flat_map(|all| all.scope_metrics()).flat_map(|scope| scope.metrics());
        let mut lines: Vec<_> = metrics.flat_map(series).collect();
        lines.sort();
        lines
    }

    #[track_caller]
    fn check(&self, expected: &str) {
        let expected: Vec<_> = expected.trim().lines().map(str::trim).collect();
        assert_eq!(self.lines(), expected);
    }
}

fn series(metric: &Metric) -> Vec<String> {
    fn line<'a>(
        metric: &Metric,
        attributes: impl Iterator<Item = &'a KeyValue>,
        value: impl Display,
    ) -> String {
        let mut attributes: Vec<_> =
            attributes.map(|attribute| format!("{}={}", attribute.key, attribute.value)).collect();
        attributes.sort();
        let has_key = |pair: &str| {
            let key = pair.split('=').next().unwrap_or_default();
            attributes.iter().any(|text| text.starts_with(&format!("{key}=")))
        };
        let is_gauge = matches!(metric.data(), AggregatedMetrics::U64(MetricData::Gauge(_)));
        let is_of_calls = !is_gauge && metric.name() != OPEN_CONNECTIONS;
        assert!(!is_of_calls || OF_CLIENT.iter().all(|pair| has_key(pair)), "{attributes:?}");
        attributes.retain(|text| !OF_CLIENT.contains(&text.as_str()));
        format!("{} {} {value}", metric.name(), attributes.join(" "))
    }
    fn histogram<T: Copy + Display>(metric: &Metric, data: &Histogram<T>) -> Vec<String> {
        let points = data.data_points();
        let value = |count, sum: T| format!("{count}x {sum}");
        points.map(|point| line(metric, point.attributes(), value(point.count(), point.sum()))).collect()
    }
    match metric.data() {
        AggregatedMetrics::F64(MetricData::Histogram(data)) => histogram(metric, data),
        AggregatedMetrics::U64(MetricData::Histogram(data)) => histogram(metric, data),
        AggregatedMetrics::U64(MetricData::Sum(data)) => {
            data.data_points().map(|point| line(metric, point.attributes(), point.value())).collect()
        }
        AggregatedMetrics::I64(MetricData::Sum(data)) => {
            data.data_points().map(|point| line(metric, point.attributes(), point.value())).collect()
        }
        AggregatedMetrics::U64(MetricData::Gauge(data)) => {
            data.data_points().map(|point| line(metric, point.attributes(), point.value())).collect()
        }
        other => panic!("unexpected data: {other:?}"),
    }
}

fn ok() -> SendResult {
    let headers = [
        ("content-type", "application/json"),
        ("x-amzn-requestid", "an-id"),
        ("x-amzn-bedrock-input-token-count", "3"),
        ("x-amzn-bedrock-cache-read-input-token-count", "4"),
        ("x-amzn-bedrock-output-token-count", "5"),
    ];
    Ok(response(200, &headers, Bytes::from_static(b"{\"c\":\"secret\"}").into()))
}

fn throttled() -> SendResult {
    Ok(response(429, &[("x-amzn-errortype", "ThrottlingException")], Bytes::new().into()))
}

async fn invoke(client: &Client, model: &str) {
    let _ = client.invoke_model().model_id(model).body("{\"a\":\"secret\"}").send().await;
}

fn chunk(text: &'static str) -> Message {
    let mut part = PayloadPart::default();
    part.bytes = Some(Bytes::from_static(text.as_bytes()));
    ResponseStream::Chunk(part).event().unwrap()
}

/// Frames that arrive later.
struct Frames(mpsc::Receiver<Bytes>);

impl Body for Frames {
    type Data = Bytes;
    type Error = std::io::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<std::io::Result<Frame<Bytes>>>> {
        self.0.poll_recv(cx).map(|frame| frame.map(|bytes| Ok(Frame::data(bytes))))
    }
}

/// Returns an event stream. The first message arrives after two seconds, and each further message one second
/// after the previous message.
fn stream(messages: Vec<Message>) -> SendResult {
    let (sender, receiver) = mpsc::channel(1);
    tokio::spawn(async move {
        for (number, message) in messages.into_iter().enumerate() {
            sleep(Duration::from_secs(if number == 0 { 2 } else { 1 })).await;
            let mut frame = Vec::new();
            message.encode(&mut frame).unwrap();
            let _ = sender.send(frame.into()).await;
        }
    });
    let headers = [("content-type", CONTENT_TYPE), ("x-amzn-bedrock-content-type", "application/json")];
    Ok(response(200, &headers, ResponseBody::from_body(Frames(receiver))))
}

const LAST: &str = r#"{"amazon-bedrock-invocationMetrics":{"inputTokenCount":7,"outputTokenCount":2}}"#;

/// Sends a call with an event stream. Drops the stream after `events` events, or reads it to its end.
async fn read(client: &Client, events: usize) {
    let call = client.invoke_model_with_response_stream().model_id("m").body("{}");
    let mut stream = call.send().await.unwrap().events;
    for _ in 0..events {
        if !matches!(stream.recv().await, Ok(Some(_))) {
            break;
        }
    }
}

#[tokio::test(start_paused = true)]
async fn success() {
    let metrics = Metrics::new();
    let client = metrics.client(&Fake::with_response(ok()));
    invoke(&client, MODEL).await;
    metrics.check(
        "gen_ai.client.operation.duration gen_ai.operation.name=InvokeModel gen_ai.request.model=amazon.nova-lite-v1:0 1x 0
        gen_ai.client.token.usage gen_ai.operation.name=InvokeModel gen_ai.request.model=amazon.nova-lite-v1:0 gen_ai.token.type=input 1x 7
        gen_ai.client.token.usage gen_ai.operation.name=InvokeModel gen_ai.request.model=amazon.nova-lite-v1:0 gen_ai.token.type=output 1x 5
        invoke_model.client.attempts gen_ai.operation.name=InvokeModel gen_ai.request.model=amazon.nova-lite-v1:0 1",
    );
    let text = metrics.lines().concat();
    assert!(!text.contains("secret") && !text.contains("an-id"), "{text}");
}

#[tokio::test(start_paused = true)]
async fn throttled_attempt_and_retry() {
    let metrics = Metrics::new();
    invoke(&metrics.client(&Fake::with_responses([throttled(), ok()])), "m").await;
    metrics.check(
        "gen_ai.client.operation.duration gen_ai.operation.name=InvokeModel gen_ai.request.model=m 1x 0
        gen_ai.client.token.usage gen_ai.operation.name=InvokeModel gen_ai.request.model=m gen_ai.token.type=input 1x 7
        gen_ai.client.token.usage gen_ai.operation.name=InvokeModel gen_ai.request.model=m gen_ai.token.type=output 1x 5
        invoke_model.client.attempts error.type=ThrottlingException gen_ai.operation.name=InvokeModel gen_ai.request.model=m invoke_model.failure.class=rejected 1
        invoke_model.client.attempts gen_ai.operation.name=InvokeModel gen_ai.request.model=m 1
        invoke_model.client.retries gen_ai.operation.name=InvokeModel gen_ai.request.model=m invoke_model.failure.class=rejected 1
        invoke_model.client.throttles gen_ai.operation.name=InvokeModel gen_ai.request.model=m 1",
    );
}

#[tokio::test(start_paused = true)]
async fn failure() {
    let metrics = Metrics::new();
    let denied = response(403, &[("x-amzn-errortype", "AccessDeniedException")], Bytes::new().into());
    let page = response(502, &[("x-amzn-errortype", "a page: <secret>")], Bytes::new().into());
    let client = metrics.client(&Fake::with_responses([Ok(denied), Ok(page)]));
    invoke(&client, "m").await;
    invoke(&client, "m").await;
    // The client sends no attempt.
    let _ = client.invoke_model().send().await;
    metrics.check(
        "gen_ai.client.operation.duration error.type=AccessDeniedException gen_ai.operation.name=InvokeModel gen_ai.request.model=m 1x 0
        gen_ai.client.operation.duration error.type=_OTHER gen_ai.operation.name=InvokeModel gen_ai.request.model=m 1x 0
        gen_ai.client.operation.duration error.type=input gen_ai.operation.name=InvokeModel 1x 0
        invoke_model.client.attempts error.type=AccessDeniedException gen_ai.operation.name=InvokeModel gen_ai.request.model=m invoke_model.failure.class=rejected 1
        invoke_model.client.attempts error.type=_OTHER gen_ai.operation.name=InvokeModel gen_ai.request.model=m invoke_model.failure.class=ambiguous 1",
    );
}

#[tokio::test(start_paused = true)]
async fn cancelled_call() {
    let metrics = Metrics::new();
    let client = metrics.client(&Fake::slow([Box::pin(std::future::pending())]));
    timeout(Duration::from_secs(3), invoke(&client, "m")).await.unwrap_err();
    metrics.check(
        "gen_ai.client.operation.duration error.type=cancelled gen_ai.operation.name=InvokeModel gen_ai.request.model=m 1x 3",
    );
}

#[tokio::test(start_paused = true)]
async fn complete_stream() {
    let metrics = Metrics::new();
    let messages = vec![chunk("{}"), chunk("{}"), chunk(LAST)];
    read(&metrics.client(&Fake::with_response(stream(messages))), 4).await;
    metrics.check(
        "gen_ai.client.operation.duration gen_ai.operation.name=InvokeModelWithResponseStream gen_ai.request.model=m 1x 4
        gen_ai.client.operation.time_per_output_chunk gen_ai.operation.name=InvokeModelWithResponseStream gen_ai.request.model=m 2x 2
        gen_ai.client.operation.time_to_first_chunk gen_ai.operation.name=InvokeModelWithResponseStream gen_ai.request.model=m 1x 2
        gen_ai.client.token.usage gen_ai.operation.name=InvokeModelWithResponseStream gen_ai.request.model=m gen_ai.token.type=input 1x 7
        gen_ai.client.token.usage gen_ai.operation.name=InvokeModelWithResponseStream gen_ai.request.model=m gen_ai.token.type=output 1x 2
        invoke_model.client.attempts gen_ai.operation.name=InvokeModelWithResponseStream gen_ai.request.model=m 1",
    );
}

#[tokio::test(start_paused = true)]
async fn dropped_stream() {
    let metrics = Metrics::new();
    let messages = vec![chunk(LAST), chunk("{}")];
    read(&metrics.client(&Fake::with_response(stream(messages))), 1).await;
    metrics.check(
        "gen_ai.client.operation.duration error.type=cancelled gen_ai.operation.name=InvokeModelWithResponseStream gen_ai.request.model=m 1x 2
        gen_ai.client.operation.time_to_first_chunk gen_ai.operation.name=InvokeModelWithResponseStream gen_ai.request.model=m 1x 2
        gen_ai.client.token.usage gen_ai.operation.name=InvokeModelWithResponseStream gen_ai.request.model=m gen_ai.token.type=input 1x 7
        gen_ai.client.token.usage gen_ai.operation.name=InvokeModelWithResponseStream gen_ai.request.model=m gen_ai.token.type=output 1x 2
        invoke_model.client.attempts gen_ai.operation.name=InvokeModelWithResponseStream gen_ai.request.model=m 1",
    );
}

#[tokio::test(start_paused = true)]
async fn stream_with_an_exception() {
    let metrics = Metrics::new();
    let error = ResponseStreamError::from(ThrottlingException::default());
    let messages = vec![chunk("{}"), ResponseStream::exception(&error).unwrap()];
    read(&metrics.client(&Fake::with_response(stream(messages))), 9).await;
    metrics.check(
        "gen_ai.client.operation.duration error.type=ThrottlingException gen_ai.operation.name=InvokeModelWithResponseStream gen_ai.request.model=m 1x 3
        gen_ai.client.operation.time_to_first_chunk gen_ai.operation.name=InvokeModelWithResponseStream gen_ai.request.model=m 1x 2
        invoke_model.client.attempts gen_ai.operation.name=InvokeModelWithResponseStream gen_ai.request.model=m 1
        invoke_model.client.throttles gen_ai.operation.name=InvokeModelWithResponseStream gen_ai.request.model=m 1",
    );
}

#[tokio::test(start_paused = true)]
async fn quota_wait_and_usage() {
    let metrics = Metrics::new();
    let limiter = QuotaLimiter::builder().max_concurrency(1).requests_per_minute(9).name("nova").build();
    let slow = || -> invoke_model_client::BoxFuture<SendResult> {
        Box::pin(async {
            sleep(Duration::from_secs(3)).await;
            ok()
        })
    };
    let settings = metrics.settings(&Fake::slow([slow(), slow()])).quota_limiter(limiter.clone());
    // The second client that shares the limiter adds no other gauges.
    let (client, other) = (Client::new(settings.clone()).unwrap(), Client::new(settings).unwrap());
    let calls = async { tokio::join!(invoke(&client, "m"), invoke(&other, "m")) };
    timeout(Duration::from_secs(4), calls).await.unwrap_err();
    let quota = |lines: Vec<String>| -> Vec<String> {
        lines.into_iter().filter(|line| line.contains(".quota.")).collect()
    };
    assert_eq!(
        quota(metrics.lines()),
        [
            "invoke_model.client.quota.in_flight invoke_model.quota.name=nova 0",
            "invoke_model.client.quota.requests invoke_model.quota.name=nova 2",
            "invoke_model.client.quota.tokens invoke_model.quota.name=nova 8",
            "invoke_model.client.quota.wait_duration gen_ai.operation.name=InvokeModel gen_ai.request.model=m 2x 3",
            "invoke_model.client.quota.waiting invoke_model.quota.name=nova 0",
        ]
    );
    drop((client, other, limiter));
    assert_eq!(quota(metrics.lines()).len(), 1, "the gauges end with the limiter");
}

#[tokio::test(start_paused = true)]
async fn models_are_bounded() {
    let metrics = Metrics::new();
    let fake = Fake::default();
    let client = metrics.client(&fake);
    let models = |metrics: &Metrics| -> Vec<String> {
        let lines = metrics.lines().into_iter().filter(|line| line.contains(".attempts"));
        lines.filter_map(|line| Some(line.split("model=").nth(1)?.split(' ').next()?.to_owned())).collect()
    };
    let profile = "arn:aws:bedrock:us-east-1:123456789012:inference-profile/us.amazon.nova-lite-v1:0";
    for model in [profile, "us.amazon.nova-lite-v1:0", "Write a poem about my secret"] {
        fake.push([ok()]);
        invoke(&client, model).await;
    }
    assert_eq!(models(&metrics), ["_OTHER", "us.amazon.nova-lite-v1:0"]);
    for number in 0..200 {
        fake.push([ok()]);
        invoke(&client, &format!("model-{number}")).await;
    }
    let models = models(&metrics);
    assert_eq!(models.len(), 100);
    assert!(models.contains(&"model-97".to_owned()) && !models.contains(&"model-98".to_owned()));
}

#[tokio::test(start_paused = true)]
async fn operations_have_the_names_of_the_conventions() {
    let metrics = Metrics::new();
    let client = metrics.client(&Fake::with_response(ok()));
    let _ = client.converse().model_id("m").send().await;
    let lines = metrics.lines();
    assert!(lines[0].contains(" gen_ai.operation.name=chat "), "{lines:?}");
}

#[tokio::test(start_paused = true)]
async fn selected_tags_are_attributes_of_all_metrics_of_a_call() {
    let metrics = Metrics::new();
    let fake = Fake::with_responses([throttled(), ok()]);
    let limiter = QuotaLimiter::builder().max_concurrency(1).build();
    let settings = metrics.settings(&fake).quota_limiter(limiter).tag("team", "search").tag("cost", "4711");
    let client = Client::new(settings.metric_tag("tenant").metric_tag("team").metric_tag("tenant")).unwrap();
    let call = client.invoke_model().model_id("m").tag("tenant", "acme").tag("other", "a").body("{}");
    call.send().await.unwrap();
    let lines: Vec<_> = metrics.lines().into_iter().filter(|line| !line.contains("quota.name=")).collect();
    let names =
        ["operation.duration", "token.usage", "attempts", "retries", "throttles", "quota.wait_duration"];
    for name in names {
        assert!(lines.iter().any(|line| line.contains(name)), "{name}: {lines:?}");
    }
    for line in lines {
        assert!(line.contains(" invoke_model.tag.team=search invoke_model.tag.tenant=acme"), "{line}");
        assert!(!line.contains("4711") && !line.contains("other"), "{line}");
    }
    // A call without the tag does not have the attribute.
    fake.push([ok()]);
    invoke(&client, "m").await;
    let untagged = |line: &String| line.contains("attempts") && !line.contains("tag.tenant");
    assert_eq!(metrics.lines().iter().filter(|line| untagged(line)).count(), 1);
}

#[tokio::test(start_paused = true)]
async fn values_of_tags_are_bounded() {
    let metrics = Metrics::new();
    let fake = Fake::default();
    let client = Client::new(metrics.settings(&fake).metric_tag("tenant")).unwrap();
    let send = async |tenant: &str| {
        fake.push([ok()]);
        client.invoke_model().model_id("m").tag("tenant", tenant).body("{}").send().await.unwrap();
    };
    let tenants = || -> Vec<String> {
        let lines = metrics.lines().into_iter().filter(|line| line.contains(".attempts"));
        lines.filter_map(|line| Some(line.split("tenant=").nth(1)?.split(' ').next()?.to_owned())).collect()
    };
    for tenant in ["acme", "not plain", "123456789012"] {
        send(tenant).await;
    }
    assert_eq!(tenants(), ["_OTHER", "acme"]);
    for number in 0..200 {
        send(&format!("tenant-{number}")).await;
    }
    let tenants = tenants();
    assert_eq!(tenants.len(), 100);
    assert!(tenants.contains(&"tenant-97".to_owned()) && !tenants.contains(&"tenant-98".to_owned()));
    let error = fake.settings().metric_tag("a\"b").build().unwrap_err();
    assert!(
        error.to_string().contains("the key of the tag `a\\\"b` must have 1 to 256 characters"),
        "{error}"
    );
}
