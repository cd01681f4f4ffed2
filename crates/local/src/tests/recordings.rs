//! Tests of recording against a second endpoint, and of the replay.

use std::path::Path;

use http_body_util::BodyExt;
use serde_json::{Value, json};

use super::converse::{CLAUDE, hello, json_request, user};
use super::presigned::presigned;
use super::*;
use crate::ReplayError;
use crate::backend::{Forward, ForwardFuture};

/// The service: another endpoint, with other credentials.
#[derive(Debug)]
struct Service(Arc<EndpointState>);

impl Forward for Service {
    fn forward(&self, request: Request<Bytes>) -> ForwardFuture {
        let service = Arc::clone(&self.0);
        Box::pin(async move {
            assert!(!request.headers().contains_key("authorization"), "the signature must be removed");
            assert!(!request.headers().contains_key("cookie"), "cookies must be removed");
            let credentials = Credentials::new("SERVICE", "the-secret", Some("the-token".to_owned()));
            let mut request = request;
            request.headers_mut().insert("host", "service".parse().unwrap());
            let request = sign_as(request, &credentials, &Signer::new("us-east-1", "bedrock"), now());
            let response = respond(&service, request).await;
            Ok(response.map(|body| body.map_err(Into::into).boxed_unsync()))
        })
    }
}

/// A service that does not respond.
#[derive(Debug)]
struct Unreachable;

impl Forward for Unreachable {
    fn forward(&self, _: Request<Bytes>) -> ForwardFuture {
        Box::pin(async { Err("connection refused".into()) })
    }
}

async fn respond(endpoint: &Arc<EndpointState>, request: Request<Bytes>) -> Response<ResponseBody> {
    let request = request.map(|body| {
        let mut payload = PayloadCollector::default();
        payload.update(&body);
        payload.finish()
    });
    handle(endpoint, 1, request, endpoint.clock.now()).await.ok().unwrap().response
}

/// Returns the status, the error code and the chunks of a response.
async fn exchange(endpoint: &Arc<EndpointState>, request: Request<Bytes>) -> (u16, String, Vec<Bytes>) {
    let (head, mut body) = respond(endpoint, request).await.into_parts();
    let mut chunks = Vec::new();
    while let Some(frame) = body.frame().await {
        // Copy the bytes, because the stream generates the next frame only after this frame was dropped.
        chunks.push(Bytes::copy_from_slice(&frame.unwrap().into_data().unwrap()));
    }
    let code = head.headers.get("x-amzn-errortype").map(|code| code.to_str().unwrap());
    let code = code.unwrap_or_default().split(':').next().unwrap_or_default().to_owned();
    (head.status.as_u16(), code, chunks)
}

/// Signs a request that was changed after it was signed.
fn sign_again(mut request: Request<Bytes>) -> Request<Bytes> {
    for name in ["authorization", "x-amz-date", "x-amz-content-sha256"] {
        request.headers_mut().remove(name);
    }
    sign(request)
}

fn recorder(folder: &Path) -> Arc<EndpointState> {
    let service = builder().credentials("SERVICE", "the-secret", Some("the-token".to_owned())).build_state();
    builder().record(folder, Service(service)).unwrap().build_state()
}

fn player(folder: &Path) -> Arc<EndpointState> {
    builder().replay(folder).unwrap().build_state()
}

