//! Tests of interceptors: order, signed headers, and the kinds of calls.

mod changes;
pub(crate) mod failures;

use std::error::Error as StdError;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use bytes::Bytes;
use http::{HeaderName, HeaderValue, Method, request, response};
use invoke_model_client::{
    Attempt, Client, Credentials, Intercept, InterceptorContext, InterceptorFuture, RetryConfig,
    TransportErrorKind,
};
use invoke_model_local::LocalEndpoint;
use serde_json::json;

use crate::fake::{Fake, SECRET, SendResult, response as respond};

const ID: &str = "amazon.titan-embed-text-v2:0";

/// The log that interceptors share.
#[derive(Clone, Default)]
pub(crate) struct Log(Arc<Mutex<Vec<String>>>);

impl Log {
    fn add(&self, entry: String) {
        self.0.lock().unwrap().push(entry);
    }

    pub(crate) fn take(&self) -> Vec<String> {
        std::mem::take(&mut self.0.lock().unwrap())
    }

    /// Returns an interceptor that logs its hooks.
    pub(crate) fn interceptor(&self, name: &'static str) -> Logging {
        Logging { name, log: self.clone() }
    }
}

/// An interceptor that logs its hooks.
pub(crate) struct Logging {
    name: &'static str,
    log: Log,
}

impl Intercept for Logging {
    fn name(&self) -> &str {
        self.name
    }

    fn before_sign<'a>(
        &'a self,
        request: &'a mut request::Parts,
        context: &'a mut InterceptorContext,
    ) -> InterceptorFuture<'a> {
        Box::pin(async move {
            request.headers.append("x-order", HeaderValue::from_static(self.name));
            self.log.add(format!("{}: sign {}", self.name, context.attempt()));
            Ok(())
        })
    }

    fn before_send<'a>(
        &'a self,
        request: &'a request::Parts,
        context: &'a mut InterceptorContext,
    ) -> InterceptorFuture<'a> {
        assert!(request.headers.contains_key("authorization"));
        self.log.add(format!("{}: send {}", self.name, context.attempt()));
        Box::pin(async { Ok(()) })
    }

    fn after_response(
        &self,
        response: &response::Parts,
        _context: &mut InterceptorContext,
    ) -> Result<(), Box<dyn StdError + Send + Sync>> {
        self.log.add(format!("{}: response {}", self.name, response.status.as_u16()));
        Ok(())
    }

    fn after_attempt(&self, attempt: &Attempt, context: &mut InterceptorContext) {
        assert_eq!(attempt.number, context.attempt());
        let class = attempt.class.map_or("success", |class| class.as_str());
        self.log.add(format!("{}: attempt {} {class}", self.name, attempt.number));
    }
}

/// An interceptor that adds a header.
struct AddHeader(&'static str, &'static str);

impl Intercept for AddHeader {
    fn before_sign<'a>(
        &'a self,
        request: &'a mut request::Parts,
        _context: &'a mut InterceptorContext,
    ) -> InterceptorFuture<'a> {
        request.headers.insert(HeaderName::from_static(self.0), HeaderValue::from_static(self.1));
        Box::pin(async { Ok(()) })
    }
}

fn ok() -> SendResult {
    Ok(respond(200, &[], Bytes::from_static(b"{}").into()))
}

fn throttled() -> SendResult {
    let headers = [("x-amzn-errortype", "ThrottlingException"), ("x-amzn-requestid", "an-id")];
    Ok(respond(429, &headers, Bytes::from_static(b"{}").into()))
}

fn local_client(local: &LocalEndpoint, interceptor: impl Intercept) -> Client {
    let credentials = Credentials::new(local.access_key_id(), local.secret_access_key(), None);
    let settings = invoke_model_client::Config::builder()
        .region(local.region())
        .endpoint_url(local.url())
        .credentials_provider(credentials)
        .retry_config(RetryConfig::disabled())
        .interceptor(interceptor);
    Client::new(settings).unwrap()
}

