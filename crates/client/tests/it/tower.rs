//! Tests of the client as a `tower::Service`, and of layers around its transport.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use http::header::{CONTENT_TYPE, USER_AGENT};
use http::{HeaderMap, HeaderName, HeaderValue, Request, StatusCode};
use http_body::{Body, Frame};
use invoke_model_client::{
    Client, Config, Credentials, ErrorKind, FailureClass, HyperTransport, RequestBody, RetryConfig,
    TowerTransport, Transport, TransportErrorKind,
};
use invoke_model_local::LocalEndpoint;
use serde_json::Value;
use tower::{ServiceBuilder, ServiceExt};
use tower_http::set_header::SetRequestHeaderLayer;
use tower_http::timeout::TimeoutLayer;
use tower_http::trace::TraceLayer;

use crate::fake::{Fake, response};

const TARGET: &str = "/model/amazon.titan-embed-text-v2%3A0/invoke";
const TENANT: HeaderName = HeaderName::from_static("x-tenant");

fn client(local: &LocalEndpoint, transport: impl Transport) -> Client {
    let credentials = Credentials::new(local.access_key_id(), local.secret_access_key(), None);
    let settings = Config::builder().region(local.region()).endpoint_url(local.url());
    Client::new(settings.credentials_provider(credentials).transport(transport)).unwrap()
}

fn timeout() -> TimeoutLayer {
    TimeoutLayer::with_status_code(StatusCode::GATEWAY_TIMEOUT, Duration::from_secs(60))
}

