//! Calls that time out or are cancelled while they wait for credentials or for a connection.

use std::future::Future;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use invoke_model_client::types::{InvokeModel, InvokeModelError, InvokeModelWithResponseStream};
use invoke_model_client::{
    Call, Client, Config, ConfigBuilder, Credentials, CredentialsFuture, Error, FailureClass, HyperTransport,
    ProvideCredentials, QuotaLimiter, RetryConfig, TimeoutConfig,
};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::time::{sleep, timeout};

const ID: &str = "meta.llama3-8b-instruct-v1:0";
/// A body for which the limiter reserves 111 tokens.
const BODY: &str = r#"{"prompt":"one two three","max_gen_len":100}"#;
const LIMIT: Duration = Duration::from_secs(60);

/// Starts a server that runs `serve` for each connection.
async fn serve<F: Future<Output = ()> + Send + 'static>(
    serve: impl Fn(TcpStream) -> F + Send + 'static,
) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            tokio::spawn(serve(stream));
        }
    });
    address
}

/// Reads a request, and responds after a delay.
async fn respond_after(delay: Duration, mut stream: TcpStream) {
    let mut request = Vec::new();
    while !request.ends_with(BODY.as_bytes()) {
        if stream.read_buf(&mut request).await.unwrap_or(0) == 0 {
            return;
        }
    }
    sleep(delay).await;
    let _ = stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\nconnection: close\r\n\r\n{}").await;
}

/// Accepts a connection, and never writes to it.
async fn stay_silent(mut stream: TcpStream) {
    let _ = stream.read_to_end(&mut Vec::new()).await;
}

fn limiter() -> QuotaLimiter {
    QuotaLimiter::builder().tokens_per_minute(100_000).requests_per_minute(1_000).build()
}

fn config(scheme: &str, address: SocketAddr, limiter: &QuotaLimiter) -> ConfigBuilder {
    let root = include_bytes!("../../../transport/tests/data/root.pem").as_slice();
    let transport = HyperTransport::builder()
        .max_connections_per_host(1)
        .connect_timeout(10 * LIMIT)
        .root_certificates_pem(root);
    Config::builder()
        .region("us-east-1")
        .endpoint_url(format!("{scheme}://{address}"))
        .credentials_provider(Credentials::new("AKIDEXAMPLE", "secret", None))
        .transport(transport.build())
        .retry_config(RetryConfig::disabled())
        .quota_limiter(limiter.clone())
}

fn call(client: &Client) -> Call<InvokeModel> {
    client.invoke_model().model_id(ID).body(BODY)
}

fn stream(client: &Client) -> Call<InvokeModelWithResponseStream> {
    client.invoke_model_with_response_stream().model_id(ID).body(BODY)
}

/// Checks the error of a call that was not sent, and that the limiter counts only `requests` other requests.
fn check_not_sent(error: &Error<InvokeModelError>, limiter: &QuotaLimiter, requests: usize) {
    assert!(error.is_timeout(), "{error}");
    assert_eq!(error.class(), FailureClass::NotSent, "{error}");
    assert!(error.to_string().starts_with("InvokeModel: request not sent: "), "{error}");
    let usage = limiter.usage();
    assert_eq!((usage.requests, usage.tokens), (requests, 111 * requests as u64), "{error}");
}

#[tokio::test(start_paused = true)]
async fn a_timeout_during_a_wait_for_a_connection_is_not_ambiguous() {
    let address = serve(|stream| respond_after(100 * LIMIT, stream)).await;
    let limiter = limiter();
    let client = Client::new(config("http", address, &limiter)).unwrap();
    let holder = tokio::spawn(call(&client).send());
    sleep(Duration::from_secs(1)).await;
    for timeouts in
        [TimeoutConfig::default().first_byte(LIMIT / 2), TimeoutConfig::default().operation(LIMIT / 4)]
    {
        let error = call(&client).timeout_config(timeouts).send().await.unwrap_err();
        assert!(error.to_string().contains("because other requests used all connections"), "{error}");
        check_not_sent(&error, &limiter, 1);
    }
    holder.abort();
}

#[tokio::test(start_paused = true)]
async fn a_timeout_during_a_handshake_is_not_ambiguous() {
    let address = serve(stay_silent).await;
    let limiter = limiter();
    let client = Client::new(config("https", address, &limiter)).unwrap();
    for timeouts in [TimeoutConfig::default().first_byte(LIMIT), TimeoutConfig::default().operation(LIMIT)] {
        let error = call(&client).timeout_config(timeouts).send().await.unwrap_err();
        check_not_sent(&error, &limiter, 0);
    }
}