#[tokio::test(start_paused = true)]
async fn run_in_the_stated_order_once_per_attempt() {
    let log = Log::default();
    let fake = Fake::with_responses([throttled(), Err(TransportErrorKind::Connect.into()), ok()]);
    let retries = RetryConfig::standard().max_backoff(Duration::ZERO);
    let settings = fake.settings().retry_config(retries);
    let settings = settings.interceptor(log.interceptor("a")).interceptor(log.interceptor("b"));
    let client = Client::new(settings).unwrap();
    client.invoke_model().model_id(ID).interceptor(log.interceptor("c")).send().await.unwrap();
    let before = |number| {
        ["a: sign", "b: sign", "c: sign", "a: send", "b: send", "c: send"]
            .map(|hook| format!("{hook} {number}"))
    };
    let after = |outcome: &str| ["c", "b", "a"].map(|name| format!("{name}: {outcome}"));
    let expected = [
        before(1).to_vec(),
        after("response 429").to_vec(),
        after("attempt 1 rejected").to_vec(),
        before(2).to_vec(),
        after("attempt 2 not sent").to_vec(),
        before(3).to_vec(),
        after("response 200").to_vec(),
        after("attempt 3 success").to_vec(),
    ];
    assert_eq!(log.take(), expected.concat());
    for request in fake.requests() {
        let values: Vec<_> = request.headers().get_all("x-order").iter().collect();
        assert_eq!(values, ["a", "b", "c"], "each attempt begins with the unchanged request");
        assert!(!request.headers().contains_key("host"));
    }
    // The interceptor of the first call does not belong to the client.
    fake.push([ok()]);
    client.invoke_model().model_id(ID).send().await.unwrap();
    assert!(!log.take().iter().any(|entry| entry.starts_with('c')));
}

#[tokio::test]
async fn the_signature_covers_an_added_header() {
    let local = LocalEndpoint::start().await.unwrap();
    let client = local_client(&local, AddHeader("x-tenant", "blue"));
    client.invoke_model().model_id(ID).body(r#"{"inputText":"hello"}"#).send().await.unwrap();
    let call = &local.calls()[0];
    assert_eq!((call.status, call.headers["x-tenant"].to_str().unwrap()), (200, "blue"));
    assert!(call.signed_headers.iter().any(|name| name == "x-tenant"), "{:?}", call.signed_headers);
}

#[tokio::test]
async fn a_request_with_a_bearer_token_has_an_added_header() {
    let fake = Fake::with_responses([ok()]);
    let call = fake.client().invoke_model().model_id(ID).bearer_token("a-token");
    call.interceptor(AddHeader("x-tenant", "blue")).send().await.unwrap();
    let headers = fake.request().headers().clone();
    assert_eq!(headers["x-tenant"], "blue");
    assert_eq!(headers["authorization"], "Bearer a-token");
}

#[tokio::test]
async fn a_signed_request_without_a_call_has_an_added_header() {
    let log = Log::default();
    let client = Client::new(Fake::default().settings().interceptor(log.interceptor("a"))).unwrap();
    let explanation = client.invoke_model().model_id(ID).explain().await.unwrap();
    assert_eq!(explanation.request.headers()["x-order"], "a");
    assert!(explanation.signed.unwrap().canonical_request().signed_headers().contains("x-order"));
    assert_eq!(log.take(), ["a: sign 1"]);
}

/// Makes a call of each kind. Returns the number of calls.
async fn every_kind_of_call(client: &Client) -> usize {
    let body = r#"{"inputText":"hello"}"#;
    let chat = json!({
        "modelId": "us.amazon.nova-lite-v1:0",
        "messages": [{"role": "user", "content": [{"text": "hi"}]}],
    });
    client.invoke_model().model_id(ID).body(body).send().await.unwrap();
    client
        .invoke_model()
        .model_id(ID)
        .body(body)
        .send_streaming()
        .await
        .unwrap()
        .body
        .collect()
        .await
        .unwrap();
    client.list_async_invokes().into_paginator().try_next().await.unwrap();
    client.operation("Converse").unwrap().json(chat.clone()).send().await.unwrap();
    let mut events =
        client.operation("ConverseStream").unwrap().json(chat).send_stream().await.unwrap().events;
    while events.recv().await.unwrap().is_some() {}
    client.request(Method::POST, format!("/model/{ID}/invoke")).body(body).send().await.unwrap();
    let stream =
        client.invoke_model_with_response_stream().model_id("anthropic.claude-3-haiku-20240307-v1:0");
    let stream = stream.body(
        r#"{"anthropic_version":"bedrock-2023-05-31","max_tokens":9,"messages":[{"role":"user","content":"hi"}]}"#,
    );
    let mut events = stream.send().await.unwrap().events;
    while events.recv().await.unwrap().is_some() {}
    7
}

#[tokio::test]
async fn run_for_every_kind_of_call() {
    let local = LocalEndpoint::start().await.unwrap();
    let log = Log::default();
    let client = local_client(&local, log.interceptor("a"));
    let calls = every_kind_of_call(&client).await;
    let each = ["a: sign 1", "a: send 1", "a: response 200", "a: attempt 1 success"];
    assert_eq!(log.take(), each.repeat(calls));
    for call in local.calls() {
        assert!(call.signed_headers.iter().any(|name| name == "x-order"), "{call:?}");
    }
}

#[tokio::test]
async fn run_for_server_sent_events() {
    let response =
        respond(200, &[("content-type", "text/event-stream")], Bytes::from_static(b"data: a\n\n").into());
    let (fake, log) = (Fake::with_responses([Ok(response)]), Log::default());
    let call =
        fake.client().request(Method::POST, "/openai/v1/chat/completions").interceptor(log.interceptor("a"));
    let mut events = call.send_events().await.unwrap().events;
    assert_eq!(events.recv().await.unwrap().unwrap().data, "a");
    assert_eq!(log.take(), ["a: sign 1", "a: send 1", "a: response 200", "a: attempt 1 success"]);
}

#[tokio::test]
async fn run_for_a_call_by_name_with_an_interceptor() {
    let (fake, log) = (Fake::with_responses([ok()]), Log::default());
    let call = fake.client().operation("InvokeModel").unwrap().json(json!({"modelId": ID}));
    call.interceptor(log.interceptor("a")).send().await.unwrap();
    assert_eq!(log.take().len(), 4);
}

/// Compares the context with the call, and counts the attempts in it.
struct Facts(Log);

#[derive(Clone)]
struct Started(u32);

impl Intercept for Facts {
    fn before_sign<'a>(
        &'a self,
        request: &'a mut request::Parts,
        context: &'a mut InterceptorContext,
    ) -> InterceptorFuture<'a> {
        let started = context.extensions().get::<Started>().map_or(0, |started| started.0);
        context.extensions_mut().insert(Started(started + 1));
        let facts = (context.operation(), context.region(), context.model_id());
        self.0.add(format!("{facts:?} {:?}", request.headers["host"]));
        Box::pin(async { Ok(()) })
    }

    fn after_attempt(&self, attempt: &Attempt, context: &mut InterceptorContext) {
        let started = context.extensions().get::<Started>().unwrap().0;
        self.0.add(format!("{started} {:?}", attempt.usage.input_tokens));
    }
}

