//! Tests of keys, models, budgets, failover and metrics.

use invoke_model_client::types::{
    AccessDeniedException, ContentBlock, ConverseOutput, ConverseOutputShape, InternalServerException,
    ServiceUnavailableException, ThrottlingException,
};
use invoke_model_client::{Client, Error, ErrorKind, Method};
use invoke_model_local::{Fault, LocalEndpoint};
use serde_json::json;

use crate::platform::{MODEL, Platform, SEARCH, SLOW, TRIAL, converse};

fn text(output: &ConverseOutput) -> &str {
    match &output.output {
        ConverseOutputShape::Message(message) => match &message.content[..] {
            [ContentBlock::Text(text)] => text,
            other => panic!("{other:?}"),
        },
        other => panic!("{other:?}"),
    }
}

#[track_caller]
fn check<E: Into<Error>>(error: E, status: u16, code: &str, message: &str) {
    let error = error.into();
    assert_eq!(
        (error.status().map(|status| status.as_u16()), error.code()),
        (Some(status), Some(code)),
        "{error}"
    );
    assert!(error.to_string().contains(message), "{error}");
}

/// Sends a body to `Converse` that the client does not check.
async fn send(client: &Client, path: &str, body: serde_json::Value) -> Error {
    client.request(Method::POST, path).json(&body).send().await.unwrap_err().into()
}

#[tokio::test(flavor = "multi_thread")]
async fn refused_calls_reach_no_region() {
    let Some(platform) = Platform::start("refused_calls_reach_no_region").await else { return };
    let error = converse(&platform.client("key-of-nobody"), "hi").send().await.unwrap_err();
    check(error, 403, "UnrecognizedClientException", "not an API key");

    let client = platform.client(SEARCH);
    let error = converse(&client, "hi").model_id("us.amazon.nova-pro-v1:0").send().await.unwrap_err();
    check(
        error,
        403,
        "AccessDeniedException",
        "the tenant `search` may not use the model `us.amazon.nova-pro-v1:0`",
    );
    let body = json!({"messages": [], "guardrails": {}});
    let error = send(&client, &format!("/model/{MODEL}/converse"), body).await;
    check(error, 400, "ValidationException", "`guardrails` is not a member");
    let error = send(&client, &format!("/model/{MODEL}/converse"), json!([])).await;
    check(error, 400, "ValidationException", "");
    let error = send(&client, "/model/a/b/converse", json!({})).await;
    check(error, 404, "UnknownOperationException", "");
    let error = converse(&platform.client(TRIAL), "hi").send().await.unwrap_err();
    check(
        error,
        429,
        "ServiceQuotaExceededException",
        "the budget of the key `tenant=trial` is 0.000001 USD per month",
    );

    assert_eq!(platform.calls().len(), 0);
    // The budget of one tenant does not affect another tenant.
    let output = converse(&client, "hello").send().await.unwrap();
    assert!(text(&output).contains("hello"), "{output:?}");
    let log = platform.into_log();
    assert!(log.contains("call failed") && !log.contains("key-of"), "{log}");
}

#[tokio::test(flavor = "multi_thread")]
async fn calls_move_to_the_second_region() {
    let Some(platform) = Platform::start("calls_move_to_the_second_region").await else { return };
    let client = platform.client(SEARCH);
    platform.virginia.inject(Fault::error(ThrottlingException::default()));
    let output = converse(&client, "hello").send().await.unwrap();
    assert!(text(&output).contains("hello"), "{output:?}");
    let regions =
        platform.calls().into_iter().map(|call| (call.signing_region.unwrap(), call.status, call.worked_on));
    let expected = [("us-east-1".to_owned(), 429, false), ("us-west-2".to_owned(), 200, true)];
    assert_eq!(regions.collect::<Vec<_>>(), expected);
    let body: serde_json::Value = serde_json::from_slice(&platform.oregon.calls()[0].body).unwrap();
    assert_eq!(
        body["requestMetadata"],
        json!({"tenant": "search"}),
        "the logs of the service contain the tenant"
    );

    // All targets fail.
    platform.oregon.inject(Fault::error(ServiceUnavailableException::default()).first(3));
    let error = converse(&client, "hello").send().await.unwrap_err();
    check(error, 503, "ServiceUnavailableException", "");
    // After a server error, the first region may have done a part of the work.
    platform.virginia.clear_faults();
    platform.virginia.inject(Fault::error(InternalServerException::default()));
    let calls = platform.oregon.calls().len();
    let error = converse(&client, "hello").send().await.unwrap_err();
    check(error, 500, "InternalServerException", "");
    assert_eq!(platform.oregon.calls().len(), calls);
}