#[tokio::test(start_paused = true)]
async fn a_call_that_was_not_sent_in_time_is_retried() {
    // The response of the first call takes 90 s. All other responses are fast.
    let first = AtomicBool::new(true);
    let delay = move || if first.swap(false, Ordering::Relaxed) { LIMIT + LIMIT / 2 } else { Duration::ZERO };
    let address = serve(move |stream| respond_after(delay(), stream)).await;
    let limiter = limiter();
    let client = Client::new(config("http", address, &limiter)).unwrap();
    let holder = tokio::spawn(call(&client).send());
    sleep(Duration::from_secs(1)).await;
    let waiting = call(&client).timeout_config(TimeoutConfig::default().first_byte(LIMIT));
    let (_, metadata) = waiting.retry_config(RetryConfig::standard()).send_with_metadata().await.unwrap();
    let classes: Vec<_> = metadata.earlier_attempts.iter().map(|attempt| attempt.class).collect();
    assert_eq!(classes, [Some(FailureClass::NotSent)]);
    holder.await.unwrap().unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_timeout_after_the_request_was_sent_stays_ambiguous() {
    let address = serve(stay_silent).await;
    let limiter = limiter();
    let client = Client::new(config("http", address, &limiter)).unwrap();
    let timeouts = TimeoutConfig::default().first_byte(LIMIT / 2);
    let retries = RetryConfig::standard();
    let error = call(&client).timeout_config(timeouts).retry_config(retries).send().await.unwrap_err();
    assert_eq!((error.class(), error.attempts()), (FailureClass::Ambiguous, 1), "{error}");
    assert_eq!(limiter.usage().tokens, 111);
}

/// A provider that never returns.
struct Pending;

impl ProvideCredentials for Pending {
    fn provide_credentials(&self) -> CredentialsFuture<'_> {
        Box::pin(std::future::pending())
    }
}

/// Starts ten calls, drops them after a second, and checks that the limiter counts only `requests` other
/// requests.
async fn check_dropped<F: Future>(limiter: &QuotaLimiter, calls: impl Fn() -> F, requests: usize) {
    let running = futures_util::future::join_all((0..10).map(|_| calls()));
    assert!(timeout(Duration::from_secs(1), running).await.is_err());
    let usage = limiter.usage();
    let expected = (requests, 111 * requests as u64);
    assert_eq!((usage.in_flight, usage.waiting), (u32::try_from(requests).unwrap(), 0));
    assert_eq!((usage.requests, usage.tokens), expected);
}

#[tokio::test(start_paused = true)]
async fn calls_dropped_during_a_wait_for_credentials_count_nothing() {
    let (address, limiter) = (serve(stay_silent).await, limiter());
    let client = Client::new(config("http", address, &limiter)).unwrap();
    let pending = |call: Call<InvokeModel>| call.credentials_provider(Pending);
    check_dropped(&limiter, || pending(call(&client)).send(), 0).await;
    check_dropped(&limiter, || stream(&client).credentials_provider(Pending).send(), 0).await;
}

#[tokio::test(start_paused = true)]
async fn calls_dropped_during_a_wait_for_a_connection_count_nothing() {
    let (address, limiter) = (serve(stay_silent).await, limiter());
    let client = Client::new(config("http", address, &limiter)).unwrap();
    let holder = tokio::spawn(call(&client).send());
    sleep(Duration::from_secs(1)).await;
    check_dropped(&limiter, || call(&client).send(), 1).await;
    check_dropped(&limiter, || stream(&client).send(), 1).await;
    let timeouts = TimeoutConfig::default().operation(LIMIT);
    check_dropped(&limiter, || call(&client).timeout_config(timeouts).send(), 1).await;
    holder.abort();
}

#[tokio::test(start_paused = true)]
async fn calls_dropped_while_they_connect_count_nothing() {
    let (address, limiter) = (serve(stay_silent).await, limiter());
    let client = Client::new(config("https", address, &limiter)).unwrap();
    check_dropped(&limiter, || call(&client).send(), 0).await;
    check_dropped(&limiter, || stream(&client).send(), 0).await;
}

#[tokio::test(start_paused = true)]
async fn calls_dropped_after_they_were_sent_keep_their_tokens() {
    let (address, limiter) = (serve(stay_silent).await, limiter());
    let client = Client::new(config("http", address, &limiter)).unwrap();
    assert!(timeout(Duration::from_secs(1), call(&client).send()).await.is_err());
    assert_eq!((limiter.usage().in_flight, limiter.usage().tokens), (0, 111));
}