#[tokio::test(start_paused = true)]
async fn the_context_describes_the_call() {
    let log = Log::default();
    let counted = ("x-amzn-bedrock-input-token-count", "7");
    let counted = Ok(respond(200, &[counted], Bytes::from_static(b"{}").into()));
    let fake = Fake::with_responses([throttled(), counted, ok()]);
    let retries = RetryConfig::standard().max_backoff(Duration::ZERO);
    let settings = fake.settings().endpoint_url("http://localhost:80/base").retry_config(retries);
    let client = Client::new(settings.interceptor(Arc::new(Facts(log.clone())))).unwrap();
    client.invoke_model().model_id(ID).send().await.unwrap();
    client.request(Method::GET, "/models").send().await.unwrap();
    let first = format!(r#"("InvokeModel", Some("us-east-1"), Some("{ID}")) "localhost""#);
    let raw = r#"("RawRequest", Some("us-east-1"), None) "localhost""#;
    assert_eq!(log.take(), [&first, "1 None", &first, "2 Some(7)", raw, "1 None"]);
}

/// Logs the `Debug` text of everything that it sees.
struct Show(Log);

impl Intercept for Show {
    fn before_send<'a>(
        &'a self,
        request: &'a request::Parts,
        context: &'a mut InterceptorContext,
    ) -> InterceptorFuture<'a> {
        self.0.add(format!("{request:?} {context:?}"));
        Box::pin(async { Ok(()) })
    }
}

#[tokio::test]
async fn debug_shows_no_secrets() {
    let (fake, log) = (Fake::with_responses([ok(), ok()]), Log::default());
    let credentials = Credentials::new("AKIDEXAMPLE", SECRET, Some("a-session-token".into()));
    let settings = fake.settings().credentials_provider(credentials).interceptor(Show(log.clone()));
    assert!(format!("{settings:?}").contains("interceptors: [\"it::interceptors::Show\"]"), "{settings:?}");
    let client = Client::new(settings).unwrap();
    client.invoke_model().model_id(ID).send().await.unwrap();
    client.invoke_model().model_id(ID).bearer_token("a-bearer-token").send().await.unwrap();
    for shown in log.take() {
        assert!(shown.contains("\"authorization\": Sensitive"), "{shown}");
        for secret in [SECRET, "a-session-token", "a-bearer-token", "Signature="] {
            assert!(!shown.contains(secret), "{shown}");
        }
    }
}
