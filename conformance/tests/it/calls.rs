//! Comparisons of calls. The adapter is a task with a tiny HTTP client.

use invoke_model_conformance::report;
use tokio::io::AsyncReadExt;
use tokio::net::TcpStream;

use super::*;

/// Starts an adapter that calls `CountTokens` or, without reporting events, `ConverseStream`. It does not report the
/// request id. If it must cancel a call after an event, it first reads the complete response. If it must cancel a call
/// within less than four milliseconds, it sends no request.
async fn adapter() -> AdapterAddress {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap().to_string();
    tokio::spawn(async move {
        let (input, mut output) = listener.accept().await.unwrap().0.into_split();
        let mut lines = BufReader::new(input).lines();
        while let Some(line) = lines.next_line().await.unwrap() {
            let request: Value = serde_json::from_str(&line).unwrap();
            let response = match &request["kit"] {
                Value::Null => call(&request).await,
                _ => json!({"client": "tiny", "version": "1", "unreported": ["error.request_id"]}),
            };
            output.write_all(format!("{response}\n").as_bytes()).await.unwrap();
        }
    });
    AdapterAddress::Tcp(address)
}

async fn call(request: &Value) -> Value {
    let settings = &request["settings"];
    if !settings["timeouts_ms"].is_null() {
        return json!({"unsupported": "this client has no timeouts"});
    }
    if request["cancel"]["after_ms"].as_u64().is_some_and(|time| time < 4) {
        return json!({"cancelled": true});
    }
    let url = settings["endpoint_url"].as_str().unwrap();
    let host = url.strip_prefix("http://").unwrap();
    let body = json!({"input": request["input"]["input"]}).to_string();
    let token = settings["bearer_token"].as_str().unwrap();
    let (address, origin) = match settings["proxy_url"].as_str() {
        Some(proxy) => (proxy.strip_prefix("http://").unwrap(), url),
        None => (host, ""),
    };
    let operation = if request["operation"] == "ConverseStream" { "converse-stream" } else { "count-tokens" };
    let text = format!(
        "POST {origin}/model/amazon.nova-lite-v1%3A0/{operation} HTTP/1.1\r\nhost: {host}\r\n\
         authorization: Bearer {token}\r\nconnection: close\r\ncontent-type: application/json\r\n\
         content-length: {}\r\n\r\n{body}",
        body.len()
    );
    let mut socket = TcpStream::connect(address).await.unwrap();
    socket.write_all(text.as_bytes()).await.unwrap();
    if !request["cancel"]["after_ms"].is_null() {
        return json!({"cancelled": true});
    }
    let mut response = Vec::new();
    socket.read_to_end(&mut response).await.unwrap();
    if !request["cancel"].is_null() {
        return json!({"cancelled": true});
    }
    let response = String::from_utf8(response).unwrap();
    let (head, body) = response.split_once("\r\n\r\n").unwrap();
    let status: u16 = head.split(' ').nth(1).unwrap().parse().unwrap();
    let body: Value = serde_json::from_str(body).unwrap_or_default();
    match status {
        200 => json!({"output": body}),
        _ => {
            json!({"error": {"class": "service", "status": status, "message": body["message"], "type": "Tiny"}})
        }
    }
}

const NOT_FOUND: &str = r#"{"rules": [{"status": 404, "body": "{\"message\": \"No such model\"}"}]}"#;

