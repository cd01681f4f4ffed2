//! Measures the latency of calls with an interceptor, with metrics and with quota limiters.
//!
//! In each round, each client makes the same number of calls. The clients take turns after each call, so that other
//! load on the machine affects all clients equally. The program prints a line for each round and client: the name of
//! the client, and the median and the 99th percentile of its latencies in nanoseconds.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;

use bench_workload::{REQUEST, RESPONSE_LENGTH, SMALL};
use bytes::Bytes;
use clap::Parser;
use http::{HeaderValue, request};
use invoke_model_client::{
    Attempt, Client, Config, ConfigBuilder, Credentials, Intercept, InterceptorContext, InterceptorFuture,
    QuotaLimiter, QuotaLimits, RedisQuotaStore,
};
use opentelemetry_sdk::metrics::{InMemoryMetricExporter, PeriodicReader, SdkMeterProvider};

/// Number of calls of each client before the measurement. These calls open the connections and fill caches.
const WARM_UP: usize = 200;

#[derive(Parser)]
struct Arguments {
    /// URL of the server.
    endpoint: String,
    /// URL of the Redis server.
    redis: String,
    /// Number of calls of each client in a round.
    calls: usize,
    /// Number of rounds.
    rounds: usize,
}

/// An interceptor that adds a header and counts tokens.
#[derive(Default)]
struct Tenant {
    output_tokens: AtomicU64,
}

impl Intercept for Tenant {
    fn before_sign<'a>(
        &'a self,
        request: &'a mut request::Parts,
        _context: &'a mut InterceptorContext,
    ) -> InterceptorFuture<'a> {
        Box::pin(async move {
            request.headers.insert("x-tenant", HeaderValue::from_static("acme"));
            Ok(())
        })
    }

    fn after_attempt(&self, attempt: &Attempt, _context: &mut InterceptorContext) {
        self.output_tokens.fetch_add(attempt.usage.output_tokens.unwrap_or(0), Ordering::Relaxed);
    }
}

/// Returns the clients and their names.
fn clients(
    arguments: &Arguments,
    provider: &SdkMeterProvider,
    store: &RedisQuotaStore,
) -> Vec<(&'static str, Client)> {
    let settings = || {
        Config::builder()
            .region("us-east-1")
            .endpoint_url(&arguments.endpoint)
            .credentials_provider(Credentials::new("AKIDEXAMPLE", "secret", None))
    };
    let limits = QuotaLimits::default().max_concurrency(16).requests_per_minute(1_000_000);
    let in_memory = QuotaLimiter::builder().key("model", limits).build();
    let in_redis = QuotaLimiter::builder().store(store.clone()).key("model", limits).build();
    let client = |settings: ConfigBuilder| Client::new(settings).expect("a client");
    vec![
        ("plain", client(settings())),
        ("interceptor", client(settings().interceptor(Tenant::default()))),
        ("metrics", client(settings().meter_provider(provider))),
        ("memory", client(settings().quota_limiter(in_memory))),
        ("redis", client(settings().quota_limiter(in_redis))),
    ]
}

async fn call(client: &Client) {
    let call = client.invoke_model().model_id(SMALL).content_type("application/json");
    let response = call.body(Bytes::from_static(REQUEST)).send().await.expect("a response");
    assert_eq!(response.body.len(), RESPONSE_LENGTH);
}

async fn measure(arguments: &Arguments) {
    let reader = PeriodicReader::builder(InMemoryMetricExporter::default()).build();
    let provider = SdkMeterProvider::builder().with_reader(reader).build();
    let store = RedisQuotaStore::builder(&arguments.redis).wait_after_server_start(false).build();
    let store = store.expect("a URL");
    let clients = clients(arguments, &provider, &store);
    for (_, client) in &clients {
        for _ in 0..WARM_UP {
            call(client).await;
        }
    }
    for _ in 0..arguments.rounds {
        let mut latencies = vec![Vec::with_capacity(arguments.calls); clients.len()];
        for number in 0..arguments.calls {
            for index in order(number, clients.len()) {
                let start = Instant::now();
                call(&clients[index].1).await;
                latencies[index].push(start.elapsed().as_nanos());
                // Otherwise, the end of a request in the store would delay the calls of the other clients.
                store.flush().await;
            }
        }
        for ((name, _), mut latencies) in clients.iter().zip(latencies) {
            latencies.sort_unstable();
            let percentile = |percent| latencies[(latencies.len() - 1) * percent / 100];
            println!("{name} {} {}", percentile(50), percentile(99));
        }
    }
}

/// Returns the order of the clients. The order changes, so that each client follows each other client equally often:
/// a call is slower after a call that uses more memory. The step visits all clients, because their number is prime.
fn order(number: usize, count: usize) -> impl Iterator<Item = usize> {
    let step = 1 + number % (count - 1);
    (0..count).map(move |position| (number + step * position) % count)
}

fn main() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    runtime.block_on(measure(&Arguments::parse()));
}
