//! Tests of services of `tower`, with layers of `tower-http`.

use std::error::Error;
use std::io;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use http::header::USER_AGENT;
use http::{HeaderValue, Request, Response, StatusCode};
use http_body_util::Full;
use hyper_util::client::legacy::Client;
use hyper_util::rt::TokioExecutor;
use invoke_model_transport::{
    BoxFuture, HyperTransport, RequestBody, RequestProgress, RequestStage, RequestTimeouts, ResponseBody,
    TowerTransport, Transport, TransportError, TransportErrorKind,
};
use tower::{Service, ServiceBuilder, service_fn};
use tower_http::set_header::SetRequestHeaderLayer;
use tower_http::timeout::TimeoutLayer;
use tower_http::trace::TraceLayer;

use crate::server::Server;

#[tokio::test]
async fn layers_surround_the_transport() {
    let server = Server::start(|mut connection| async move {
        let request = connection.request().await.unwrap();
        assert!(request.has("user-agent: mine") && request.body == b"{}", "{:?}", request.headers);
        connection.ok("[]").await;
    })
    .await;
    let service = ServiceBuilder::new()
        .layer(TraceLayer::new_for_http())
        .layer(TimeoutLayer::with_status_code(StatusCode::GATEWAY_TIMEOUT, Duration::from_secs(60)))
        .layer(SetRequestHeaderLayer::overriding(USER_AGENT, HeaderValue::from_static("mine")))
        .service(HyperTransport::new());
    let transport = TowerTransport::new(service);
    assert_eq!(format!("{transport:?}"), "TowerTransport { .. }");
    let response = transport.send(server.post(Bytes::from_static(b"{}"))).await.unwrap();
    assert_eq!(response.into_body().collect().await.unwrap(), "[]");
}

#[tokio::test]
async fn a_service_reports_the_connections_of_the_given_transport() {
    let server = Server::responding(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{}").await;
    let hyper = HyperTransport::new();
    let service = ServiceBuilder::new().layer(TraceLayer::new_for_http()).service(hyper.clone());
    let transport = TowerTransport::new(service);
    assert!(transport.connection_pool().is_none());
    let transport = transport.connection_pool_of(&hyper).clone();
    let _body = transport.send(server.post(Bytes::new())).await.unwrap().into_body();
    let pool = transport.connection_pool().unwrap();
    assert_eq!(pool.open_connections()[0].port, server.address.port());
    assert!(std::sync::Arc::ptr_eq(&pool, &hyper.connection_pool().unwrap()));
}

#[tokio::test]
async fn another_http_client_sends_the_request() {
    let server = Server::responding(b"HTTP/1.1 201 Created\r\ncontent-length: 2\r\n\r\n[]").await;
    let client = Client::builder(TokioExecutor::new()).build_http::<RequestBody>();
    let response = TowerTransport::new(client).send(server.post(Bytes::from_static(b"{}"))).await.unwrap();
    assert_eq!(response.status(), 201);
    assert_eq!(response.into_body().collect().await.unwrap(), "[]");
}

#[tokio::test]
async fn a_layer_keeps_the_information_that_a_body_ends_with_its_connection() {
    let check = async |response: &'static [u8], expected| {
        let server = Server::responding(response).await;
        let service = ServiceBuilder::new().layer(TraceLayer::new_for_http()).service(HyperTransport::new());
        let response = TowerTransport::new(service).send(server.post(Bytes::new())).await.unwrap();
        assert_eq!(response.body().ends_with_connection(), expected);
        assert_eq!(response.into_body().collect().await.unwrap(), "{}");
    };
    check(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{}", false).await;
    check(b"HTTP/1.1 200 OK\r\nconnection: close\r\n\r\n{}", true).await;
}

#[tokio::test]
async fn the_inner_transport_reports_the_stage_of_a_request() {
    let server = Server::start(|connection| connection.closed()).await;
    let transport = TowerTransport::new(HyperTransport::new());
    let (progress, mut request) = (RequestProgress::default(), server.post(Bytes::from_static(b"{}")));
    request.extensions_mut().insert(progress.clone());
    let timeouts = RequestTimeouts { first_byte: Some(Duration::from_millis(50)), ..Default::default() };
    let error = timeouts.send(&transport, request).await.unwrap_err();
    assert!(error.is_timeout() && error.may_have_been_sent(), "{error}");
    assert_eq!(progress.stage(), RequestStage::Sending);
}

type BoxError = Box<dyn Error + Send + Sync>;

/// Returns the error of a service that fails.
async fn error<E>(fail: fn() -> E) -> TransportError
where
    E: Into<BoxError> + Send + 'static,
{
    let service =
        service_fn(move |_: Request<RequestBody>| async move { Err::<Response<Full<Bytes>>, E>(fail()) });
    TowerTransport::new(service).send(Request::default()).await.unwrap_err()
}

#[tokio::test]
async fn the_cause_of_an_error_determines_its_kind() {
    let check = |error: TransportError, kind, may_have_been_sent| {
        assert_eq!((error.kind(), error.may_have_been_sent()), (kind, may_have_been_sent), "{error}");
    };
    let refused = || io::Error::from(io::ErrorKind::ConnectionRefused);
    check(error(refused).await, TransportErrorKind::Connect, false);
    check(error(|| io::Error::from(io::ErrorKind::ConnectionReset)).await, TransportErrorKind::Send, true);
    check(error(|| "overloaded").await, TransportErrorKind::Send, true);
    let inner = || io::Error::other(TransportError::new(TransportErrorKind::Tls, "an old certificate"));
    let tls = error(inner).await;
    assert_eq!(tls.to_string(), "cannot establish a TLS connection: an old certificate");
    check(tls, TransportErrorKind::Tls, false);

    // The port of a listener that no longer exists.
    let closed = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
    let request = || Request::get(format!("http://{closed}/")).body(RequestBody::default()).unwrap();
    let client = Client::builder(TokioExecutor::new()).build_http::<RequestBody>();
    let refused = TowerTransport::new(client.clone()).send(request()).await.unwrap_err();
    check(refused, TransportErrorKind::Connect, false);
    let boxed =
        tower::util::BoxCloneService::new(ServiceBuilder::new().map_err(BoxError::from).service(client));
    let refused = TowerTransport::new(boxed).send(request()).await.unwrap_err();
    check(refused, TransportErrorKind::Connect, false);
}

/// A service that never becomes ready.
#[derive(Clone)]
struct NeverReady;

impl Service<Request<RequestBody>> for NeverReady {
    type Response = Response<ResponseBody>;
    type Error = BoxError;
    type Future = BoxFuture<Result<Response<ResponseBody>, BoxError>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        Poll::Ready(Err("the buffer is closed".into()))
    }

    fn call(&mut self, _: Request<RequestBody>) -> Self::Future {
        unreachable!("the service is not ready")
    }
}

#[tokio::test]
async fn a_service_that_is_not_ready_sends_nothing() {
    let error = TowerTransport::new(NeverReady).send(Request::default()).await.unwrap_err();
    assert_eq!((error.kind(), error.may_have_been_sent()), (TransportErrorKind::Connect, false));
    assert_eq!(error.to_string(), "cannot connect: the buffer is closed");
}