#[tokio::test]
async fn a_call_without_differences_passes() {
    let not_found: Value = serde_json::from_str(NOT_FOUND).unwrap();
    let scenarios = scenarios(&[
        (
            "output",
            json!({"expect": {
                "output": {"inputTokens": 42},
                "connections": 1,
                "worked_on": 1,
                "not_sent": ["AMBIENT"],
                "request": {
                    "method": "POST",
                    "target": ["/other", "/model/amazon.nova-lite-v1%3A0/count-tokens"],
                    "host": "127.0.0.1:{port}",
                    "headers": {"content-type": {"contains": "json"}, "x-other": null, "host": {"$any": true}},
                    "body": {"$json": {"input": {"converse": {}}}},
                    "auth": "bearer",
                },
            }}),
        ),
        (
            "error",
            json!({"server": not_found, "expect": {
                "error": {"class": ["service", "response"], "message": {"contains": "No such"}, "status": 404,
                          "request_id": "not reported by this client"},
            }}),
        ),
        (
            "either",
            json!({"server": not_found, "expect": {
                "either": [{"output": {"inputTokens": 42}}, {"error": {"status": 404}}],
            }}),
        ),
        (
            "proxy",
            json!({"settings": {"bearer_token": "token", "proxy": "tunnel"}, "expect": {
                "proxy": {"requests": 1, "connect": [], "authorization": false},
                "request": {"target": "/model/amazon.nova-lite-v1%3A0/count-tokens", "auth": "bearer"},
            }}),
        ),
        (
            "refused",
            json!({"settings": {"bearer_token": "token", "proxy": "refuse"}, "expect": {
                "attempts": 0, "error": {"status": 502},
            }}),
        ),
        (
            "cancelled",
            json!({"cancel": {"after_ms": 1}, "server": {"rules": [{"delay_ms": 60_000}]}, "expect": {
                "cancelled": true,
            }}),
        ),
    ]);
    let report = run(&scenarios, &options(adapter().await)).await.unwrap();
    assert_eq!(report::failures(&report), "");
    assert!(report.is_success());
    // The scenario `error` expects a request id, and this client does not report request ids.
    let unreported = report.results.iter().filter(|result| !result.unreported.is_empty());
    let unreported: Vec<_> =
        unreported.map(|result| (result.scenario.id.as_str(), result.unreported.join(","))).collect();
    assert_eq!(unreported, [("signing/test/error", "error.request_id".to_owned())]);
}

#[tokio::test]
async fn each_difference_is_stated() {
    let check = |expect: Value| json!({ "expect": expect });
    let checks = [
        (check(json!({"attempts": 2})), "requests: expected 2, found 1"),
        (check(json!({"attempts": {"min": 2, "max": 3}})), "requests: expected 2 to 3, found 1"),
        (
            check(json!({"attempts": 1, "requests": [{"auth": "bearer"}, {"auth": "bearer"}]})),
            "requests: expected 2, found 1",
        ),
        (check(json!({"delays_ms": [{"min": 1}]})), "delay before request 2: there is no such request"),
        (
            check(json!({"credentials_requests": 1})),
            "requests to the server for container credentials: expected 1, found 0",
        ),
        (check(json!({"worked_on": 0})), "calls that the server worked on: expected at most 0, found 1"),
        (check(json!({"connections": 0})), "connections: expected 0, found 1"),
        (check(json!({"frames_sent": 1})), "frames that the server sent: expected 1, found 0"),
        (check(json!({"output": {"inputTokens": 41}})), "output.inputTokens: expected 41, found 42"),
        (check(json!({"error": {}})), "expected an error, found success"),
        (check(json!({"not_sent": ["count-tokens"]})), "request 1: must not contain `count-tokens`"),
        (check(json!({"not_sent": ["Bearer t"]})), "request 1: must not contain `Bearer t`"),
        (
            check(json!({"request": {"method": "GET", "auth": "any"}})),
            "request 1, method: expected GET, found `POST`",
        ),
        (
            check(json!({"request": {"target": ["/a", "/b"], "auth": "any"}})),
            "request 1, target: expected `/a` or `/b`, found `/model/amazon.nova-lite-v1%3A0/count-tokens`",
        ),
        (
            check(
                json!({"request": {"headers": {"content-type": null, "x-a": {"$any": true}}, "auth": "any"}}),
            ),
            "request 1, content-type: expected no header, found `application/json`\nrequest 1, x-a: expected a text, \
             found `no header`",
        ),
        (
            check(json!({"request": {"body": {"$json": {"input": {}}}, "auth": "any"}})),
            "request 1, body.input.converse: expected no value, found {}",
        ),
        (
            check(json!({"request": {"auth": "sigv4"}})),
            "request 1, signature: expected valid, found `bearer`",
        ),
        (
            check(json!({"request": {"access_key_id": "A", "signed_headers": ["host"], "auth": "any"}})),
            "request 1, access key id: expected A, found `none`\nrequest 1, signed headers: expected host, found ``",
        ),
        (
            json!({"server": serde_json::from_str::<Value>(NOT_FOUND).unwrap()}),
            "expected success, found an error of class `service`: Tiny: No such model",
        ),
        (
            json!({"server": serde_json::from_str::<Value>(NOT_FOUND).unwrap(), "expect": {
                "error": {"code": "A", "status": 400, "class": "stream", "message": "B"},
            }}),
            "error.class: expected `stream`, found an error of class `service`: Tiny: No such model\nerror.code: \
             expected `A`, found none\nerror.message: expected `B`, found `No such model`\nerror.status: expected \
             400, found 404",
        ),
        (
            json!({"expect": {"cancelled": true}}),
            "the call was not cancelled: success\nrequest 1: the response was sent completely",
        ),
        (
            json!({"expect": {"proxy": {"requests": 1, "connect": ["a:443"], "authorization": true}}}),
            "requests to the proxy: expected 1, found 0\nCONNECT requests to the proxy: expected [\"a:443\"], found \
             []\nProxy-Authorization: expected, but missing",
        ),
    ];
    let ids: Vec<_> = (0..checks.len()).map(|number| format!("s{number}")).collect();
    let changes: Vec<_> =
        ids.iter().map(String::as_str).zip(checks.iter().map(|(change, _)| change.clone())).collect();
    let report = run(&scenarios(&changes), &options(adapter().await)).await.unwrap();
    for (id, (change, expected)) in ids.iter().zip(&checks) {
        assert_eq!(differences(&report, id).join("\n"), *expected, "{change}");
    }
}

