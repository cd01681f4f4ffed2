//! The floor: hyper-util's pooled client, a constant request without a signature, bodies as they come.

use bench_workload::{Client, SMALL, Streamed, run};
use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::header::{CONTENT_TYPE, HeaderValue};
use hyper::{Request, Response, Uri};
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;

#[derive(Clone)]
struct Plain {
    client: hyper_util::client::legacy::Client<HttpConnector, Full<Bytes>>,
    endpoint: String,
    /// Of the small calls, made once.
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
        let answer = self.client.request(request).await.expect("an answer");
        assert!(answer.status().is_success());
        answer
    }
}

impl Client for Plain {
    fn new(endpoint: &str) -> Self {
        let mut connector = HttpConnector::new();
        connector.set_nodelay(true);
        let client = hyper_util::client::legacy::Client::builder(TokioExecutor::new()).build(connector);
        Self { client, endpoint: endpoint.to_owned(), small: Self::target(endpoint, SMALL, "invoke") }
    }

    async fn call(&self, model_id: &str, body: Bytes) -> usize {
        let small = model_id == SMALL;
        let target =
            if small { self.small.clone() } else { Self::target(&self.endpoint, model_id, "invoke") };
        let answer = self.send(target, body).await;
        answer.into_body().collect().await.expect("a body").to_bytes().len()
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
