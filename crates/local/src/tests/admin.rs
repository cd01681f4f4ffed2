//! Tests of the pages and records under `/_local/`.

use http::request::Parts;
use serde_json::{Value, json};
use tokio::io::AsyncWriteExt;

use super::fault_connections::{call, start};
use super::wire::{connect, read};
use super::*;
use crate::admin::route;
use crate::{ConnectionEnd, FaultRule};

fn parts(method: &str, target: &str, host: &str) -> Parts {
    Request::builder().method(method).uri(target).header("host", host).body(()).unwrap().into_parts().0
}

fn get(endpoint: &EndpointState, target: &str) -> Response<Bytes> {
    route(endpoint, &parts("GET", target, "127.0.0.1:8080"), b"")
}

fn get_json(endpoint: &EndpointState, target: &str) -> Value {
    let response = get(endpoint, target);
    assert_eq!(response.status().as_u16(), 200, "{response:?}");
    serde_json::from_slice(response.body()).unwrap()
}

fn put_faults(endpoint: &EndpointState, file: &str) -> (u16, Value) {
    let response = route(endpoint, &parts("PUT", "/_local/faults", "localhost"), file.as_bytes());
    (response.status().as_u16(), serde_json::from_slice(response.body()).unwrap())
}

#[test]
fn requests_are_routed() {
    let endpoint = endpoint();
    let check = |method: &str, target: &str, status: u16, content_type: &str| {
        let response = route(&endpoint, &parts(method, target, "localhost:80"), b"");
        assert_eq!(response.status().as_u16(), status, "{target}");
        let found = response.headers().get("content-type").map(|value| value.to_str().unwrap());
        assert_eq!(found.unwrap_or_default(), content_type, "{target}");
        response
    };
    check("GET", "/_local", 308, "");
    let page = check("GET", "/_local/", 200, "text/html; charset=utf-8");
    let policy = page.headers()["content-security-policy"].to_str().unwrap();
    assert!(policy.starts_with("default-src 'none'; script-src 'self'") && !policy.contains("unsafe"));
    check("GET", "/_local/page.css", 200, "text/css; charset=utf-8");
    check("GET", "/_local/page.js", 200, "text/javascript; charset=utf-8");
    check("HEAD", "/_local/health", 200, "application/json");
    check("GET", "/_local/stats", 200, "application/json");
    check("GET", "/_local/metrics", 200, "text/plain; version=0.0.4; charset=utf-8");
    check("DELETE", "/_local/calls", 204, "");
    let missing = check("GET", "/_local/other", 404, "application/json");
    check_contains(std::str::from_utf8(missing.body()).unwrap(), "/_local/other does not exist; see ");
    let wrong = check("POST", "/_local/faults", 405, "application/json");
    assert_eq!(wrong.headers()["allow"], "GET, PUT");
    check_contains(
        std::str::from_utf8(check("GET", "/_local/calls?after=x", 400, "application/json").body()).unwrap(),
        "`after` is \\\"x\\\"; set it to a number",
    );
    check("GET", "/_local/calls?before=1", 400, "application/json");
}

/// The page must not contain scripts or styles that its content security policy forbids. Its script must not
/// parse texts as HTML.
#[test]
fn the_page_uses_only_its_own_files() {
    let page = |target| String::from_utf8(get(&endpoint(), target).into_body().to_vec()).unwrap();
    let (html, script) = (page("/_local/"), page("/_local/page.js"));
    for forbidden in ["http:", "https:", "<style", " style=", " onclick=", "<script>"] {
        assert!(!html.contains(forbidden), "{forbidden}");
    }
    assert!(html.contains("<script src=\"page.js\" defer>") && html.contains("href=\"page.css\""));
    for forbidden in ["innerHTML", "outerHTML", "insertAdjacentHTML", "document.write", "eval("] {
        assert!(!script.contains(forbidden), "{forbidden}");
    }
}

