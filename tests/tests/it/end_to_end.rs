//! Tests of calls from the client to the local endpoint, over loopback.

use std::time::{Duration, SystemTime};

use bytes::Bytes;
use invoke_model_client::types::InvokeModelError;
use invoke_model_client::{Body, Client, Config, Credentials, ErrorKind};
use invoke_model_local::LocalEndpoint;
use serde_json::{Value, json};

const TITAN: &str = "amazon.titan-embed-text-v2:0";

/// Returns the settings of a client that calls the endpoint.
pub(crate) fn config(local: &LocalEndpoint) -> invoke_model_client::ConfigBuilder {
    let credentials = Credentials::new(local.access_key_id(), local.secret_access_key(), None);
    Config::builder().region("us-east-1").endpoint_url(local.url()).credentials_provider(credentials)
}

pub(crate) fn client(local: &LocalEndpoint) -> Client {
    Client::new(config(local)).unwrap()
}

#[tokio::test]
async fn invokes_an_embedding_model() {
    let local = LocalEndpoint::start().await.unwrap();
    let body = json!({ "inputText": "hello", "dimensions": 256 }).to_string();
    let output = client(&local).invoke_model().model_id(TITAN).body(body.clone()).send().await.unwrap();
    assert_eq!(output.content_type, "application/json");
    let value: Value = serde_json::from_slice(&output.body).unwrap();
    assert_eq!(value["embedding"].as_array().unwrap().len(), 256);
    let calls = local.calls();
    assert_eq!(calls.len(), 1);
    assert_eq!((calls[0].status, calls[0].model_id.as_deref()), (200, Some(TITAN)));
    assert_eq!(calls[0].body, body);
}

