//! What a trace shows of a call.

use std::collections::BTreeMap;
use std::fmt::Debug;
use std::sync::{Arc, Mutex};

use invoke_model_client::{Client, RetryConfig, TransportError, TransportErrorKind};
use tracing::Subscriber;
use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id, Record};
use tracing_subscriber::layer::{Context, Layer, SubscriberExt};

use crate::fake::{Answer, Fake, response};

/// What a span says: its name, and its fields by theirs.
type Span = BTreeMap<String, String>;

/// The spans in the order in which they were opened, with their ids.
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
        let span = spans.iter_mut().rev().find(|(known, _)| *known == id.into_u64()).unwrap();
        values.record(&mut Fields(&mut span.1));
    }
}

/// The spans of one call.
fn traced(answers: Vec<Answer>, retries: RetryConfig) -> Vec<Span> {
    let trace = Trace::default();
    let subscriber = tracing_subscriber::registry().with(trace.clone());
    tracing::subscriber::with_default(subscriber, || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().start_paused(true).build();
        runtime.unwrap().block_on(async {
            let fake = Fake::default();
            answers.into_iter().for_each(|answer| fake.push([answer]));
            let client = Client::new(fake.settings().retry_config(retries)).unwrap();
            let call =
                client.invoke_model().model_id("amazon.titan-embed-text-v2:0").body("{\"a\":\"secret\"}");
            let _ = call.guardrail_identifier("gr1").request_metadata("{\"b\":\"secret\"}").send().await;
        });
    });
    std::mem::take(&mut *trace.0.lock().unwrap()).into_iter().map(|(_, span)| span).collect()
}

fn check(span: &Span, expected: &[(&str, &str)]) {
    let shown: Vec<_> = span.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    assert_eq!(shown, expected);
}

fn ok() -> Answer {
    let fields = [
        ("content-type", "application/json"),
        ("x-amzn-requestid", "an-id"),
        ("x-amzn-bedrock-input-token-count", "3"),
        ("x-amzn-bedrock-output-token-count", "5"),
    ];
    Ok(response(200, &fields, bytes::Bytes::from_static(b"{\"c\":\"secret\"}").into()))
}

const HOST: &str = "bedrock-runtime.us-east-1.amazonaws.com";

#[test]
fn a_call_is_a_span_with_what_it_counted_and_an_attempt_in_it() {
    let spans = traced(vec![ok()], RetryConfig::disabled());
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
        ],
    );
}

#[test]
fn attempts_that_fail_are_spans_with_the_type_of_their_error() {
    let throttled =
        Ok(response(429, &[("x-amzn-errortype", "ThrottlingException")], bytes::Bytes::new().into()));
    let lost = Err(TransportError::from(TransportErrorKind::Connect));
    let spans = traced(vec![throttled, lost, ok()], RetryConfig::default());
    let types: Vec<_> = spans.iter().map(|span| span.get("error.type").map(String::as_str)).collect();
    assert_eq!(types, [None, Some("ThrottlingException"), Some("connection"), None]);
    let resent: Vec<_> = spans.iter().map(|span| span.get("http.request.resend_count").cloned()).collect();
    assert_eq!(resent, [None, None, Some("1".to_owned()), Some("2".to_owned())]);

    let page = Ok(response(502, &[], bytes::Bytes::from_static(b"<html>").into()));
    let spans = traced(vec![page], RetryConfig::default());
    assert_eq!(spans[0]["error.type"], "502");
    assert_eq!(spans[1]["http.response.status_code"], "502");
}

#[test]
fn nothing_sensitive_is_traced() {
    let shown = format!("{:?}", traced(vec![ok()], RetryConfig::disabled()));
    assert!(!shown.contains("secret") && !shown.contains(crate::fake::SECRET), "{shown}");
}
