//! Tests of the requests, signatures, responses and errors of `InvokeModel`.

use std::time::{Duration, SystemTime};

use bytes::Bytes;
use invoke_model_signing::{Credentials, PayloadHash, Signer};
use invoke_model_types::{
    ErrorMetadata, InvokeModel, InvokeModelError, InvokeModelInput, Operation, OperationError,
    PerformanceConfigLatency, ServiceTierType, Trace,
};

#[test]
fn serializes_an_input_with_every_member() {
    insta::assert_snapshot!(request_text(everything()));
}

#[test]
fn serializes_an_input_without_optional_members() {
    insta::assert_snapshot!(request_text(InvokeModelInput::new("anthropic.claude-3-haiku-20240307-v1:0")));
}

#[test]
fn keeps_the_content_type_of_the_caller() {
    let mut input = InvokeModelInput::new("m");
    input.body = Some(Bytes::from_static(b"x"));
    input.content_type = Some("text/plain".to_owned());
    assert!(request_text(input).contains("content-type: text/plain\n"));
}

#[test]
fn signs_the_request() {
    let arn = "arn:aws:bedrock:us-east-1:123456789012:inference-profile/us.amazon.nova-lite-v1:0";
    let mut input = everything();
    input.model_id = arn.to_owned();
    let (mut parts, body) = InvokeModel::serialize(input).unwrap().into_parts();
    parts.uri = format!("https://bedrock-runtime.us-east-1.amazonaws.com{}", parts.uri).parse().unwrap();
    let credentials = Credentials::new("AKIDEXAMPLE", "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY", None);
    let now = SystemTime::UNIX_EPOCH + Duration::from_secs(1_440_938_160);
    let signer = Signer::new("us-east-1", "bedrock");
    let signed = signer.sign(&mut parts, &credentials, &PayloadHash::of(&body), now).unwrap();
    assert!(signed.canonical_request().as_str().contains(r#"{"tenant":"a"}"#));
    // `Display` redacts the request metadata, because the metadata is sensitive.
    insta::assert_snapshot!("canonical_request", signed.canonical_request());
    insta::assert_snapshot!("string_to_sign", signed.string_to_sign());
}

#[test]
fn parses_and_displays_every_error() {
    let mut shown = String::new();
    for (status, code, body) in [
        (403, "AccessDeniedException", r#"{"message":"no access"}"#),
        (500, "InternalServerException", r#"{"message":"try again"}"#),
        (424, "ModelErrorException", r#"{"message":"failed","originalStatusCode":418,"resourceName":"m"}"#),
        (429, "ModelNotReadyException", r#"{"message":"warming up"}"#),
        (408, "ModelTimeoutException", r#"{"message":"too slow"}"#),
        (404, "ResourceNotFoundException", r#"{"message":"no such model"}"#),
        (400, "ServiceQuotaExceededException", r#"{"message":"quota"}"#),
        (503, "ServiceUnavailableException", r#"{"message":"later"}"#),
        (429, "ThrottlingException:http://internal.amazon.com/", r#"{"message":"slower"}"#),
        (400, "com.amazonaws.bedrockruntime#ValidationException", r#"{"Message":"malformed"}"#),
        (400, "SomethingNewException", r#"{"message":"who knows"}"#),
        (403, "", r#"{"message":"by status"}"#),
        (429, "", r#"{"message":"two errors have this status"}"#),
        (502, "", "<html>Bad Gateway</html>"),
        (503, "", ""),
    ] {
        let error = parse_error(status, code, body);
        shown.push_str(&format!("{status} {code} {body}\n  {error}\n  {error:?}\n"));
        shown.push_str(&format!("  fault {:?}, retryable {:?}\n", error.fault(), error.retryable()));
    }
    insta::assert_snapshot!(shown);
}

#[test]
fn a_response_without_headers_is_parsed() {
    let output = InvokeModel::parse(&http::Response::new(Bytes::from_static(b"{}"))).unwrap();
    assert_eq!((output.content_type.as_str(), &output.body[..]), ("", &b"{}"[..]));
}

#[test]
fn debug_redacts_sensitive_members() {
    let shown = format!("{:?}", everything());
    assert!(!shown.contains("secret") && !shown.contains("tenant"), "{shown}");
    assert!(shown.contains("** redacted **"), "{shown}");
}

#[test]
fn public_types_round_trip_through_serde() {
    let json = serde_json::to_string(&everything()).unwrap();
    assert_eq!(serde_json::from_str::<InvokeModelInput>(&json).unwrap(), everything());
    insta::assert_snapshot!(json);
}

fn everything() -> InvokeModelInput {
    let mut input = InvokeModelInput::new("amazon.titan-embed-text-v2:0");
    input.body = Some(Bytes::from_static(br#"{"inputText":"secret"}"#));
    input.content_type = Some("application/json".to_owned());
    input.accept = Some("*/*".to_owned());
    input.trace = Some(Trace::ENABLED_FULL);
    input.guardrail_identifier = Some("gr123".to_owned());
    input.guardrail_version = Some("DRAFT".to_owned());
    input.performance_config_latency = Some(PerformanceConfigLatency::OPTIMIZED);
    input.service_tier = Some(ServiceTierType::from("brand-new"));
    input.request_metadata = Some(r#"{"tenant":"a"}"#.to_owned());
    input
}

fn request_text(input: InvokeModelInput) -> String {
    let request = InvokeModel::serialize(input).unwrap();
    let mut text = format!("{} {}\n", request.method(), request.uri());
    let mut fields: Vec<_> = request.headers().iter().collect();
    fields.sort_by_key(|(name, _)| name.as_str());
    for (name, value) in fields {
        text.push_str(&format!("{name}: {}\n", value.to_str().unwrap()));
    }
    text + "\n" + std::str::from_utf8(request.body()).unwrap()
}

fn parse_error(status: u16, code: &str, body: &'static str) -> InvokeModelError {
    let mut response = http::Response::builder().status(status).header("x-amzn-requestid", "id-1");
    if !code.is_empty() {
        response = response.header("x-amzn-errortype", code);
    }
    let response = response.body(Bytes::from_static(body.as_bytes())).unwrap();
    InvokeModel::parse_error(ErrorMetadata::from_response(&response), &response).unwrap()
}