#[tokio::test(flavor = "multi_thread")]
async fn no_region_is_available() {
    let Some(mut platform) = Platform::start("no_region_is_available").await else { return };
    for region in [&mut platform.virginia, &mut platform.oregon] {
        std::mem::replace(region, LocalEndpoint::start().await.unwrap()).close().await;
    }
    let error = converse(&platform.client(SEARCH), "hello").send().await.unwrap_err();
    check(error, 503, "ServiceUnavailableException", "no target is available");
}

#[tokio::test(flavor = "multi_thread")]
async fn errors_of_the_service_reach_the_caller() {
    let Some(platform) = Platform::start("errors_of_the_service_reach_the_caller").await else { return };
    let client = platform.client(SEARCH);
    let messages = json!({"messages": [{"role": "assistant", "content": [{"text": "hi"}]}]});
    let error = send(&client, &format!("/model/{MODEL}/converse"), messages).await;
    check(error, 400, "ValidationException", "");
    let rejected = platform.virginia.calls();
    assert_eq!((rejected.len(), rejected[0].status, platform.oregon.calls().len()), (1, 400, 0));

    // The credentials of the gateway are not those of the caller.
    platform.virginia.inject(Fault::error(AccessDeniedException::default()).first(1));
    let error = converse(&client, "hi").send().await.unwrap_err();
    check(error, 503, "ServiceUnavailableException", "the gateway has no access to the model");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_metrics_have_the_tokens_of_each_tenant() {
    let Some(platform) = Platform::start("the_metrics_have_the_tokens_of_each_tenant").await else { return };
    let client = platform.client(SEARCH);
    let (_, metadata) = converse(&client, "one two three").send_with_metadata().await.unwrap();
    let output_tokens = metadata.usage.output_tokens.unwrap();
    assert!(converse(&platform.client(TRIAL), "hi").send().await.is_err());
    let metrics = client.request(Method::GET, "/metrics").send().await.unwrap();
    let metrics = String::from_utf8(metrics.into_body().into()).unwrap();
    let value = |name: &str, labels: &[&str]| {
        let is_series = |line: &&str| {
            line.starts_with(&format!("{name}{{")) && labels.iter().all(|label| line.contains(label))
        };
        let mut series = metrics.lines().filter(is_series);
        let line = series.next().unwrap_or_else(|| panic!("{name} {labels:?} is missing in\n{metrics}"));
        line.rsplit(' ').next().unwrap().to_owned()
    };
    let tenant = |name: &str| format!("invoke_model_tag_tenant=\"{name}\"");
    let labels = [
        &*tenant("search"),
        "gen_ai_token_type=\"output\"",
        "gen_ai_request_model=\"us.amazon.nova-lite-v1:0\"",
    ];
    assert_eq!(value("gen_ai_client_token_usage_sum", &labels), output_tokens.to_string());
    assert_eq!(
        value("gen_ai_client_operation_duration_seconds_count", &[&tenant("trial"), "error_type"]),
        "1"
    );
    assert_eq!(value("invoke_model_client_attempts_total", &[&tenant("search"), "us-east-1"]), "1");
    let port = format!("server_port=\"{}\"", platform.virginia.url().rsplit(':').next().unwrap());
    for (state, connections) in [("active", "0"), ("idle", "1")] {
        let state = format!("http_connection_state=\"{state}\"");
        assert_eq!(value("http_client_open_connections", &[&port, &state]), connections);
    }
    assert_eq!(client.request(Method::GET, "/health").send().await.unwrap().into_body(), "ok\n");
}

/// The second call waits for ten seconds.
#[tokio::test]
async fn a_call_over_a_limit_of_its_tenant_may_be_retried_later() {
    let name = "a_call_over_a_limit_of_its_tenant_may_be_retried_later";
    let Some(platform) = Platform::start(name).await else { return };
    let client = platform.client(SLOW);
    converse(&client, "hi").send().await.unwrap();
    let error = converse(&client, "hi").send().await.unwrap_err();
    let ErrorKind::Service { response, .. } = error.kind() else { panic!("{error}") };
    assert_eq!(response.headers()["retry-after"], "10");
    check(error, 429, "ThrottlingException", "because of requests_per_minute of the key `tenant=slow`");
    assert_eq!(platform.calls().len(), 1);
}

#[test]
fn the_program_has_less_than_250_lines_of_code() {
    let files = ["failure", "gateway", "main", "settings"];
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/src");
    assert_eq!(std::fs::read_dir(folder).unwrap().count(), files.len());
    let texts = files.map(|file| std::fs::read_to_string(format!("{folder}/{file}.rs")).unwrap());
    let is_code = |line: &&str| !line.trim().is_empty() && !line.trim().starts_with("//");
    let lines: usize = texts.iter().map(|text| text.lines().filter(is_code).count()).sum();
    assert!(lines < 250, "{lines} lines");
}
