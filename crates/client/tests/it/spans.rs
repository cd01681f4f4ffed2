//! Tests of the `tracing` spans.

use std::collections::BTreeMap;
use std::fmt::Debug;
use std::sync::{Arc, Mutex};

use invoke_model_client::types::InferenceConfiguration;
use invoke_model_client::{Client, Method, RetryConfig, TransportError, TransportErrorKind};
use tracing::Subscriber;
use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id, Record};
use tracing_subscriber::layer::{Context, Layer, SubscriberExt};

use crate::fake::{Fake, SendResult, response};

/// The name and the fields of a span.
type Span = BTreeMap<String, String>;

/// Records spans with their ids, in the order in which they were opened.
#[derive(Clone, Default)]
struct Trace(Arc<Mutex<Vec<(u64, Span)>>>);

struct Fields<'a>(&'a mut Span);

impl Visit for Fields<'_> {
    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        self.0.insert(field.name().to_owned(), format!("{value:?}").trim_matches('"').to_owned());
    }
}

impl<S: Subscriber> Layer<S> for Trace {
    fn on_new_span(&self, attributes: &Attributes<'_>, id: &Id, _: Context<'_, S>) {
        let mut fields = BTreeMap::from([("name".to_owned(), attributes.metadata().name().to_owned())]);
        attributes.record(&mut Fields(&mut fields));
        self.0.lock().unwrap().push((id.into_u64(), fields));
    }

    fn on_record(&self, id: &Id, values: &Record<'_>, _: Context<'_, S>) {
        let mut spans = self.0.lock().unwrap();
        let span = spans.iter_mut().rev().find(|(other, _)| *other == id.into_u64()).unwrap();
        values.record(&mut Fields(&mut span.1));
    }
}

/// Makes one call, and returns its spans.
fn spans_of_call(responses: Vec<SendResult>, retries: RetryConfig) -> Vec<Span> {
    spans_of(responses, retries, async |client| {
        let call = client.invoke_model().model_id("amazon.titan-embed-text-v2:0").body("{\"a\":\"secret\"}");
        let _ = call.guardrail_identifier("gr1").request_metadata("{\"b\":\"secret\"}").send().await;
    })
}

/// Makes calls, and returns their spans.
fn spans_of(responses: Vec<SendResult>, retries: RetryConfig, calls: impl AsyncFnOnce(Client)) -> Vec<Span> {
    let trace = Trace::default();
    // Without a global subscriber, `tracing` may disable a span for all threads, if a test without a subscriber
    // reaches the span first.
    let _ = tracing::subscriber::set_global_default(tracing_subscriber::registry());
    let subscriber = tracing_subscriber::registry().with(trace.clone());
    tracing::subscriber::with_default(subscriber, || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().start_paused(true).build();
        runtime.unwrap().block_on(async {
            let fake = Fake::default();
            responses.into_iter().for_each(|response| fake.push([response]));
            calls(Client::new(fake.settings().retry_config(retries)).unwrap()).await;
        });
    });
    std::mem::take(&mut *trace.0.lock().unwrap()).into_iter().map(|(_, span)| span).collect()
}

fn check(span: &Span, expected: &[(&str, &str)]) {
    let fields: Vec<_> = span.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    assert_eq!(fields, expected);
}

fn ok() -> SendResult {
    let headers = [
        ("content-type", "application/json"),
        ("x-amzn-requestid", "an-id"),
        ("x-amzn-bedrock-input-token-count", "3"),
        ("x-amzn-bedrock-output-token-count", "5"),
    ];
    Ok(response(200, &headers, bytes::Bytes::from_static(b"{\"c\":\"secret\"}").into()))
}

#[test]
fn span_of_a_call_has_its_tags() {
    let spans = spans_of(vec![ok()], RetryConfig::disabled(), async |client| {
        let call = client.invoke_model().model_id("amazon.titan-embed-text-v2:0").body("{}");
        call.tag("team", "search").tag("tenant", "acme").send().await.unwrap();
    });
    assert_eq!(spans[0]["invoke_model.tags"], "team=search tenant=acme");
}

const HOST: &str = "bedrock-runtime.us-east-1.amazonaws.com";

#[test]
fn span_of_a_call_has_token_counts_and_contains_an_attempt() {
    let spans = spans_of_call(vec![ok()], RetryConfig::disabled());
    assert_eq!(spans.len(), 2);
    check(
        &spans[0],
        &[
            ("aws.bedrock.guardrail.id", "gr1"),
            ("cloud.region", "us-east-1"),
            ("gen_ai.operation.name", "InvokeModel"),
            ("gen_ai.provider.name", "aws.bedrock"),
            ("gen_ai.request.model", "amazon.titan-embed-text-v2:0"),
            ("gen_ai.usage.input_tokens", "3"),
            ("gen_ai.usage.output_tokens", "5"),
            ("name", "call"),
            ("otel.kind", "client"),
            ("otel.name", "InvokeModel amazon.titan-embed-text-v2:0"),
            ("server.address", HOST),
            ("server.port", "443"),
        ],
    );
    check(
        &spans[1],
        &[
            ("aws.request_id", "an-id"),
            ("http.request.method", "POST"),
            ("http.response.status_code", "200"),
            ("name", "attempt"),
            ("otel.kind", "client"),
            ("otel.name", "POST"),
            ("server.address", HOST),
            ("server.port", "443"),
            (
                "url.full",
                "https://bedrock-runtime.us-east-1.amazonaws.com/model/amazon.titan-embed-text-v2%3A0/invoke",
            ),
        ],
    );
}