#[tokio::test]
async fn layers_compose_on_both_sides_of_the_client() {
    let local = LocalEndpoint::start().await.unwrap();
    let transport = ServiceBuilder::new()
        .layer(TraceLayer::new_for_http())
        .layer(timeout())
        .layer(SetRequestHeaderLayer::overriding(USER_AGENT, HeaderValue::from_static("mine")))
        .service(HyperTransport::new());
    let service = ServiceBuilder::new()
        .layer(TraceLayer::new_for_http())
        .layer(timeout())
        .layer(SetRequestHeaderLayer::overriding(TENANT, HeaderValue::from_static("blue")))
        .service(client(&local, TowerTransport::new(transport)));
    let request = Request::post(TARGET).body(r#"{"inputText":"hello"}"#.to_owned()).unwrap();
    let response = service.oneshot(request).await.unwrap();
    assert_eq!(
        (response.status(), &response.headers()[CONTENT_TYPE]),
        (StatusCode::OK, &"application/json".parse().unwrap())
    );
    let body = invoke_model_client::ResponseBody::from_body(response.into_body()).collect().await.unwrap();
    assert!(serde_json::from_slice::<Value>(&body).unwrap()["embedding"].is_array());
    let call = &local.calls()[0];
    assert_eq!(
        (&call.headers["x-tenant"], &call.headers["user-agent"]),
        (&"blue".parse().unwrap(), &"mine".parse().unwrap())
    );
    assert!(call.signed_headers.iter().any(|name| name == "x-tenant"), "{:?}", call.signed_headers);
}

#[tokio::test(start_paused = true)]
async fn an_error_status_is_a_response_after_the_retries_of_the_client() {
    let headers = [("x-amzn-errortype", "ThrottlingException"), ("x-amzn-requestid", "an-id")];
    let failure = || Ok(response(429, &headers, Bytes::from_static(b"{\"message\":\"slow down\"}").into()));
    let fake = Fake::with_responses([failure(), failure()]);
    let retries = RetryConfig::standard().max_attempts(2).max_backoff(Duration::ZERO);
    let client = Client::new(fake.settings().retry_config(retries)).unwrap();
    let response = client.oneshot(Request::get("/models").body(String::new()).unwrap()).await.unwrap();
    assert_eq!(
        (response.status().as_u16(), response.headers()["x-amzn-requestid"].to_str().unwrap()),
        (429, "an-id")
    );
    assert_eq!(response.into_body().collect().await.unwrap(), "{\"message\":\"slow down\"}");
    assert_eq!(fake.requests().len(), 2);
}

#[tokio::test(start_paused = true)]
async fn a_timeout_layer_ends_a_call() {
    let fake = Fake::slow([Box::pin(std::future::pending())]);
    let service = ServiceBuilder::new().layer(timeout()).service(fake.client());
    let response = service.oneshot(Request::get("/models").body(String::new()).unwrap()).await.unwrap();
    assert_eq!(response.status(), StatusCode::GATEWAY_TIMEOUT);
    // Around the transport, the layer returns a response. The client cannot know if the service has processed
    // the request.
    let fake = Fake::slow([Box::pin(std::future::pending())]);
    let slow = tower::service_fn(move |request: Request<RequestBody>| fake.send(request));
    let service = ServiceBuilder::new().layer(timeout()).service(slow);
    let client = Client::new(Fake::default().settings().transport(TowerTransport::new(service))).unwrap();
    let error = client.invoke_model().model_id("a").send().await.unwrap_err();
    assert_eq!((error.status(), error.class()), (Some(StatusCode::GATEWAY_TIMEOUT), FailureClass::Ambiguous));
}

#[tokio::test]
async fn an_error_of_a_service_keeps_its_class() {
    let check = async |fail: fn() -> io::Error, kind, class| {
        let service = tower::service_fn(move |_: Request<RequestBody>| async move {
            Err::<http::Response<String>, _>(fail())
        });
        let settings = Fake::default().settings().transport(TowerTransport::new(service));
        let error = Client::new(settings).unwrap().invoke_model().model_id("a").send().await.unwrap_err();
        let ErrorKind::Transport(cause) = error.kind() else { panic!("{error}") };
        assert_eq!((cause.kind(), error.class()), (kind, class));
    };
    let refused = || io::ErrorKind::ConnectionRefused.into();
    check(refused, TransportErrorKind::Connect, FailureClass::NotSent).await;
    check(|| io::Error::other("?"), TransportErrorKind::Send, FailureClass::Ambiguous).await;
}

/// Sends a request through the service, and returns the request that the transport received.
async fn forward(uri: &str, headers: HeaderMap) -> Request<Bytes> {
    let fake = Fake::ok();
    let mut request = Request::post(uri).body("{}".to_owned()).unwrap();
    *request.headers_mut() = headers;
    fake.client().oneshot(request).await.unwrap();
    fake.request()
}

#[tokio::test]
async fn headers_of_the_client_and_of_a_connection_are_replaced() {
    let mut headers = HeaderMap::new();
    for (name, value) in [
        ("host", "gateway.test"),
        ("content-length", "2"),
        ("authorization", "Basic a"),
        ("x-amz-date", "20150830T123600Z"),
        ("x-amz-security-token", "a"),
        ("connection", "keep-alive, X-Hop"),
        ("keep-alive", "timeout=5"),
        ("x-hop", "1"),
        ("transfer-encoding", "chunked"),
        ("te", "trailers"),
        ("proxy-authorization", "Basic a"),
        ("accept-encoding", "br"),
        ("content-type", "text/plain"),
        ("x-many", "1"),
        ("x-many", "2"),
    ] {
        headers.append(HeaderName::from_static(name), HeaderValue::from_static(value));
    }
    headers.insert("x-text", HeaderValue::from_bytes("café".as_bytes()).unwrap());
    let request = forward("https://gateway.test/v1/a?b=%2F", headers).await;
    assert_eq!(request.uri().to_string(), "https://bedrock-runtime.us-east-1.amazonaws.com/v1/a?b=%2F");
    let mut names: Vec<_> = request.headers().keys().map(HeaderName::as_str).collect();
    names.sort_unstable();
    let expected =
        ["accept-encoding", "authorization", "content-type", "user-agent", "x-amz-date", "x-many", "x-text"];
    assert_eq!(names, expected);
    let headers = request.headers();
    assert!(headers["authorization"].to_str().unwrap().starts_with("AWS4-HMAC-SHA256 "));
    assert_eq!(headers["accept-encoding"], "identity");
    assert_eq!(headers["content-type"], "text/plain");
    assert_eq!(headers.get_all("x-many").iter().count(), 2);
    assert_eq!(headers["x-text"].as_bytes(), "café".as_bytes());
    assert_eq!(forward("/v1/a", HeaderMap::new()).await.headers()["content-type"], "application/json");
}

#[tokio::test]
async fn headers_of_a_connection_are_removed_from_responses() {
    let headers = [
        ("connection", "keep-alive, X-Hop"),
        ("keep-alive", "timeout=5"),
        ("x-hop", "1"),
        ("transfer-encoding", "chunked"),
        ("trailer", "x-last"),
        ("upgrade", "h2c"),
        ("proxy-authenticate", "Basic"),
        ("content-type", "text/plain"),
        ("x-amzn-requestid", "an-id"),
    ];
    for status in [200, 400] {
        let response = Fake::with(status, &headers, "{}").client();
        let response = response.oneshot(Request::get("/models").body(String::new()).unwrap()).await.unwrap();
        let names: Vec<_> = response.headers().keys().map(HeaderName::as_str).collect();
        assert_eq!(
            (response.status().as_u16(), &*names),
            (status, &["content-type", "x-amzn-requestid"][..])
        );
    }
}

/// A body that fails.
struct Broken;

impl Body for Broken {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<io::Result<Frame<Bytes>>>> {
        Poll::Ready(Some(Err(io::Error::other("the caller has closed the connection"))))
    }
}

#[tokio::test]
async fn a_body_that_cannot_be_read_is_not_sent() {
    let fake = Fake::default();
    let error = fake.client().oneshot(Request::post("/v1/a").body(Broken).unwrap()).await.unwrap_err();
    assert_eq!((error.class(), fake.requests().len()), (FailureClass::NotSent, 0));
    assert_eq!(error.operation(), "RawRequest");
    let expected =
        "RawRequest: request not sent: cannot read the request body: the caller has closed the connection";
    assert!(error.to_string().starts_with(expected), "{error}");
}

#[tokio::test]
async fn a_request_with_too_many_headers_is_not_sent() {
    let fake = Fake::default();
    let mut request = Request::post("/v1/a").body(String::new()).unwrap();
    for number in 0..24_576 {
        let name = HeaderName::try_from(format!("x-{number}")).unwrap();
        request.headers_mut().insert(name, HeaderValue::from_static("a"));
    }
    let error = fake.client().oneshot(request).await.unwrap_err();
    assert_eq!((error.class(), fake.requests().len()), (FailureClass::NotSent, 0));
    let expected = "RawRequest: request not sent: the request has 24576 headers, but at most 4096 are possible: remove some";
    assert!(error.to_string().starts_with(expected), "{error}");
}
