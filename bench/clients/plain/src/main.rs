//! Benchmark client that sends constant requests with the pooled client of hyper-util.
//!
//! The costs of this client are the lower bound for the other clients, because this client neither signs
//! requests nor parses responses. `bench-plain-http2` compiles the same source with TLS and HTTP/2.

use std::path::Path;

use bench_workload::{Arrival, Client, SMALL, Streamed, run};
use bytes::Bytes;
use futures_util::TryStreamExt;
use http_body_util::{BodyExt, Full, StreamBody};
use hyper::body::{Frame, Incoming};
use hyper::header::{CONTENT_LENGTH, CONTENT_TYPE, HeaderValue};
use hyper::{Request, Response, Uri};
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use tokio::fs::File;
use tokio_util::io::ReaderStream;

/// Number of bytes that the client reads from a file at once. `invoke-model-client` uses the same size.
const PIECE: usize = 64 << 10;

#[cfg(not(feature = "http2"))]
type Connector = HttpConnector;
#[cfg(feature = "http2")]
type Connector = hyper_rustls::HttpsConnector<HttpConnector>;

#[derive(Clone)]
struct Plain {
    client: hyper_util::client::legacy::Client<Connector, Full<Bytes>>,
    endpoint: String,
    /// Request target of the small calls. It is built once.
    small: Uri,
}

impl Plain {
    fn target(endpoint: &str, model_id: &str, verb: &str) -> Uri {
        format!("{endpoint}/model/{model_id}/{verb}").parse().expect("a target")
    }

    async fn send(&self, target: Uri, body: Bytes) -> Response<Incoming> {
        let request = Request::post(target)
            .header(CONTENT_TYPE, HeaderValue::from_static("application/json"))
            .body(Full::new(body))
            .expect("a request");
        let response = self.client.request(request).await.expect("a response");
        assert!(response.status().is_success());
        response
    }
}

impl Client for Plain {
    fn new(endpoint: &str) -> Self {
        let mut connector = HttpConnector::new();
        connector.set_nodelay(true);
        #[cfg(feature = "http2")]
        let connector = {
            connector.enforce_http(false);
            let provider = std::sync::Arc::new(rustls::crypto::ring::default_provider());
            let builder = hyper_rustls::HttpsConnectorBuilder::new().with_provider_and_native_roots(provider);
            builder.expect("certificates").https_only().enable_http2().wrap_connector(connector)
        };
        let client = hyper_util::client::legacy::Client::builder(TokioExecutor::new()).build(connector);
        Self { client, endpoint: endpoint.to_owned(), small: Self::target(endpoint, SMALL, "invoke") }
    }

    async fn call(&self, model_id: &str, body: Bytes) -> usize {
        let small = model_id == SMALL;
        let target =
            if small { self.small.clone() } else { Self::target(&self.endpoint, model_id, "invoke") };
        let response = self.send(target, body).await;
        response.into_body().collect().await.expect("a body").to_bytes().len()
    }

    /// Streams the file with a separate client, because the type of a hyper-util client includes the type of
    /// its request body.
    async fn call_with_file(&self, model_id: &str, path: &Path) -> usize {
        let file = File::open(path).await.expect("a file");
        let length = file.metadata().await.expect("its length").len();
        let pieces = ReaderStream::with_capacity(file, PIECE).map_ok(Frame::data);
        let request = Request::post(Self::target(&self.endpoint, model_id, "invoke"))
            .header(CONTENT_TYPE, HeaderValue::from_static("application/json"))
            .header(CONTENT_LENGTH, length)
            .body(StreamBody::new(pieces))
            .expect("a request");
        let client = hyper_util::client::legacy::Client::builder(TokioExecutor::new()).build_http();
        let response = client.request(request).await.expect("a response");
        assert!(response.status().is_success());
        response.into_body().collect().await.expect("a body").to_bytes().len()
    }

    async fn arrivals(&self, model_id: &str, body: Bytes) -> Vec<Arrival> {
        let target = Self::target(&self.endpoint, model_id, "invoke-with-response-stream");
        let mut body = self.send(target, body).await.into_body();
        let mut arrivals = Vec::new();
        while let Some(frame) = body.frame().await {
            let Ok(data) = frame.expect("a frame").into_data() else { continue };
            arrivals.push(Arrival::now(data));
        }
        arrivals
    }

    async fn stream(&self, model_id: &str, body: Bytes) -> Streamed {
        let target = Self::target(&self.endpoint, model_id, "invoke-with-response-stream");
        let mut body = self.send(target, body).await.into_body();
        let mut streamed = Streamed::default();
        while let Some(frame) = body.frame().await {
            let Ok(data) = frame.expect("a frame").into_data() else { continue };
            streamed.events += 1;
            streamed.bytes += data.len();
        }
        streamed
    }
}

fn main() {
    run::<Plain>();
}