#[tokio::test]
async fn each_request_needs_a_valid_signature_or_token() {
    let check = |mut expect: Value| {
        expect["error"] = json!({});
        // The server accepts another token than the client sends.
        let settings = json!({"bearer_token": "token", "known_bearer_token": "other"});
        json!({"settings": settings, "server": {"rules": [{"status": 404}]}, "expect": expect})
    };
    let rejected = "request 1, signature: expected valid, found `Authentication failed: Please make sure your API Key is \
                    valid.`";
    let checks = [
        (json!({}), rejected),
        (json!({"request": {"method": "POST"}}), rejected),
        (json!({"requests": [{"method": "POST"}]}), rejected),
        (json!({"request": {"auth": "any"}}), ""),
        (json!({"either": [{"worked_on": 0}, {"worked_on": 1}]}), rejected),
        (
            json!({"either": [{"request": {"method": "GET", "auth": "any"}}, {"request": {"auth": "any"}}]}),
            "",
        ),
        // An alternative without requests expects a valid signature, because another alternative has requests.
        (json!({"either": [{"request": {"method": "GET", "auth": "any"}, "connections": 2}, {}]}), rejected),
    ];
    let ids: Vec<_> = (0..checks.len()).map(|number| format!("s{number}")).collect();
    let changes = ids.iter().zip(&checks).map(|(id, (expect, _))| (id.as_str(), check(expect.clone())));
    let report = run(&scenarios(&changes.collect::<Vec<_>>()), &options(adapter().await)).await.unwrap();
    for (id, (expect, expected)) in ids.iter().zip(&checks) {
        match *expected {
            "" => assert_eq!(*outcome(&report, id), Outcome::Passed, "{expect}"),
            expected => assert_eq!(differences(&report, id).join("\n"), expected, "{expect}"),
        }
    }
}

#[tokio::test]
async fn a_scenario_that_requires_another_one_is_unsupported_if_the_client_does_not_pass_it() {
    let scenarios = scenarios(&[
        ("a", json!({"requires": "failed"})),
        ("b", json!({"requires": "passed"})),
        ("failed", json!({"expect": {"attempts": 2}})),
        ("passed", json!({})),
    ]);
    let report = run(&scenarios, &options(adapter().await)).await.unwrap();
    let reason = "the scenario shows nothing, because the client did not pass `signing/test/failed`";
    assert_eq!(*outcome(&report, "a"), Outcome::Unsupported(reason.to_owned()));
    assert_eq!(*outcome(&report, "b"), Outcome::Passed);
    // Without a result of the other scenario, the result counts.
    let options = Options { patterns: vec!["signing/test/a".to_owned()], ..options(adapter().await) };
    assert_eq!(*outcome(&run(&scenarios, &options).await.unwrap(), "a"), Outcome::Passed);
}

