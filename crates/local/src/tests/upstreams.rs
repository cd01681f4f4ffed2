//! Tests of upstreams, with a scripted server.

use std::collections::VecDeque;
use std::sync::Mutex;

use http_body_util::BodyExt;
use hyper::body::Frame;
use invoke_model_protocol::event_stream::{Decoder, HeaderValue, Message};
use serde_json::{Value, json};

use super::converse::{CLAUDE, hello, json_request, tools, user};
use super::*;
use crate::backend::{BoxError, Forward, ForwardFuture};

/// A server that gives one response, in chunks. `None` is a chunk that fails. The status 1 means that the
/// server cannot be reached.
#[derive(Clone, Debug)]
pub(super) struct Scripted {
    status: u16,
    content_type: &'static str,
    chunks: Vec<Option<String>>,
    pub(super) requests: Arc<Mutex<Vec<(String, Value)>>>,
}

struct Chunks(VecDeque<Option<String>>);

impl Body for Chunks {
    type Data = Bytes;
    type Error = BoxError;

    fn poll_frame(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, BoxError>>> {
        let chunk = self.get_mut().0.pop_front();
        Poll::Ready(chunk.map(|chunk| match chunk {
            Some(text) => Ok(Frame::data(Bytes::from(text))),
            None => Err("connection reset".into()),
        }))
    }
}

impl Forward for Scripted {
    fn forward(&self, request: Request<Bytes>) -> ForwardFuture {
        let body = serde_json::from_slice(request.body()).unwrap();
        self.requests.lock().unwrap().push((request.uri().to_string(), body));
        let response =
            Response::builder().status(self.status.max(200)).header("content-type", self.content_type);
        let response = response.body(Chunks(self.chunks.clone().into()).boxed_unsync()).unwrap();
        let is_down = self.status == 1;
        Box::pin(async move { if is_down { Err("connection refused".into()) } else { Ok(response) } })
    }
}

fn server(status: u16, content_type: &'static str, chunks: Vec<Option<String>>) -> Scripted {
    Scripted { status, content_type, chunks, requests: Arc::default() }
}

pub(super) fn completion(body: &Value) -> Scripted {
    server(200, "application/json", vec![Some(body.to_string())])
}

/// Returns a server that responds with these chunks as server-sent events, and then with `data: [DONE]`.
fn stream(chunks: &[Value]) -> Scripted {
    let mut events: Vec<_> = chunks.iter().map(|chunk| Some(format!("data: {chunk}\n\n"))).collect();
    events.push(Some("data: [DONE]\n\n".to_owned()));
    server(200, "text/event-stream; charset=utf-8", events)
}

fn delta(delta: Value, finish_reason: Option<&str>) -> Value {
    json!({"choices": [{"index": 0, "delta": delta, "finish_reason": finish_reason}]})
}

pub(super) const URL: &str = "http://127.0.0.1:11434";

async fn send(server: &Scripted, request: Request<Bytes>) -> (u16, Vec<Bytes>) {
    let endpoint = builder().upstream(URL, None, server.clone()).unwrap().build_state();
    send_to(&endpoint, request).await
}

pub(super) async fn send_to(endpoint: &Arc<EndpointState>, request: Request<Bytes>) -> (u16, Vec<Bytes>) {
    let request = request.map(|body| {
        let mut payload = PayloadCollector::default();
        payload.update(&body);
        payload.finish()
    });
    let response = handle(endpoint, 1, request, now()).await.ok().unwrap().response;
    let (head, mut body) = response.into_parts();
    let mut chunks = Vec::new();
    while let Some(frame) = body.frame().await {
        // Copy the bytes, because the stream generates the next frame only after this frame was dropped.
        chunks.push(Bytes::copy_from_slice(&frame.unwrap().into_data().unwrap()));
    }
    (head.status.as_u16(), chunks)
}

async fn call(server: &Scripted, request: Request<Bytes>) -> (u16, Value) {
    let (status, chunks) = send(server, request).await;
    (status, serde_json::from_slice(&chunks.concat()).unwrap())
}

async fn events(server: &Scripted, request: Request<Bytes>) -> Vec<Message> {
    decoded(send(server, request).await)
}

pub(super) fn decoded((status, chunks): (u16, Vec<Bytes>)) -> Vec<Message> {
    assert_eq!(status, 200, "{chunks:?}");
    let mut decoder = Decoder::new();
    chunks.iter().for_each(|chunk| decoder.push(chunk));
    std::iter::from_fn(|| decoder.decode().unwrap()).collect()
}

pub(super) fn payloads(events: &[Message]) -> Vec<Value> {
    events.iter().map(|event| serde_json::from_slice(event.payload()).unwrap()).collect()
}

pub(super) fn concatenated(values: &[Value], pointer: &str) -> String {
    values.iter().filter_map(|value| value.pointer(pointer)?.as_str()).collect()
}

pub(super) fn tool_completion() -> Value {
    let function = json!({"name": "weather", "arguments": "{\"city\":\"Paris\"}"});
    let message = json!({
        "role": "assistant",
        "content": "I look.",
        "tool_calls": [{"id": "call_1", "type": "function", "function": function}],
    });
    let usage = json!({"prompt_tokens": 12, "completion_tokens": 6, "total_tokens": 18});
    json!({"choices": [{"index": 0, "message": message, "finish_reason": "tool_calls"}], "usage": usage})
}

#[tokio::test]
async fn converse_sends_the_conversation_and_returns_the_reply() {
    let server = completion(&tool_completion());
    let call_block = json!({"toolUse": {"toolUseId": "t1", "name": "weather", "input": {"city": "Rome"}}});
    let result = json!({"toolResult": {"toolUseId": "t1", "content": [{"json": {"degrees": 30}}]}});
    let body = json!({
        "system": [{"text": "You are a planner."}],
        "messages": [
            user("Rome?"),
            {"role": "assistant", "content": [{"text": "I look."}, call_block]},
            {"role": "user", "content": [result, {"text": "And Paris?"}]},
        ],
        "toolConfig": tools(json!({"any": {}})),
        "inferenceConfig": {"maxTokens": 50, "temperature": 0.1, "stopSequences": ["END"]},
    });
    let (status, value) = call(&server, json_request(CLAUDE, "converse", &body)).await;
    assert_eq!(status, 200, "{value}");
    let content = &value["output"]["message"]["content"];
    assert_eq!(content[0], json!({"text": "I look."}));
    assert_eq!(content[1]["toolUse"]["toolUseId"], "call_1");
    assert_eq!(content[1]["toolUse"]["input"], json!({"city": "Paris"}));
    assert_eq!((&value["stopReason"], &value["usage"]["totalTokens"]), (&json!("tool_use"), &json!(18)));

    let requests = server.requests.lock().unwrap();
    let (url, sent) = &requests[0];
    assert_eq!(url, "http://127.0.0.1:11434/v1/chat/completions");
    assert_eq!(sent["model"], CLAUDE);
    assert_eq!(sent["messages"][0], json!({"role": "system", "content": "You are a planner."}));
    assert_eq!(sent["messages"][1], json!({"role": "user", "content": "Rome?"}));
    assert_eq!(sent["messages"][2]["tool_calls"][0]["function"]["arguments"], "{\"city\":\"Rome\"}");
    let tool = json!({"role": "tool", "tool_call_id": "t1", "content": "{\"degrees\":30}"});
    assert_eq!(sent["messages"][3], tool);
    assert_eq!(sent["messages"][4], json!({"role": "user", "content": "And Paris?"}));
    assert_eq!(sent["tools"][0]["function"]["name"], "weather");
    assert_eq!((&sent["tool_choice"], &sent["max_tokens"]), (&json!("required"), &json!(50)));
    assert_eq!((&sent["temperature"], &sent["stop"]), (&json!(0.1), &json!(["END"])));
    assert_eq!(sent.get("stream"), None);
}

#[tokio::test]
async fn invoke_model_returns_the_reply_in_the_schema_of_the_family() {
    let server = completion(&tool_completion());
    let body = r#"{"anthropic_version":"bedrock-2023-05-31","max_tokens":9,"system":"s","messages":[{"role":"user","content":"a"}]}"#;
    let (_, value) = call(&server, sign(request(input(CLAUDE, body)))).await;
    assert_eq!(value["content"][0]["text"], "I look.");
    assert_eq!((&value["content"][1]["id"], &value["stop_reason"]), (&json!("call_1"), &json!("tool_use")));
    assert_eq!((&value["usage"]["input_tokens"], &value["usage"]["output_tokens"]), (&json!(12), &json!(6)));
    let sent = server.requests.lock().unwrap()[0].1.clone();
    assert_eq!(sent["messages"][0], json!({"role": "system", "content": "s"}));
    assert_eq!(sent["max_tokens"], 9);
}

#[tokio::test]
async fn a_prompt_in_one_string_becomes_messages() {
    let all = json!([
        {"role": "system", "content": "Be brief."},
        {"role": "user", "content": "Hi!"},
        {"role": "assistant", "content": "Hello."},
        {"role": "user", "content": "Why?"},
    ]);
    let llama = "<|begin_of_text|><|start_header_id|>system<|end_header_id|>\n\nBe brief.<|eot_id|>\
                 <|start_header_id|>user<|end_header_id|>\n\nHi!<|eot_id|>\
                 <|start_header_id|>assistant<|end_header_id|>\n\nHello.<|eot_id|>\
                 <|start_header_id|>user<|end_header_id|>\n\nWhy?<|eot_id|>\
                 <|start_header_id|>assistant<|end_header_id|>\n\n";
    let mistral = "<s>[INST] <<SYS>>Be brief.<</SYS>> Hi! [/INST] Hello.</s>[INST] Why? [/INST]";
    let claude = "\n\nHuman: Hi!\n\nAssistant: Hello.\n\nHuman: Why?\n\nAssistant:";
    let check = async |model_id: &str, body: Value, messages: &[Value]| {
        let mut reply = tool_completion();
        reply["choices"][0]["message"].as_object_mut().unwrap().remove("tool_calls");
        let server = completion(&reply);
        let (status, value) = call(&server, sign(request(input(model_id, &body.to_string())))).await;
        assert_eq!(status, 200, "{value}");
        let sent = server.requests.lock().unwrap()[0].1.clone();
        assert_eq!((&sent["messages"], &sent["max_tokens"]), (&json!(messages), &json!(9)), "{model_id}");
    };
    let messages = all.as_array().unwrap();
    check("meta.llama3-8b-instruct-v1:0", json!({"prompt": llama, "max_gen_len": 9}), messages).await;
    check("mistral.mistral-7b-instruct-v0:2", json!({"prompt": mistral, "max_tokens": 9}), messages).await;
    check("anthropic.claude-v2:1", json!({"prompt": claude, "max_tokens_to_sample": 9}), &messages[1..])
        .await;
}

fn tool_stream() -> Scripted {
    let call = json!({"index": 0, "id": "call_1", "type": "function", "function": {"name": "weather", "arguments": ""}});
    let arguments = |text: &str| json!({"tool_calls": [{"index": 0, "function": {"arguments": text}}]});
    stream(&[
        delta(json!({"role": "assistant", "content": ""}), None),
        delta(json!({"reasoning_content": "Hm."}), None),
        delta(json!({"content": "I "}), None),
        delta(json!({"content": "look."}), None),
        delta(json!({"tool_calls": [call]}), None),
        delta(arguments("{\"city\":"), None),
        delta(arguments("\"Paris\"}"), None),
        delta(json!({}), Some("tool_calls")),
        json!({"choices": [], "usage": {"prompt_tokens": 12, "completion_tokens": 6}}),
    ])
}

#[tokio::test]
async fn converse_stream_has_an_event_for_each_delta() {
    let server = tool_stream();
    let events = events(&server, json_request(CLAUDE, "converse-stream", &hello())).await;
    let payloads = payloads(&events);
    assert_eq!(concatenated(&payloads, "/delta/reasoningContent/text"), "Hm.");
    assert!(!concatenated(&payloads, "/delta/reasoningContent/signature").is_empty());
    assert_eq!(payloads.iter().filter(|payload| payload["delta"].get("text").is_some()).count(), 2);
    assert_eq!(concatenated(&payloads, "/delta/text"), "I look.");
    assert_eq!(concatenated(&payloads, "/delta/toolUse/input"), r#"{"city":"Paris"}"#);
    assert_eq!(concatenated(&payloads, "/start/toolUse/toolUseId"), "call_1");
    assert_eq!(concatenated(&payloads, "/stopReason"), "tool_use");
    let metadata = payloads.last().unwrap();
    assert_eq!(
        (&metadata["usage"]["inputTokens"], &metadata["usage"]["totalTokens"]),
        (&json!(12), &json!(18))
    );
    let sent = server.requests.lock().unwrap()[0].1.clone();
    assert_eq!((&sent["stream"], &sent["stream_options"]), (&json!(true), &json!({"include_usage": true})));
}

#[tokio::test]
async fn invoke_model_stream_has_chunks_of_the_family() {
    let body = r#"{"anthropic_version":"bedrock-2023-05-31","max_tokens":9,"messages":[{"role":"user","content":"a"}]}"#;
    let events = events(&tool_stream(), streaming(CLAUDE, body)).await;
    let chunks: Vec<_> = events.iter().map(super::streams::chunk).collect();
    assert_eq!(concatenated(&chunks, "/delta/thinking"), "Hm.");
    assert!(!concatenated(&chunks, "/delta/signature").is_empty());
    assert_eq!(concatenated(&chunks, "/delta/text"), "I look.");
    assert_eq!(concatenated(&chunks, "/delta/partial_json"), r#"{"city":"Paris"}"#);
    let last = chunks.last().unwrap();
    assert_eq!(last["type"], "message_stop");
    assert_eq!(last["amazon-bedrock-invocationMetrics"]["inputTokenCount"], 12);
    assert_eq!(last["amazon-bedrock-invocationMetrics"]["outputTokenCount"], 6);
}

#[tokio::test]
async fn the_log_has_the_tokens_of_a_stream() {
    let endpoint = builder().upstream(URL, None, tool_stream()).unwrap().build_state();
    send_to(&endpoint, json_request(CLAUDE, "converse-stream", &hello())).await;
    let call = endpoint.log.calls().pop().unwrap();
    assert_eq!((call.input_tokens, call.output_tokens), (Some(12), Some(6)));
}

#[tokio::test]
async fn events_may_be_split_at_any_byte() {
    let whole: String = tool_stream().chunks.into_iter().flatten().collect();
    let pieces = whole.as_bytes().chunks(7).map(|piece| Some(String::from_utf8(piece.to_vec()).unwrap()));
    let server = server(200, "text/event-stream", pieces.collect());
    let events = events(&server, json_request(CLAUDE, "converse-stream", &hello())).await;
    assert_eq!(concatenated(&payloads(&events), "/delta/text"), "I look.");
}

async fn check_failure(server: Scripted, status: u16, code: &str, words: &str) {
    let (found, value) = call(&server, json_request(CLAUDE, "converse", &hello())).await;
    let message = value["message"].as_str().unwrap();
    assert_eq!(found, status, "{message}");
    check_contains(message, words);
    check_contains(message, "--upstream http://127.0.0.1:11434/v1/chat/completions: ");
    let endpoint = builder().upstream(URL, None, server).unwrap().build_state();
    let request = json_request(CLAUDE, "converse", &hello()).map(|body| {
        let mut payload = PayloadCollector::default();
        payload.update(&body);
        payload.finish()
    });
    assert!(handle(&endpoint, 1, request, now()).await.is_ok());
    assert_eq!(endpoint.log.calls().pop().unwrap().error_code.as_deref(), Some(code));
}

#[tokio::test]
async fn failures_of_the_upstream_are_errors_of_the_service() {
    let text = |status, text: &str| server(status, "text/plain", vec![Some(text.to_owned())]);
    let unavailable = "ServiceUnavailableException";
    check_failure(text(1, ""), 503, unavailable, "cannot be reached: connection refused").await;
    check_failure(text(503, "loading"), 503, unavailable, "503 Service Unavailable: loading").await;
    check_failure(text(429, "slow"), 429, "ThrottlingException", "slow").await;
    let error = r#"{"error": {"message": "model not found"}}"#;
    check_failure(text(404, error), 424, "ModelErrorException", "404 Not Found: model not found").await;
    check_failure(text(200, "<html>"), 424, "ModelErrorException", "not a chat completion: expected value")
        .await;
    check_failure(text(200, "{}"), 424, "ModelErrorException", "missing field `choices`").await;
    check_failure(text(200, r#"{"choices": []}"#), 424, "ModelErrorException", "no choices").await;
    let mut completion = tool_completion();
    completion["choices"][0]["message"]["tool_calls"][0]["function"]["arguments"] = json!("{");
    check_failure(text(200, &completion.to_string()), 424, "ModelErrorException", "are not JSON").await;
    let cut = server(200, "application/json", vec![Some("{".to_owned()), None]);
    check_failure(cut, 424, "ModelErrorException", "incomplete: connection reset").await;
}

/// Checks that a stream ends with `ModelStreamErrorException` after the first piece of text.
async fn check_stream_failure(chunks: Vec<Option<String>>, words: &str) {
    let first = format!("data: {}\n\n", delta(json!({"content": "I "}), None));
    let chunks = std::iter::once(Some(first)).chain(chunks).collect();
    let server = server(200, "text/event-stream", chunks);
    let events = events(&server, json_request(CLAUDE, "converse-stream", &hello())).await;
    assert_eq!(concatenated(&payloads(&events), "/delta/text"), "I ");
    let last = events.last().unwrap();
    assert_eq!(last.header(":exception-type"), Some(HeaderValue::String("modelStreamErrorException")));
    check_contains(&String::from_utf8_lossy(last.payload()), words);
}

#[tokio::test]
async fn failures_of_a_stream_end_it_with_an_exception() {
    let event = |data: &str| Some(format!("data: {data}\n\n"));
    check_stream_failure(vec![None], "the stream is incomplete: connection reset").await;
    check_stream_failure(vec![], "the stream ended without a finish reason").await;
    check_stream_failure(vec![event("[DONE]")], "the stream ended without a finish reason").await;
    check_stream_failure(vec![event("{")], "not a chunk of a chat completion").await;
    check_stream_failure(vec![event(r#"{"error": {"message": "out of memory"}}"#)], "out of memory").await;
    let (status, value) =
        call(&completion(&tool_completion()), json_request(CLAUDE, "converse-stream", &hello())).await;
    assert_eq!(status, 424);
    check_contains(value["message"].as_str().unwrap(), "not text/event-stream");
}

#[tokio::test]
async fn the_upstream_gets_only_valid_requests_of_text_models() {
    let server = completion(&tool_completion());
    let invalid = json!({"messages": []});
    assert_eq!(call(&server, json_request(CLAUDE, "converse", &invalid)).await.0, 400);
    assert_eq!(call(&server, sign(request(input(TITAN, BODY)))).await.0, 200);
    assert!(server.requests.lock().unwrap().is_empty());
}

#[tokio::test]
async fn the_check_of_a_request_does_not_write_to_the_prompt_cache() {
    let mut body = tool_completion();
    body.as_object_mut().unwrap().remove("usage");
    let endpoint = builder().upstream(URL, None, completion(&body)).unwrap().build_state();
    let body = json!({
        "system": [{"text": "word ".repeat(1_100)}, {"cachePoint": {"type": "default"}}],
        "messages": [user("hello")],
    });
    for (read, written) in [(0, 1_100), (1_100, 0)] {
        let (status, chunks) = send_to(&endpoint, json_request(CLAUDE, "converse", &body)).await;
        assert_eq!(status, 200, "{chunks:?}");
        let value: Value = serde_json::from_slice(&chunks.concat()).unwrap();
        let usage = &value["usage"];
        let cached = (&usage["cacheReadInputTokens"], &usage["cacheWriteInputTokens"]);
        assert_eq!(cached, (&json!(read), &json!(written)));
    }
}

#[tokio::test]
async fn a_rule_takes_precedence_over_the_upstream() {
    let server = completion(&tool_completion());
    let rule = crate::Fault::new().when(crate::When::new().prompt_contains("hello")).reply("from the rule");
    let builder = builder().fault_rules([rule.into()]).upstream(URL, None, server.clone()).unwrap();
    let value = super::converse::converse(&builder.build_state(), CLAUDE, &hello());
    assert_eq!(value["output"]["message"]["content"][0]["text"], "from the rule");
    assert!(server.requests.lock().unwrap().is_empty());
}

#[test]
fn the_url_is_completed_and_checked() {
    let url = |base: &str| {
        let upstream = crate::upstream::Upstream::new(base, None, Arc::new(completion(&json!({}))));
        upstream.map(|upstream| format!("{upstream:?}")).map_err(|error| error.to_string())
    };
    for base in ["http://h:1", "http://h:1/", "http://h:1/v1", "http://h:1/v1/chat/completions"] {
        check_contains(&url(base).unwrap(), "url: http://h:1/v1/chat/completions");
    }
    for base in ["", "h:1", "ftp://h", "http://"] {
        check_contains(&url(base).unwrap_err(), "must begin with http:// or https://");
    }
}

#[test]
fn invalid_urls_are_errors() {
    let check = |url: &str, expected: &str| {
        let server = server(200, "application/json", Vec::new());
        let error = builder().upstream(url, None, server).unwrap_err().to_string();
        assert_eq!(error, expected);
    };
    let scheme = "is not the URL of an upstream: it must begin with http:// or https://";
    check("127.0.0.1:11434", &format!("\"127.0.0.1:11434\" {scheme}"));
    check("ftp://example.com", &format!("\"ftp://example.com\" {scheme}"));
    let secret = "the URL of the upstream contains a user name or a password: remove the part before `@`";
    check("http://user:password@example.com/v1", secret);
    check("user:password@example.com", secret);
}
