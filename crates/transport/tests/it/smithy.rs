//! Tests of HTTP clients of `aws-smithy-runtime-api`.

use std::error::Error;
use std::io;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use aws_smithy_runtime_api::client::http::{
    HttpClient, HttpConnector, HttpConnectorFuture, HttpConnectorSettings, SharedHttpClient,
    SharedHttpConnector, http_client_fn,
};
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
use aws_smithy_runtime_api::client::result::ConnectorError;
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use aws_smithy_types::body::SdkBody;
use bytes::Bytes;
use http::{HeaderValue, Request, header};
use http_body_util::{BodyExt, Full};
use invoke_model_transport::{RequestBody, SmithyTransport, Transport, TransportErrorKind};

type Respond = fn() -> Result<HttpResponse, ConnectorError>;

/// A client that records its requests, and returns the same response to each request.
#[derive(Clone, Debug)]
struct Recorder {
    seen: Arc<Mutex<Vec<HttpRequest>>>,
    settings: Arc<Mutex<Option<HttpConnectorSettings>>>,
    respond: Respond,
}

impl Recorder {
    fn new(respond: Respond) -> Self {
        Self { seen: Arc::default(), settings: Arc::default(), respond }
    }
}

impl HttpConnector for Recorder {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        self.seen.lock().unwrap().push(request);
        HttpConnectorFuture::ready((self.respond)())
    }
}

impl HttpClient for Recorder {
    fn http_connector(
        &self,
        settings: &HttpConnectorSettings,
        components: &RuntimeComponents,
    ) -> SharedHttpConnector {
        assert!(components.sleep_impl().is_none() && components.time_source().is_none());
        *self.settings.lock().unwrap() = Some(settings.clone());
        SharedHttpConnector::new(self.clone())
    }
}

fn ok() -> Result<HttpResponse, ConnectorError> {
    let mut response = HttpResponse::new(201.try_into().unwrap(), SdkBody::from("{}"));
    response.headers_mut().append("x-two", "1");
    response.headers_mut().append("x-two", "2");
    // Connectors over `http` 0.2 and over `http` 1 both add extensions.
    response.add_extension(Duration::ZERO);
    Ok(response)
}

fn request(body: impl Into<RequestBody>) -> Request<RequestBody> {
    Request::post("https://bedrock-runtime.test/model/a%3A0/invoke?b=%2F").body(body.into()).unwrap()
}

#[tokio::test]
async fn request_and_response_are_converted_unchanged() {
    let recorder = Recorder::new(ok);
    let transport = SmithyTransport::new(SharedHttpClient::new(recorder.clone()));

    let mut request = request(Bytes::from_static(b"{\"a\":1}"));
    let mut secret = HeaderValue::from_static("my secret");
    secret.set_sensitive(true);
    request.headers_mut().insert(header::AUTHORIZATION, secret);
    let response = transport.send(request).await.unwrap();
    assert_eq!(response.status(), 201);
    assert_eq!(response.headers().get_all("x-two").iter().collect::<Vec<_>>(), ["1", "2"]);
    assert_eq!(response.into_body().collect().await.unwrap(), "{}");

    let seen = recorder.seen.lock().unwrap();
    let [seen] = seen.as_slice() else { panic!("{} requests", seen.len()) };
    assert_eq!(seen.method(), "POST");
    assert_eq!(seen.uri(), "https://bedrock-runtime.test/model/a%3A0/invoke?b=%2F");
    assert_eq!(seen.headers().get("authorization"), Some("my secret"));
    assert!(!format!("{:?}", seen.headers()).contains("my secret"), "a sensitive value must stay sensitive");
    // The body must be in memory, because a replay client compares it, and a connector may send it again.
    assert_eq!(seen.body().bytes(), Some(&b"{\"a\":1}"[..]));
    assert!(!format!("{transport:?}").contains("201"));
}

#[tokio::test]
async fn a_streamed_body_stays_a_stream_of_known_length() {
    let recorder = Recorder::new(ok);
    let transport = SmithyTransport::new(recorder.clone());
    let body = RequestBody::from_body(Full::new(Bytes::from_static(b"from a file")));
    transport.send(request(body)).await.unwrap();

    let mut seen = recorder.seen.lock().unwrap().pop().unwrap();
    assert_eq!(seen.body().content_length(), Some(11));
    assert!(seen.body().bytes().is_none());
    assert_eq!(seen.take_body().collect().await.unwrap().to_bytes(), "from a file");
}

#[tokio::test]
async fn the_client_receives_the_timeouts_of_the_caller() {
    let recorder = Recorder::new(ok);
    let _ = SmithyTransport::new(recorder.clone());
    assert_eq!(recorder.settings.lock().unwrap().take().unwrap().connect_timeout(), None);

    let settings = HttpConnectorSettings::builder().connect_timeout(Duration::from_secs(3)).build();
    let _ = SmithyTransport::with_settings(recorder.clone(), &settings);
    assert_eq!(
        recorder.settings.lock().unwrap().take().unwrap().connect_timeout(),
        Some(Duration::from_secs(3))
    );
}

#[tokio::test]
async fn the_error_of_a_connector_keeps_its_cause() {
    let transport = SmithyTransport::new(http_client_fn(|_, _| {
        SharedHttpConnector::new(Recorder::new(|| {
            Err(ConnectorError::io(io::Error::from(io::ErrorKind::ConnectionReset).into()))
        }))
    }));
    let error = transport.send(request(Bytes::new())).await.unwrap_err();
    assert_eq!(error.kind(), TransportErrorKind::Send);
    assert_eq!(error.to_string(), "connection lost before the response: connection reset");
    let source = error.source().unwrap();
    assert!(source.downcast_ref::<ConnectorError>().unwrap().is_io());
}

#[tokio::test]
async fn a_header_value_that_is_not_utf_8_is_an_error() {
    let recorder = Recorder::new(ok);
    let mut request = request(Bytes::new());
    request.headers_mut().insert("x-latin", HeaderValue::from_bytes(b"caf\xe9").unwrap());
    let error = SmithyTransport::new(recorder.clone()).send(request).await.unwrap_err();
    assert_eq!(error.kind(), TransportErrorKind::InvalidRequest);
    assert!(recorder.seen.lock().unwrap().is_empty());
}

#[tokio::test]
async fn a_body_that_ends_early_is_incomplete() {
    let transport = SmithyTransport::new(Recorder::new(|| {
        let start = Full::new(Bytes::from_static(b"{")).map_err(|never| match never {});
        let truncated = start.with_trailers(async { Some(Err(io::Error::other("truncated"))) });
        Ok(HttpResponse::new(200.try_into().unwrap(), SdkBody::from_body_1_x(truncated)))
    }));
    let body = transport.send(request(Bytes::new())).await.unwrap().into_body();
    assert_eq!(body.collect().await.unwrap_err().kind(), TransportErrorKind::BodyIncomplete);
}