#[tokio::test]
async fn ids_and_arns_arrive_unchanged() {
    let local = LocalEndpoint::start().await.unwrap();
    let client = client(&local);
    for id in [
        TITAN,
        "us.amazon.nova-lite-v1:0",
        "arn:aws:bedrock:us-east-1::foundation-model/amazon.titan-embed-text-v2:0",
        "arn:aws:bedrock:us-east-1:123456789012:inference-profile/us.amazon.nova-lite-v1:0",
        "arn:aws:bedrock:us-east-1:123456789012:provisioned-model/abcdefghijkl",
    ] {
        // The body is not valid for every model, so the status may be 400. The test checks that the model id
        // arrives unchanged, and that the endpoint accepts the signature.
        let _ = client.invoke_model().model_id(id).body(r#"{"inputText":"a"}"#).send().await;
        let call = local.calls().pop().unwrap();
        assert_eq!(call.model_id.as_deref(), Some(id));
        assert!([200, 400].contains(&call.status), "{id}: {}", call.status);
    }
}

#[tokio::test]
async fn sends_a_file_as_body() {
    let local = LocalEndpoint::start().await.unwrap();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("request.json");
    let text = json!({ "inputText": "word ".repeat(8_000) }).to_string();
    std::fs::write(&path, &text).unwrap();
    client(&local).invoke_model().model_id(TITAN).body(Body::from_path(&path)).send().await.unwrap();
    assert_eq!(local.calls()[0].body, text);
}

#[tokio::test]
async fn reads_a_response_chunk_by_chunk() {
    let local = LocalEndpoint::start().await.unwrap();
    let call = client(&local).invoke_model().model_id(TITAN).body(r#"{"inputText":"hello"}"#);
    let mut response = call.send_streaming().await.unwrap();
    assert_eq!(response.output.content_type, "application/json");
    let mut read = Vec::new();
    while let Some(chunk) = response.body.chunk().await.unwrap() {
        read.extend_from_slice(&chunk);
    }
    assert!(serde_json::from_slice::<Value>(&read).unwrap()["embedding"].is_array());
}

#[tokio::test]
async fn a_signed_request_can_be_sent_by_another_http_client() {
    let local = LocalEndpoint::start().await.unwrap();
    let signed =
        client(&local).invoke_model().model_id(TITAN).body(r#"{"inputText":"a"}"#).sign().await.unwrap();
    let (parts, body) = signed.into_parts();
    let target = parts.uri.path_and_query().unwrap();
    let mut text = format!("{} {target} HTTP/1.1\r\nconnection: close\r\n", parts.method);
    if !parts.headers.contains_key("host") {
        text.push_str(&format!("host: {}\r\n", parts.uri.authority().unwrap()));
    }
    for (name, value) in &parts.headers {
        text.push_str(&format!("{name}: {}\r\n", value.to_str().unwrap()));
    }
    text.push_str(&format!("content-length: {}\r\n\r\n", body.len()));
    let mut socket = std::net::TcpStream::connect(parts.uri.authority().unwrap().as_str()).unwrap();
    let response = tokio::task::spawn_blocking(move || {
        use std::io::{Read, Write};
        socket.write_all(text.as_bytes()).unwrap();
        socket.write_all(&body).unwrap();
        let mut text = String::new();
        socket.read_to_string(&mut text).unwrap();
        text
    });
    let response = response.await.unwrap();
    assert!(response.starts_with("HTTP/1.1 200"), "{response}");
}

#[tokio::test]
async fn a_wrong_secret_fails_with_an_explanation() {
    let local = LocalEndpoint::start().await.unwrap();
    let wrong = Credentials::new(local.access_key_id(), "not the secret", None);
    let client = Client::new(config(&local).credentials_provider(wrong)).unwrap();
    let error = client.invoke_model().model_id(TITAN).body("{}").send().await.unwrap_err();
    assert_eq!((error.code(), error.status().unwrap().as_u16()), (Some("InvalidSignatureException"), 403));
    assert!(error.message().unwrap().contains("/model/amazon.titan-embed-text-v2%253A0/invoke"), "{error}");
}

#[tokio::test]
async fn corrects_a_skewed_clock() {
    let local = LocalEndpoint::start().await.unwrap();
    let client = Client::new(
        config(&local).time_source(|| SystemTime::UNIX_EPOCH + Duration::from_secs(1_440_938_160)),
    );
    let client = client.unwrap();
    for _ in 0..2 {
        client.invoke_model().model_id(TITAN).body(r#"{"inputText":"hello"}"#).send().await.unwrap();
    }
    // The endpoint rejected the first request. The client then corrected its clock, signed the request again,
    // and retried it. The second call uses the corrected clock from the start.
    let statuses: Vec<_> = local.calls().iter().map(|call| call.status).collect();
    assert_eq!(statuses, [403, 200, 200]);
}

#[tokio::test]
async fn the_hint_names_the_region_of_an_arn() {
    let local = LocalEndpoint::start().await.unwrap();
    let arn = "arn:aws:bedrock:eu-west-1::foundation-model/amazon.titan-embed-text-v2:0";
    let call = client(&local).invoke_model().model_id(arn).body(r#"{"inputText":"a"}"#);
    let error = call.send().await.unwrap_err();
    assert_eq!(error.message(), Some("The provided model identifier is invalid."));
    let hint = error.hint().unwrap();
    assert!(hint.contains("eu-west-1") && hint.contains("us-east-1"), "{hint}");
}

#[tokio::test]
async fn parses_every_modeled_exception() {
    let local = LocalEndpoint::start().await.unwrap();
    let client = client(&local);
    for name in [
        "AccessDeniedException",
        "InternalServerException",
        "ModelErrorException",
        "ModelNotReadyException",
        "ModelTimeoutException",
        "ResourceNotFoundException",
        "ServiceQuotaExceededException",
        "ServiceUnavailableException",
        "ThrottlingException",
        "ValidationException",
    ] {
        let body = json!({ "error": name, "message": "details" }).to_string();
        let error = client.invoke_model().model_id("local.error-v1").body(body).send().await.unwrap_err();
        assert_eq!((error.code(), error.message()), (Some(name), Some("details")));
        assert!(!matches!(error.as_service_error().unwrap(), InvokeModelError::Unmodeled(_)), "{name}");
        assert!(error.request_id().is_some());
    }
}

#[tokio::test]
async fn invalid_inputs_fail_before_a_request_is_sent() {
    let local = LocalEndpoint::start().await.unwrap();
    let client = client(&local);
    let empty = client.invoke_model().model_id("").body("{}").send().await.unwrap_err();
    assert!(matches!(empty.kind(), ErrorKind::Serialize(_)), "{empty}");
    let missing = client.invoke_model().body("{}").send().await.unwrap_err();
    assert!(missing.to_string().contains("`modelId` is required"), "{missing}");
    let control = client.invoke_model().model_id(TITAN).trace("a\nb").send().await.unwrap_err();
    assert!(control.to_string().contains("`trace`"), "{control}");
    assert_eq!(local.calls().len(), 0);
}

#[tokio::test]
async fn a_call_to_a_stopped_endpoint_is_a_transport_error() {
    let local = LocalEndpoint::start().await.unwrap();
    let client = client(&local);
    local.stop().await;
    let error =
        client.invoke_model().model_id(TITAN).body(Bytes::from_static(b"{}")).send().await.unwrap_err();
    assert!(matches!(error.kind(), ErrorKind::Transport(_)) && !error.may_have_been_sent(), "{error}");
}