#[test]
fn foreign_host_names_are_rejected_on_loopback() {
    let status = |endpoint: &EndpointState, host: &str| {
        route(endpoint, &parts("GET", "/_local/health", host), b"").status().as_u16()
    };
    let loopback = endpoint();
    for host in ["127.0.0.1", "127.0.0.1:80", "[::1]", "[::1]:80", "localhost", "LOCALHOST:1", "a.localhost"]
    {
        assert_eq!(status(&loopback, host), 200, "{host}");
    }
    for host in ["example.com", "example.com:8080", "localhost.example.com", "127.0.0.1.example.com:80"] {
        assert_eq!(status(&loopback, host), 403, "{host}");
    }
    let rebound = parts("GET", "http://example.com/_local/health", "localhost");
    assert_eq!(route(&loopback, &rebound, b"").status().as_u16(), 403);
    let all = builder().host([0, 0, 0, 0]).build_state();
    assert_eq!(status(&all, "bedrock:8080"), 200);
}

#[test]
fn calls_are_returned_with_their_signatures() {
    let endpoint = endpoint();
    send(&endpoint, sign(request(input(TITAN, BODY))));
    let mut wrong = sign(request(input(TITAN, BODY)));
    wrong.headers_mut().insert("host", "localhost".parse().unwrap());
    send(&endpoint, wrong);
    let calls = get_json(&endpoint, "/_local/calls");
    assert_eq!(calls["last"], 2);
    assert_eq!(calls["calls"][0]["signature"], "valid");
    assert_eq!(calls["calls"][0]["operation"], "InvokeModel");
    assert_eq!(calls["calls"][0]["input_tokens"], 1);
    assert_eq!(calls["calls"][1]["signature"], "rejected");
    check_contains(calls["calls"][1]["signature_error"].as_str().unwrap(), "host:localhost");
    assert!(!calls.to_string().contains("Signature="), "the header `authorization` is secret");
    assert_eq!(get_json(&endpoint, "/_local/calls?after=1&limit=5")["calls"].as_array().unwrap().len(), 1);
    assert_eq!(get_json(&endpoint, "/_local/calls?after=2")["calls"], json!([]));
}

#[tokio::test]
async fn totals_are_counted_over_all_calls() {
    let local = builder().max_recorded_calls(1).start().await.unwrap();
    let mut socket = connect(&local).await;
    for _ in 0..3 {
        socket.write_all(&call()).await.unwrap();
        read(&mut socket).await;
    }
    socket.write_all(b"GET /_local/stats HTTP/1.1\r\nhost: localhost\r\n\r\n").await.unwrap();
    let stats: Value = serde_json::from_slice(&read(&mut socket).await.1).unwrap();
    assert_eq!(stats["totals"]["requests"], 3);
    assert_eq!(stats["calls_in_progress"], 0);
    let expected = json!([{
        "operation": "InvokeModel",
        "status": 200,
        "error_code": null,
        "calls": 3,
        "input_tokens": 3,
        "output_tokens": 0,
        "duration_seconds": 0.0,
    }]);
    assert_eq!(stats["calls"], expected);
    socket.write_all(b"GET /_local/metrics HTTP/1.1\r\nhost: localhost\r\n\r\n").await.unwrap();
    let metrics = String::from_utf8(read(&mut socket).await.1).unwrap();
    let line = "invoke_model_local_calls_total{operation=\"InvokeModel\",status=\"200\",error=\"\"} 3\n";
    check_contains(&metrics, line);
    check_contains(&metrics, "# TYPE invoke_model_local_requests_total counter\n");
    check_contains(&metrics, "invoke_model_local_requests_total 3\n");
}