fn message(chunks: &[Bytes]) -> String {
    let value: Value = serde_json::from_slice(&chunks.concat()).unwrap();
    value["message"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn replays_what_was_recorded_chunk_for_chunk() {
    let folder = tempfile::tempdir().unwrap();
    let recorder = recorder(folder.path());
    let requests = [
        json_request(CLAUDE, "converse", &hello()),
        json_request(CLAUDE, "converse-stream", &hello()),
        json_request("unknown.model", "converse", &hello()),
        sign(request(input(TITAN, BODY))),
    ];
    let mut recorded = Vec::new();
    for request in &requests {
        recorded.push(exchange(&recorder, request.clone()).await);
    }
    assert_eq!(recorded.iter().map(|(status, ..)| *status).collect::<Vec<_>>(), [200, 200, 400, 200]);
    assert!(recorded[1].2.len() > 5, "the stream has a chunk for each event");

    let player = player(folder.path());
    for (request, expected) in requests.into_iter().zip(recorded) {
        assert_eq!(exchange(&player, request).await, expected);
    }
    assert!(player.log.calls().iter().all(|call| call.signed));
    let tokens = |endpoint: &EndpointState| {
        let calls = endpoint.log.calls().into_iter();
        calls.map(|call| call.input_tokens.zip(call.output_tokens)).collect::<Vec<_>>()
    };
    assert_eq!(tokens(&player), [Some((1, 4)), Some((1, 4)), None, Some((1, 0))]);
    assert_eq!(tokens(&recorder), tokens(&player));
    let ids = |endpoint: &EndpointState| {
        endpoint.log.calls().into_iter().map(|call| call.request_id).collect::<Vec<_>>()
    };
    assert_eq!(ids(&player), ids(&recorder), "a response keeps the request id of the service");
}

#[tokio::test]
async fn files_have_no_credentials() {
    let folder = tempfile::tempdir().unwrap();
    let recorder = recorder(folder.path());
    let mut request = json_request(CLAUDE, "converse-stream", &hello());
    let secret = "secret-metadata".parse().unwrap();
    request.headers_mut().insert("x-amzn-bedrock-request-metadata", secret);
    exchange(&recorder, sign_again(request)).await;
    let text = std::fs::read_to_string(folder.path().join("0001-converse-stream.json")).unwrap();
    for secret in ["uthorization", "Signature", "LOCALACCESSKEYID", "SERVICE", "the-token", "secret-metadata"]
    {
        assert!(!text.contains(secret), "{secret} is in {text}");
    }
    let file: Value = serde_json::from_str(&text).unwrap();
    assert_eq!(file["request"]["body"]["json"], hello());
    assert_eq!(file["response"]["status"], 200);
    assert!(file["response"]["chunks"][0]["at_ms"].is_u64());
}

#[tokio::test]
async fn a_presigned_query_is_not_recorded() {
    let folder = tempfile::tempdir().unwrap();
    let request = Request::get("/other/path?a=b&X-Amz-Signature=abc&X-Amz-Credential=LOCAL");
    let request = request.header("host", "127.0.0.1").body(Bytes::new()).unwrap();
    let service = Service(builder().verify(false).build_state());
    let recorder = builder().verify(false).record(folder.path(), service).unwrap().build_state();
    exchange(&recorder, request).await;
    let text = std::fs::read_to_string(folder.path().join("0001-path.json")).unwrap();
    assert!(text.contains("\"/other/path?a=b\"") && !text.contains("LOCAL"), "{text}");
}

#[tokio::test]
async fn new_files_do_not_replace_old_files() {
    let folder = tempfile::tempdir().unwrap();
    for _ in 0..2 {
        exchange(&recorder(folder.path()), json_request(CLAUDE, "converse", &hello())).await;
    }
    assert!(folder.path().join("0001-converse.json").exists());
    assert!(folder.path().join("0002-converse.json").exists());
}

#[tokio::test]
async fn equal_requests_are_replayed_in_order() {
    let folder = tempfile::tempdir().unwrap();
    let service = builder().verify(false).replies(&crate::When::new(), ["one", "two"]).build_state();
    let recorder = builder().record(folder.path(), Service(service)).unwrap().build_state();
    let mut recorded = Vec::new();
    for _ in 0..2 {
        recorded.push(exchange(&recorder, json_request(CLAUDE, "converse", &hello())).await);
    }
    assert_ne!(recorded[0], recorded[1]);
    let player = player(folder.path());
    for expected in [&recorded[0], &recorded[1], &recorded[1]] {
        assert_eq!(exchange(&player, json_request(CLAUDE, "converse", &hello())).await, *expected);
    }
}

#[tokio::test]
async fn the_notation_of_numbers_does_not_matter() {
    let folder = tempfile::tempdir().unwrap();
    let recorder = recorder(folder.path());
    let request = |temperature: Value| {
        let body = json!({"messages": [user("hello")], "inferenceConfig": {"temperature": temperature}});
        json_request(CLAUDE, "converse", &body)
    };
    exchange(&recorder, request(json!(0.0))).await;
    let player = player(folder.path());
    assert_eq!(exchange(&player, request(json!(0))).await.0, 200);
    assert_eq!(exchange(&player, request(json!(0.5))).await.0, 404);
}

#[tokio::test]
async fn a_missing_recording_names_the_nearest_one() {
    let folder = tempfile::tempdir().unwrap();
    let recorder = recorder(folder.path());
    let long = json!({"messages": [user("hello")], "inferenceConfig": {"maxTokens": 3}});
    exchange(&recorder, json_request(CLAUDE, "converse", &long)).await;
    exchange(&recorder, json_request(CLAUDE, "converse", &hello())).await;
    let player = player(folder.path());

    let other = json!({"messages": [user("goodbye")]});
    let (status, code, chunks) = exchange(&player, json_request(CLAUDE, "converse", &other)).await;
    assert_eq!((status, code.as_str()), (404, "RecordingNotFoundException"));
    let text = message(&chunks);
    check_contains(&text, "matches POST /model/");
    check_contains(
        &text,
        "the nearest is 0002-converse.json: /messages/0/content/0/text is \"goodbye\", but was recorded as \"hello\"",
    );

    let (_, _, chunks) = exchange(&player, json_request(CLAUDE, "converse-stream", &hello())).await;
    check_contains(&message(&chunks), "the recorded paths are POST /model/anthropic.");
}

#[tokio::test]
async fn the_order_of_members_does_not_matter() {
    let folder = tempfile::tempdir().unwrap();
    exchange(&recorder(folder.path()), json_request(CLAUDE, "converse", &hello())).await;
    let request = json_request(CLAUDE, "converse", &hello());
    let (parts, _) = request.into_parts();
    let body = r#"{ "messages": [ {"content":[{"text":"hello"}], "role":"user"} ] }"#;
    let request = Request::from_parts(parts, Bytes::from(body));
    assert_eq!(exchange(&player(folder.path()), sign_again(request)).await.0, 200);
}

#[tokio::test]
async fn an_unreachable_service_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let endpoint = builder().record(folder.path(), Unreachable).unwrap().build_state();
    let (status, code, chunks) = exchange(&endpoint, json_request(CLAUDE, "converse", &hello())).await;
    assert_eq!((status, code.as_str()), (503, "ServiceUnavailableException"));
    check_contains(&message(&chunks), "connection refused");
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
}

#[tokio::test]
async fn a_wrong_signature_is_not_forwarded() {
    let folder = tempfile::tempdir().unwrap();
    let mut request = json_request(CLAUDE, "converse", &hello());
    request.headers_mut().remove("authorization");
    assert_eq!(exchange(&recorder(folder.path()), request).await.0, 403);
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
}

#[test]
fn invalid_folders_are_named() {
    let folder = tempfile::tempdir().unwrap();
    let replay = || builder().replay(folder.path()).unwrap_err();
    assert!(matches!(replay(), ReplayError::Empty { .. }));
    std::fs::write(folder.path().join("a.json"), "{\n\"request\": 1}").unwrap();
    let text = replay().to_string();
    assert!(text.contains("a.json: ") && text.contains(" at line 2 column 1"), "{text}");
    let exchange = json!({
        "request": {"method": "GET", "path": "/", "body": {"json": null}},
        "response": {"status": 200, "chunks": [{"at_ms": 0, "base64": "!"}]},
    });
    std::fs::write(folder.path().join("a.json"), exchange.to_string()).unwrap();
    check_contains(&replay().to_string(), "a.json: chunk 1 of the response is not base64");
    let missing = builder().replay(folder.path().join("missing")).unwrap_err();
    check_contains(&missing.to_string(), "missing: ");
}

#[tokio::test]
async fn presigned_requests_are_forwarded_without_their_signature() {
    let folder = tempfile::tempdir().unwrap();
    let recorder = recorder(folder.path());
    let mut request = presigned(now());
    request.headers_mut().insert("cookie", "session=secret".parse().unwrap());
    let (status, code, _) = exchange(&recorder, request).await;
    assert_eq!((status, code.as_str()), (200, ""));
}

#[tokio::test]
async fn requests_of_pages_are_not_forwarded() {
    let folder = tempfile::tempdir().unwrap();
    let recorder = builder().record(folder.path(), Unreachable).unwrap().build_state();
    let mut request = presigned(now());
    request.headers_mut().insert("origin", "https://example.com".parse().unwrap());
    let (status, code, chunks) = exchange(&recorder, request).await;
    assert_eq!((status, code.as_str()), (403, "AccessDeniedException"));
    assert!(message(&chunks).contains("\"https://example.com\" is not forwarded"), "{}", message(&chunks));
}
