//! Checks that log records of all levels contain no secrets. The test also checks the log records of
//! libraries.

use std::fmt::Write;
use std::sync::{Arc, Mutex};

use invoke_model_client::{Client, Config, Credentials};
use invoke_model_local::{LocalEndpoint, LocalEndpointBuilder};
use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id, Record};
use tracing::{Event, Subscriber};
use tracing_subscriber::layer::{Context, Layer, SubscriberExt};

const SECRET: &str = "secret-access-key-value";
const TOKEN: &str = "secret-session-token";
const BEARER: &str = "secret-bearer-token";
const BODY: &str = r#"{"prompt":"secret prompt"}"#;

/// A layer that collects the fields of all spans and events as text.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<String>>);

struct Text<'a>(&'a mut String);

impl Visit for Text<'_> {
    fn record_debug(&mut self, field: &Field, value: &dyn std::fmt::Debug) {
        let _ = writeln!(self.0, "{field}={value:?}");
    }
}

impl<S: Subscriber> Layer<S> for Log {
    fn on_new_span(&self, attributes: &Attributes<'_>, _: &Id, _: Context<'_, S>) {
        attributes.record(&mut Text(&mut self.0.lock().unwrap()));
    }

    fn on_record(&self, _: &Id, values: &Record<'_>, _: Context<'_, S>) {
        values.record(&mut Text(&mut self.0.lock().unwrap()));
    }

    fn on_event(&self, event: &Event<'_>, _: Context<'_, S>) {
        event.record(&mut Text(&mut self.0.lock().unwrap()));
    }
}

async fn calls(client: &Client) {
    let model = "meta.llama3-8b-instruct-v1:0";
    client
        .invoke_model()
        .model_id(model)
        .body(BODY)
        .request_metadata("{\"a\":\"secret\"}")
        .send()
        .await
        .unwrap();
    let call = client.invoke_model_with_response_stream().model_id(model).body(BODY);
    let mut events = call.send().await.unwrap().events;
    while events.recv().await.unwrap().is_some() {}
    client.invoke_model().model_id(model).body("{\"secret\":1}").send().await.unwrap_err();
}

#[test]
fn logs_contain_no_secrets() {
    let log = Log::default();
    tracing::subscriber::with_default(tracing_subscriber::registry().with(log.clone()), || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let local = LocalEndpoint::builder().credentials(
                LocalEndpointBuilder::ACCESS_KEY_ID,
                SECRET,
                Some(TOKEN.into()),
            );
            let local = local.bearer_token(BEARER).start().await.unwrap();
            let config = Config::builder().region("us-east-1").endpoint_url(local.url());
            let keys = Credentials::new(LocalEndpointBuilder::ACCESS_KEY_ID, SECRET, Some(TOKEN.into()));
            let signed = Client::new(config.clone().credentials_provider(keys)).unwrap();
            // If a test in another thread creates a span first, tracing records this span for no test. After these
            // calls, all spans exist, so tracing can decide again.
            calls(&signed).await;
            tracing::callsite::rebuild_interest_cache();
            calls(&signed).await;
            calls(&Client::new(config.bearer_token(BEARER)).unwrap()).await;
        });
    });
    let log = log.0.lock().unwrap();
    assert!(log.contains("gen_ai.request.model") && log.lines().count() > 50, "{log}");
    assert!(!log.contains("secret"), "{log}");
}
