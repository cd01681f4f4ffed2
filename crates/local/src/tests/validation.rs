//! Tests of the constraints of the Smithy model and the rules of the API reference.

use invoke_model_types::{PerformanceConfigLatency, ServiceTierType};

use super::guardrails::guarded_endpoint;
use super::*;

/// Checks that a modified request fails with a message that contains `expected`, or succeeds if `expected` is
/// `None`.
fn check(change: impl FnOnce(&mut InvokeModelInput), expected: Option<&str>) {
    let mut input = input(TITAN, BODY);
    change(&mut input);
    let request = sign(request(input));
    match expected {
        Some(expected) => {
            check_contains(&check_error(&guarded_endpoint(), request, 400, "ValidationException"), expected)
        }
        None => assert_eq!(send(&guarded_endpoint(), request).status(), 200),
    }
}

fn text(value: &str) -> Option<String> {
    Some(value.to_owned())
}

#[test]
fn constraints_of_the_smithy_model_are_checked() {
    check(|i| i.trace = Some("SOME".into()), Some("1 validation error detected: Value at 'trace'"));
    check(|i| i.performance_config_latency = Some("slow".into()), Some("'performanceConfigLatency'"));
    check(|i| i.service_tier = Some("gold".into()), Some("'serviceTier'"));
    check(|i| i.guardrail_version = text("0"), Some("'guardrailVersion'"));
    check(|i| i.guardrail_identifier = text("A"), Some("'guardrailIdentifier'"));
    check(|i| i.request_metadata = Some("m".repeat(8_501)), Some("less than or equal to 8500"));
    check(|i| i.model_id = "m".repeat(2_049), Some("less than or equal to 2048"));
    check(
        |i| (i.trace, i.service_tier) = (Some("SOME".into()), Some("gold".into())),
        Some("2 validation errors detected: "),
    );
}

#[test]
fn the_length_of_a_body_is_limited() {
    let of_length = |length: usize| {
        let mut body = BODY.as_bytes().to_vec();
        body.resize(length, b' ');
        move |input: &mut InvokeModelInput| input.body = Some(body.into())
    };
    check(of_length(25_000_000), None);
    check(
        of_length(25_000_001),
        Some("'body' failed to satisfy constraint: Member must have length less than"),
    );
    check(of_length(25_000_002), Some("less than or equal to 25000000"));
}

#[test]
fn only_json_is_accepted_as_content_type() {
    check(|i| i.content_type = text("application/json"), None);
    check(|i| i.content_type = text("Application/JSON; charset=utf-8"), None);
    check(|i| i.content_type = text("text/plain"), Some("The provided Content Type is invalid"));
    check(|i| i.content_type = text("application/json5"), Some("The provided Content Type is invalid"));
    check(|i| i.content_type = text("application/octet-stream"), Some("it must be application/json"));

    // boto3 sends no content type.
    let mut request = request(input(TITAN, BODY));
    request.headers_mut().remove("content-type");
    assert_eq!(send(&endpoint(), sign(request)).status(), 200);
}

#[test]
fn accept_must_include_json_or_images() {
    for accept in ["*/*", "application/json", "text/html, application/json;q=0.9", "image/png"] {
        check(|i| i.accept = text(accept), None);
    }
    check(|i| i.accept = text("text/html"), Some("The provided Accept Type is invalid"));
}

#[test]
fn the_body_must_be_json() {
    for body in ["", "{", "hello", "{} {}", "{'inputText':'a'}"] {
        check(|i| i.body = Some(Bytes::copy_from_slice(body.as_bytes())), Some("the body is not JSON"));
    }
    check(|i| i.body = Some(Bytes::from_static(b"\"\xff\"")), Some("the body is not JSON"));
    check(|i| (i.body, i.content_type) = (None, text("application/json")), Some("the body is not JSON"));
}

#[test]
fn guardrails_require_an_identifier_a_version_and_json() {
    let with = |identifier: &'static str, version: &'static str| {
        move |i: &mut InvokeModelInput| {
            i.guardrail_identifier = text(identifier).filter(|text| text != "-");
            i.guardrail_version = text(version).filter(|text| text != "-");
        }
    };
    check(with("abc", "1"), None);
    check(with("abc", "DRAFT"), Some("The guardrail identifier or version provided"));
    check(with("", ""), None);
    check(with("-", "1"), None);
    check(with("abc", "-"), Some("no guardrailVersion"));
    check(with("abc", ""), Some("no guardrailVersion"));

    const CONFIG: &str = r#"{"inputText":"a","amazon-bedrock-guardrailConfig":{"tagSuffix":"x"}}"#;
    let config = |identifier, version| {
        move |i: &mut InvokeModelInput| {
            with(identifier, version)(i);
            i.body = Some(CONFIG.into());
        }
    };
    check(config("abc", "1"), None);
    check(config("-", "-"), Some("amazon-bedrock-guardrailConfig"));
    check(config("", ""), Some("amazon-bedrock-guardrailConfig"));
    check(
        |i| {
            with("abc", "1")(i);
            i.content_type = text("text/plain");
        },
        Some("The guardrail can be applied only when the Content-Type is application/json"),
    );
}

#[test]
fn latency_and_tier_are_returned() {
    let mut input = input(TITAN, BODY);
    input.performance_config_latency = Some(PerformanceConfigLatency::OPTIMIZED);
    input.service_tier = Some(ServiceTierType::FLEX);
    let output = InvokeModel::parse(&send(&endpoint(), sign(request(input)))).unwrap();
    assert_eq!(output.performance_config_latency, Some(PerformanceConfigLatency::OPTIMIZED));
    assert_eq!(output.service_tier, Some(ServiceTierType::FLEX));
}