#[tokio::test]
async fn requests_for_records_are_not_recorded() {
    let local = start().await;
    let mut socket = connect(&local).await;
    socket.write_all(b"GET /_local/health HTTP/1.1\r\nhost: localhost\r\n\r\n").await.unwrap();
    let (head, body) = read(&mut socket).await;
    assert!(head.starts_with("http/1.1 200 ") && head.contains("\r\ndate: sun, 30 aug 2015 "), "{head}");
    assert_eq!(body, format!(r#"{{"status":"ok","version":"{}"}}"#, env!("CARGO_PKG_VERSION")).as_bytes());
    let stats = local.stats();
    assert_eq!((stats.request_heads, stats.requests, stats.responses), (0, 0, 0));
    assert!(local.calls().is_empty());
    // After a request for records, a fault can still break the next call on the same connection.
    local.inject(FaultRule::break_request(0, ConnectionEnd::Close).first(1));
    socket.write_all(&call()).await.unwrap();
    local.wait_for_calls().await;
    assert_eq!(tokio::io::AsyncReadExt::read(&mut socket, &mut [0]).await.unwrap_or(0), 0);
}

#[tokio::test]
async fn a_body_that_is_too_long_is_rejected() {
    let local = start().await;
    let mut socket = connect(&local).await;
    let body = " ".repeat((1 << 20) + 1);
    let head =
        format!("PUT /_local/faults HTTP/1.1\r\nhost: localhost\r\ncontent-length: {}\r\n\r\n", body.len());
    socket.write_all(head.as_bytes()).await.unwrap();
    let _ = socket.write_all(body.as_bytes()).await;
    let (head, _) = read(&mut socket).await;
    assert!(head.starts_with("http/1.1 413 "), "{head}");
}

#[test]
fn faults_are_replaced() {
    let endpoint = endpoint();
    let rule = json!({"first": 1, "error": {"code": "ThrottlingException", "message": "slow"}});
    let file = json!({"rules": [rule], "quotas": {"requests_per_minute": 1}});
    assert_eq!(put_faults(&endpoint, &file.to_string()), (200, file.clone()));
    assert_eq!(get_json(&endpoint, "/_local/faults"), file);
    check_error(&endpoint, sign(request(input(TITAN, BODY))), 429, "ThrottlingException");
    let used = json!({"rules": [], "quotas": {"requests_per_minute": 1}});
    assert_eq!(get_json(&endpoint, "/_local/faults"), used, "the rule cannot apply any more");
    assert_eq!(send(&endpoint, sign(request(input(TITAN, BODY)))).status().as_u16(), 200);
    check_error(&endpoint, sign(request(input(TITAN, BODY))), 429, "ThrottlingException");
    assert_eq!(put_faults(&endpoint, "{}"), (200, json!({"rules": [], "quotas": {}})));
    assert_eq!(send(&endpoint, sign(request(input(TITAN, BODY)))).status().as_u16(), 200);
}

#[test]
fn each_reply_is_a_rule() {
    let endpoint = endpoint();
    let file = json!({"rules": [{"tool": "f", "replies": ["a", "b"]}, {"status": 500}]});
    let first = json!({"tool": "f", "reply": "a", "first": 1});
    let second = json!({"tool": "f", "reply": "b", "first": 1});
    let expected = json!({"rules": [first, second, {"status": 500}], "quotas": {}});
    assert_eq!(put_faults(&endpoint, &file.to_string()), (200, expected));
}

#[test]
fn invalid_faults_change_nothing() {
    let endpoint = endpoint();
    let rule = json!({"rules": [{"status": 500}], "quotas": {}});
    put_faults(&endpoint, &rule.to_string());
    let (status, error) = put_faults(&endpoint, "{\n\"rules\": [\n{\"status\": 500},\n{\"first\": 0}\n]}");
    assert_eq!((status, &error["line"], &error["column"]), (400, &json!(4), &json!(12)));
    check_contains(
        error["message"].as_str().unwrap(),
        "rule 2: `first` and `every` must be 1 or more at line 4",
    );
    let invalid = route(&endpoint, &parts("PUT", "/_local/faults", "localhost"), b"\xff");
    assert_eq!(invalid.status().as_u16(), 400);
    assert_eq!(get_json(&endpoint, "/_local/faults"), rule);
}

#[test]
fn credentials_of_faults_are_not_returned() {
    let endpoint = endpoint();
    let file = r#"{"credentials": [{"access_key_id": "ID", "secret_access_key": "secret", "session_token": "token",
        "expire_in_seconds": 60}]}"#;
    assert_eq!(put_faults(&endpoint, file), (200, json!({"rules": [], "quotas": {}})));
    let credentials = Credentials::new("ID", "secret", Some("token".to_owned()));
    let signed =
        sign_as(request(input(TITAN, BODY)), &credentials, &Signer::new("us-east-1", "bedrock"), now());
    assert_eq!(send(&endpoint, signed).status().as_u16(), 200);
}
