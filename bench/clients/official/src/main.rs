//! Benchmark client that uses the published `aws-sdk-bedrockruntime` as its documentation describes.

use std::path::Path;

use aws_sdk_bedrockruntime::config::{BehaviorVersion, Config, Credentials, Region};
use aws_sdk_bedrockruntime::primitives::Blob;
use aws_sdk_bedrockruntime::types::ResponseStream;
use bench_workload::{Arrival, Client, Streamed, run};
use bytes::Bytes;

#[derive(Clone)]
struct Official(aws_sdk_bedrockruntime::Client);

impl Client for Official {
    fn new(endpoint: &str) -> Self {
        let config = Config::builder()
            .behavior_version(BehaviorVersion::latest())
            .region(Region::from_static("us-east-1"))
            .endpoint_url(endpoint)
            .credentials_provider(Credentials::new("AKIDEXAMPLE", "secret", None, None, "static"))
            .build();
        Self(aws_sdk_bedrockruntime::Client::from_conf(config))
    }

    async fn call(&self, model_id: &str, body: Bytes) -> usize {
        let body = Blob::new(Vec::from(body));
        let call = self.0.invoke_model().model_id(model_id).content_type("application/json").body(body);
        call.send().await.expect("a response").body.as_ref().len()
    }

    /// Reads the complete file, because `aws-sdk-bedrockruntime` accepts the body only as a `Blob` in
    /// memory.
    async fn call_with_file(&self, model_id: &str, path: &Path) -> usize {
        self.call(model_id, tokio::fs::read(path).await.expect("a file").into()).await
    }

    async fn arrivals(&self, model_id: &str, body: Bytes) -> Vec<Arrival> {
        let body = Blob::new(Vec::from(body));
        let call = self.0.invoke_model_with_response_stream().model_id(model_id);
        let call = call.content_type("application/json").body(body);
        let mut response = call.send().await.expect("a stream");
        let mut arrivals = Vec::new();
        while let Some(event) = response.body.recv().await.expect("an event") {
            let ResponseStream::Chunk(part) = event else { panic!("an event that is not a chunk") };
            arrivals.push(Arrival::now(part.bytes.expect("bytes").into_inner().into()));
        }
        arrivals
    }

    async fn stream(&self, model_id: &str, body: Bytes) -> Streamed {
        let body = Blob::new(Vec::from(body));
        let call = self.0.invoke_model_with_response_stream().model_id(model_id);
        let call = call.content_type("application/json").body(body);
        let mut response = call.send().await.expect("a stream");
        let mut streamed = Streamed::default();
        while let Some(event) = response.body.recv().await.expect("an event") {
            let ResponseStream::Chunk(part) = event else { panic!("an event that is not a chunk") };
            streamed.events += 1;
            streamed.bytes += part.bytes.expect("bytes").as_ref().len();
        }
        streamed
    }
}

fn main() {
    run::<Official>();
}
