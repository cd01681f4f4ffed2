//! Tests of the metric of open connections, with connections to the local endpoint.

use std::sync::Arc;
use std::sync::atomic::AtomicUsize;
use std::sync::atomic::Ordering::SeqCst;

use invoke_model_client::{Client, Config, ConfigBuilder, Credentials, HyperTransport, Transport};
use invoke_model_local::LocalEndpoint;
use opentelemetry::InstrumentationScope;
use opentelemetry::metrics::{
    AsyncInstrumentBuilder, InstrumentProvider, Meter, MeterProvider, ObservableUpDownCounter,
};

use crate::metrics::{Metrics, OPEN_CONNECTIONS};

fn settings(local: &LocalEndpoint, metrics: &Metrics) -> ConfigBuilder {
    let credentials = Credentials::new(local.access_key_id(), local.secret_access_key(), None);
    let settings = Config::builder().region(local.region()).endpoint_url(local.url());
    settings.credentials_provider(credentials).meter_provider(metrics.provider())
}

async fn call(client: &Client) {
    let call = client.invoke_model().model_id("amazon.titan-embed-text-v2:0").body(r#"{"inputText":"a"}"#);
    call.send().await.unwrap();
}

/// Checks the numbers of active and of idle connections to the endpoint. `None` means that the metric has no
/// value. Other tests of the process have other endpoints.
#[track_caller]
fn check(metrics: &Metrics, local: &LocalEndpoint, expected: Option<(usize, usize)>) {
    let port = local.url().rsplit(':').next().unwrap().to_owned();
    let lines = metrics.lines().into_iter().filter(|line| line.contains(&format!("server.port={port} ")));
    let lines: Vec<_> = lines.filter(|line| line.starts_with(OPEN_CONNECTIONS)).collect();
    let line = |(state, connections)| {
        format!(
            "{OPEN_CONNECTIONS} http.connection.state={state} network.protocol.version=1.1 \
             server.address=127.0.0.1 server.port={port} {connections}"
        )
    };
    let expected = expected.map(|(active, idle)| [("active", active), ("idle", idle)].map(line));
    assert_eq!(lines, expected.as_ref().map_or(&[][..], |lines| &lines[..]));
}

#[tokio::test]
async fn clients_that_share_connections_count_them_once() {
    let (metrics, local) = (Metrics::new(), LocalEndpoint::start().await.unwrap());
    let transport = HyperTransport::new();
    let client = || Client::new(settings(&local, &metrics).transport(transport.clone())).unwrap();
    let (one, two) = (client(), client());
    check(&metrics, &local, None);
    call(&one).await;
    check(&metrics, &local, Some((0, 1)));
    call(&two).await;
    check(&metrics, &local, Some((0, 1)));
    // The connections of different transports add up.
    let three = Client::new(settings(&local, &metrics)).unwrap();
    call(&three).await;
    check(&metrics, &local, Some((0, 2)));
    drop(three);
    check(&metrics, &local, Some((0, 1)));
    drop(one);
    check(&metrics, &local, Some((0, 1)));
    drop(two);
    check(&metrics, &local, None);
    let pool = transport.connection_pool().unwrap();
    assert_eq!(pool.open_connections()[0].idle, 1, "the transport still exists");
    call(&client()).await;
    check(&metrics, &local, None);
}

#[tokio::test]
async fn a_provider_does_not_keep_a_transport_alive() {
    let (metrics, local) = (Metrics::new(), LocalEndpoint::start().await.unwrap());
    let transport = HyperTransport::new();
    let pool = Arc::downgrade(&transport.connection_pool().unwrap());
    let client = Client::new(settings(&local, &metrics).transport(transport)).unwrap();
    call(&client).await;
    check(&metrics, &local, Some((0, 1)));
    drop(client);
    assert!(pool.upgrade().is_none());
    check(&metrics, &local, None);
}

#[tokio::test]
async fn a_stream_has_a_connection_until_it_is_dropped() {
    let (metrics, local) = (Metrics::new(), LocalEndpoint::start().await.unwrap());
    let client = Client::new(settings(&local, &metrics)).unwrap();
    let call = client.converse_stream().model_id("amazon.nova-lite-v1:0");
    let stream = call.messages(crate::converse::user("hello")).send().await.unwrap();
    check(&metrics, &local, Some((1, 0)));
    drop(stream);
    check(&metrics, &local, Some((0, 0)));
}

/// A provider that counts the instruments for connections.
#[derive(Clone, Default)]
struct Instruments(Arc<AtomicUsize>);

impl MeterProvider for Instruments {
    fn meter_with_scope(&self, _scope: InstrumentationScope) -> Meter {
        Meter::new(Arc::new(self.clone()))
    }
}

impl InstrumentProvider for Instruments {
    fn i64_observable_up_down_counter(
        &self,
        _builder: AsyncInstrumentBuilder<'_, ObservableUpDownCounter<i64>, i64>,
    ) -> ObservableUpDownCounter<i64> {
        self.0.fetch_add(1, SeqCst);
        ObservableUpDownCounter::new()
    }
}

#[tokio::test]
async fn many_clients_register_one_callback() {
    let (local, instruments) = (LocalEndpoint::start().await.unwrap(), Instruments::default());
    let settings = settings(&local, &Metrics::new()).meter_provider(&instruments);
    for _ in 0..10 {
        Client::new(settings.clone()).unwrap();
    }
    assert_eq!(instruments.0.load(SeqCst), 1);
}