#[test]
fn span_of_a_failed_attempt_has_the_error_type() {
    let throttled =
        Ok(response(429, &[("x-amzn-errortype", "ThrottlingException")], bytes::Bytes::new().into()));
    let connect_error = Err(TransportError::from(TransportErrorKind::Connect));
    let spans = spans_of_call(vec![throttled, connect_error, ok()], RetryConfig::standard());
    let types: Vec<_> = spans.iter().map(|span| span.get("error.type").map(String::as_str)).collect();
    assert_eq!(types, [None, Some("ThrottlingException"), Some("connection"), None]);
    let resend_counts: Vec<_> =
        spans.iter().map(|span| span.get("http.request.resend_count").cloned()).collect();
    assert_eq!(resend_counts, [None, None, Some("1".to_owned()), Some("2".to_owned())]);

    let page = Ok(response(502, &[], bytes::Bytes::from_static(b"<html>").into()));
    let spans = spans_of_call(vec![page], RetryConfig::standard());
    assert_eq!(spans[0]["error.type"], "502");
    assert_eq!(spans[1]["http.response.status_code"], "502");
}

#[test]
fn span_of_a_chat_has_the_name_in_the_conventions() {
    let headers = [("content-type", "application/vnd.amazon.eventstream")];
    let empty = Ok(response(200, &headers, bytes::Bytes::new().into()));
    let usage = r#"{"usage":{"inputTokens":3,"outputTokens":5,"totalTokens":14,"cacheReadInputTokens":4,"cacheWriteInputTokens":2}}"#;
    let json = Ok(response(200, &[], bytes::Bytes::from_static(usage.as_bytes()).into()));
    let spans = spans_of(vec![json, empty], RetryConfig::disabled(), async |client| {
        let limit = InferenceConfiguration::builder().max_tokens(9).build();
        client.converse().model_id("a").inference_config(limit).send().await.unwrap();
        client.converse_stream().model_id("a").send().await.unwrap().events.recv().await.unwrap();
    });
    let (complete, stream) = (&spans[0], &spans[2]);
    assert_eq!([&complete["otel.name"], &stream["otel.name"]], ["chat a", "chat a"]);
    let names = ["max_tokens", "stream"].map(|name| format!("gen_ai.request.{name}"));
    let of = |span: &Span| names.each_ref().map(|name| span.get(name).cloned());
    assert_eq!(of(complete), [Some("9".to_owned()), None]);
    assert_eq!(of(stream), [None, Some("true".to_owned())]);
    let tokens = ["input_tokens", "output_tokens", "cache_read.input_tokens", "cache_creation.input_tokens"];
    let tokens = tokens.map(|name| complete[&format!("gen_ai.usage.{name}")].as_str());
    assert_eq!(tokens, ["9", "5", "4", "2"]);
}

#[test]
fn span_of_a_call_has_the_error_type_of_its_stream() {
    let headers = [
        ("content-type", "application/vnd.amazon.eventstream"),
        ("x-amzn-bedrock-content-type", "application/json"),
    ];
    let truncated = Ok(response(200, &headers, bytes::Bytes::from_static(b"\0\0\0").into()));
    let spans = spans_of(vec![truncated], RetryConfig::disabled(), async |client| {
        let call = client.invoke_model_with_response_stream().model_id("a").body("{}");
        call.send().await.unwrap().events.recv().await.unwrap_err();
    });
    let types: Vec<_> = spans.iter().map(|span| span.get("error.type").map(String::as_str)).collect();
    assert_eq!(types, [Some("truncated"), None]);
}

#[test]
fn raw_requests_and_calls_by_name_have_spans() {
    let spans = spans_of(vec![ok(), ok()], RetryConfig::disabled(), async |client| {
        let _ = client.request(Method::POST, "/openai/v1/models?a=secret").send().await;
        let call = client.operation("InvokeModel").unwrap().json_text(r#"{"modelId":"a"}"#);
        let _ = call.send().await;
    });
    let names: Vec<_> = spans.iter().map(|span| span["otel.name"].as_str()).collect();
    assert_eq!(names, ["POST /openai/v1/models", "POST", "InvokeModel a", "POST"]);
    let operations: Vec<_> = spans.iter().filter_map(|span| span.get("gen_ai.operation.name")).collect();
    assert_eq!(operations, ["RawRequest", "InvokeModel"]);
    assert!(!format!("{spans:?}").contains("secret"));
}

#[test]
fn spans_contain_no_sensitive_values() {
    let text = format!("{:?}", spans_of_call(vec![ok()], RetryConfig::disabled()));
    assert!(!text.contains("secret") && !text.contains(crate::fake::SECRET), "{text}");
}
