//! Benchmark client that uses `invoke-model-client` with its default settings.
//!
//! `bench-ours-http2` compiles the same source with HTTP/2. Each call gets credentials from a provider, signs the request, and parses a typed output. `tracing` has no
//! subscriber.

use std::path::Path;

use bench_workload::{Arrival, Client, MAX_TOKENS, MESSAGES, SYSTEM, Streamed, run};
use bytes::Bytes;
use invoke_model_client::types::{
    ContentBlock, ContentBlockDelta, ConversationRole, ConverseOutputShape, ConverseStreamEvent,
    InferenceConfiguration, Message, ResponseStream, SystemContentBlock,
};
use invoke_model_client::{Body, Config, Credentials};
use serde_json::{Value, json};

#[derive(Clone)]
struct Ours(invoke_model_client::Client);

impl Client for Ours {
    fn new(endpoint: &str) -> Self {
        let config = Config::builder()
            .region("us-east-1")
            .endpoint_url(endpoint)
            .credentials_provider(Credentials::new("AKIDEXAMPLE", "secret", None));
        #[cfg(feature = "http2")]
        let config = config.http_version_policy(invoke_model_client::HttpVersionPolicy::PreferHttp2);
        Self(invoke_model_client::Client::new(config.build().expect("settings")).expect("a client"))
    }

    async fn call(&self, model_id: &str, body: Bytes) -> usize {
        let call = self.0.invoke_model().model_id(model_id).content_type("application/json").body(body);
        call.send().await.expect("a response").body.len()
    }

    async fn call_with_file(&self, model_id: &str, path: &Path) -> usize {
        let body = Body::from_path(path);
        let call = self.0.invoke_model().model_id(model_id).content_type("application/json").body(body);
        call.send().await.expect("a response").body.len()
    }

    async fn arrivals(&self, model_id: &str, body: Bytes) -> Vec<Arrival> {
        let call = self.0.invoke_model_with_response_stream().model_id(model_id);
        let call = call.content_type("application/json").body(body);
        let mut response = call.send().await.expect("a stream");
        let mut arrivals = Vec::new();
        while let Some(event) = response.events.recv().await.expect("an event") {
            let ResponseStream::Chunk(part) = event else { panic!("an event that is not a chunk") };
            arrivals.push(Arrival::now(part.bytes.expect("bytes")));
        }
        arrivals
    }

    async fn stream(&self, model_id: &str, body: Bytes) -> Streamed {
        let call = self.0.invoke_model_with_response_stream().model_id(model_id);
        let call = call.content_type("application/json").body(body);
        let mut response = call.send().await.expect("a stream");
        let mut streamed = Streamed::default();
        while let Some(event) = response.events.recv().await.expect("an event") {
            let ResponseStream::Chunk(part) = event else { panic!("an event that is not a chunk") };
            streamed.events += 1;
            streamed.bytes += part.bytes.expect("bytes").len();
        }
        streamed
    }

    async fn converse(&self, model_id: &str) -> usize {
        let call = self.0.converse().model_id(model_id).set_messages(Some(messages()));
        let call = call.system(SystemContentBlock::Text(SYSTEM.to_owned())).inference_config(inference());
        let ConverseOutputShape::Message(message) = call.send().await.expect("a response").output else {
            panic!("an output that is not a message")
        };
        let [ContentBlock::Text(text)] = message.content.as_slice() else { panic!("not one text") };
        text.len()
    }

    async fn converse_stream(&self, model_id: &str) -> Streamed {
        let call = self.0.converse_stream().model_id(model_id).set_messages(Some(messages()));
        let call = call.system(SystemContentBlock::Text(SYSTEM.to_owned())).inference_config(inference());
        let mut response = call.send().await.expect("a stream");
        let mut streamed = Streamed::default();
        while let Some(event) = response.events.recv().await.expect("an event") {
            let ConverseStreamEvent::ContentBlockDelta(part) = event else { panic!("not a delta") };
            let ContentBlockDelta::Text(text) = part.delta else { panic!("a delta that is not text") };
            streamed.events += 1;
            streamed.bytes += text.len();
        }
        streamed
    }

    async fn converse_by_name(&self, model_id: &str) -> usize {
        let call = self.0.operation("Converse").expect("an operation").json(input(model_id));
        let output = call.send().await.expect("a response");
        output["output"]["message"]["content"][0]["text"].as_str().expect("a text").len()
    }

    async fn converse_stream_by_name(&self, model_id: &str) -> Streamed {
        let call = self.0.operation("ConverseStream").expect("an operation").json(input(model_id));
        let mut response = call.send_stream().await.expect("a stream");
        let mut streamed = Streamed::default();
        while let Some(event) = response.events.recv().await.expect("an event") {
            streamed.events += 1;
            streamed.bytes +=
                event["contentBlockDelta"]["delta"]["text"].as_str().expect("a delta that is text").len();
        }
        streamed
    }
}

/// Builds the input of a call by name. It is the input of the typed calls.
fn input(model_id: &str) -> Value {
    let roles = ["user", "assistant"].into_iter().cycle();
    let message = |(role, text)| json!({"role": role, "content": [{"text": text}]});
    json!({
        "modelId": model_id,
        "messages": roles.zip(MESSAGES).map(message).collect::<Vec<_>>(),
        "system": [{"text": SYSTEM}],
        "inferenceConfig": {"maxTokens": MAX_TOKENS, "temperature": 0.2},
    })
}

/// Builds the messages. Each call builds them, because a call takes its input by value.
fn messages() -> Vec<Message> {
    let roles = [ConversationRole::USER, ConversationRole::ASSISTANT].into_iter().cycle();
    let content = |text: &str| vec![ContentBlock::Text(text.to_owned())];
    roles.zip(MESSAGES).map(|(role, text)| Message::new(role, content(text))).collect()
}

fn inference() -> InferenceConfiguration {
    InferenceConfiguration::builder().max_tokens(MAX_TOKENS).temperature(0.2).build()
}

fn main() {
    run::<Ours>();
}