#[tokio::test]
async fn a_client_that_reads_the_complete_stream_before_the_first_event_differs() {
    let frame = json!({"event": "messageStop", "payload": {"stopReason": "end_turn"}});
    let scenarios = scenarios(&[(
        "a",
        json!({
            "operation": "ConverseStream",
            "input": {"modelId": "amazon.nova-lite-v1:0"},
            "server": {"rules": [{"frames": [frame, frame]}]},
            "cancel": {"after_events": 1},
            "expect": {"cancelled": true, "frames_sent": 1},
        }),
    )]);
    let report = run(&scenarios, &options(adapter().await)).await.unwrap();
    let expected =
        ["frames that the server sent: expected 1, found 2", "request 1: the response was sent completely"];
    assert_eq!(differences(&report, "a"), expected);
}

#[tokio::test]
async fn the_time_of_a_call_starts_at_its_first_connection() {
    let server = json!({"rules": [{"status": 200, "body_json": {"inputTokens": 42}, "delay_ms": 300}]});
    let check = |took: Value| json!({"server": server, "expect": {"took_ms": took}});
    let through_proxy = json!({"settings": {"bearer_token": "token", "proxy": "refuse"}, "expect": {
        "attempts": 0, "error": {"status": 502}, "took_ms": {"max": 60_000},
    }});
    let scenarios = scenarios(&[
        ("within", check(json!({"min": 200, "max": 60_000}))),
        ("proxy", through_proxy),
        ("slow", check(json!({"max": 100}))),
        ("fast", check(json!({"min": 60_000}))),
    ]);
    let report = run(&scenarios, &options(adapter().await)).await.unwrap();
    assert_eq!(*outcome(&report, "within"), Outcome::Passed);
    assert_eq!(*outcome(&report, "proxy"), Outcome::Passed);
    for (id, expected) in [("slow", "0 to 100"), ("fast", "60000 or more")] {
        let prefix = format!("time from the first connection to the result: expected {expected} ms, found ");
        let [difference] = differences(&report, id) else { panic!() };
        assert!(difference.starts_with(&prefix), "{difference}");
    }
}

#[tokio::test]
async fn a_baseline_lists_differences_that_do_not_fail_the_run() {
    let wrong = json!({"expect": {"attempts": 2}});
    let slow = json!({"settings": {"bearer_token": "token", "timeouts_ms": {"read": 1}}});
    let scenarios = scenarios(&[("a", json!({})), ("b", wrong.clone()), ("c", slow), ("d", wrong)]);
    let baseline: Baseline = serde_json::from_value(json!({"client": "tiny", "differences": [
        {"scenario": "signing/*/a", "reason": "A reason"},
        {"scenario": "signing/test/b", "reason": "A reason", "link": "https://example.com"},
        {"scenario": "signing/other/*", "reason": "A reason"},
        {"scenario": "streams/*", "reason": "A reason"},
        {"scenario": "nosuch/*", "reason": "A reason"},
        {"scenario": "signing/*/b", "reason": "A reason"},
    ]}))
    .unwrap();
    let options = Options { baseline, ..options(adapter().await) };
    let report = run(&scenarios, &options).await.unwrap();
    let outcomes = ["a", "b", "c", "d"].map(|id| outcome(&report, id).as_str());
    assert_eq!(outcomes, ["fixed", "known", "unsupported", "failed"]);
    assert_eq!(report.unused_baseline, ["signing/other/*", "nosuch/*"]);
    assert_eq!(report.shadowed_baseline, ["signing/*/b"]);
    assert!(!report.is_success());
    let baseline = Baseline { client: "other".to_owned(), ..options.baseline.clone() };
    let error =
        run(&scenarios, &Options { adapter: adapter().await, baseline, ..options }).await.unwrap_err();
    assert_eq!(error.to_string(), "the baseline is for the client `other`, but the adapter is for `tiny`");
}
