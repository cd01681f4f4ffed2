//! Tests of injected errors, denied access, unknown models and unknown operations.

use http::StatusCode;
use invoke_model_types::{ModelErrorException, ThrottlingException};
use serde_json::json;

use super::*;
use crate::{AccessPolicy, ERROR_MODEL_ID};

#[test]
fn the_error_model_returns_each_error() {
    for (code, status) in [
        ("AccessDeniedException", 403),
        ("InternalServerException", 500),
        ("ModelErrorException", 424),
        ("ModelNotReadyException", 429),
        ("ModelStreamErrorException", 424),
        ("ModelTimeoutException", 408),
        ("ResourceNotFoundException", 404),
        ("ServiceQuotaExceededException", 400),
        ("ServiceUnavailableException", 503),
        ("ThrottlingException", 429),
        ("ValidationException", 400),
    ] {
        let body = json!({"error": code, "message": format!("message of {code}")}).to_string();
        let message = check_error(&endpoint(), sign(request(input(ERROR_MODEL_ID, &body))), status, code);
        assert_eq!(message, format!("message of {code}"));
    }
}

#[test]
fn the_error_model_sets_the_members_of_an_error() {
    let body = r#"{"error":"ModelErrorException","originalStatusCode":503,"resourceName":"m"}"#;
    let response = send(&endpoint(), sign(request(input(ERROR_MODEL_ID, body))));
    let metadata = ErrorMetadata::from_response(&response);
    let mut expected = ModelErrorException::default();
    expected.original_status_code = Some(503);
    expected.resource_name = Some("m".to_owned());
    assert_eq!(InvokeModel::parse_error(metadata, &response).unwrap(), expected.into());
}

#[test]
fn the_error_model_rejects_unknown_errors() {
    for body in ["{}", "[]", "null", r#"{"error":"NoSuchException"}"#, r#"{"error":1}"#] {
        let message =
            check_error(&endpoint(), sign(request(input(ERROR_MODEL_ID, body))), 400, "ValidationException");
        check_contains(&message, "`error` must be AccessDeniedException, ");
    }
    let body = r#"{"error":"ThrottlingException","message":1}"#;
    let message =
        check_error(&endpoint(), sign(request(input(ERROR_MODEL_ID, body))), 400, "ValidationException");
    check_contains(&message, "invalid type");
}

#[test]
fn queued_errors_are_returned_to_the_next_authenticated_calls() {
    let endpoint = endpoint();
    let mut throttled = ThrottlingException::default();
    throttled.message = Some("Too many requests".to_owned());
    endpoint.next_errors.push(throttled.into());
    let unmodeled = Response::builder().status(418).header("x-amzn-errortype", "TeapotException:http://x");
    let unmodeled = unmodeled.body(Bytes::from_static(br#"{"message":"short and stout"}"#)).unwrap();
    endpoint.next_errors.push(ErrorMetadata::from_response(&unmodeled).into());

    let call = || request(input(TITAN, BODY));
    check_error(&endpoint, call(), 403, "MissingAuthenticationTokenException");
    assert_eq!(check_error(&endpoint, sign(call()), 429, "ThrottlingException"), "Too many requests");
    assert_eq!(check_error(&endpoint, sign(call()), 418, "TeapotException"), "short and stout");
    assert_eq!(send(&endpoint, sign(call())).status(), StatusCode::OK);
    let ids: Vec<_> = endpoint.log.calls().into_iter().map(|call| call.request_id).collect();
    assert_eq!(ids.len(), 4);
    assert!(ids.windows(2).all(|pair| pair[0] < pair[1]), "{ids:?}");
}

#[test]
fn the_policy_denies_a_model() {
    let policy = AccessPolicy::allow_all().deny("arn:aws:bedrock:*::foundation-model/amazon.titan-embed*");
    let endpoint = builder().policy(policy).build_state();
    let signer = Signer::new("eu-west-1", "bedrock");
    let request = sign_as(request(input(TITAN, BODY)), &credentials(), &signer, now());
    assert_eq!(
        check_error(&endpoint, request, 403, "AccessDeniedException"),
        "User: arn:aws:iam::123456789012:user/local is not authorized to perform: bedrock:InvokeModel on resource: \
         arn:aws:bedrock:eu-west-1::foundation-model/amazon.titan-embed-text-v2:0 with an explicit deny in an \
         identity-based policy"
    );
    let other = sign(super::request(input(
        "cohere.embed-english-v3",
        r#"{"texts":["a"],"input_type":"search_query"}"#,
    )));
    assert_eq!(send(&endpoint, other).status(), 200);
}

#[test]
fn rejects_an_unknown_model() {
    let request = sign(request(input("amazon.no-such-model-v1:0", BODY)));
    let message = check_error(&endpoint(), request, 400, "ValidationException");
    check_contains(&message, "The provided model identifier is invalid.");
    check_contains(&message, "The local endpoint does not have this model.");
    for id in ["amazon.titan-text-express-v1", "deepseek.r1-v1:0", "openai.gpt-oss-120b-1:0"] {
        check_contains(&message, id);
    }
    assert_eq!(message.matches("anthropic.claude-").count(), 2, "{message}");
}

#[test]
fn rejects_a_body_that_is_invalid_for_the_model() {
    let request = sign(request(input(TITAN, "{}")));
    check_contains(&check_error(&endpoint(), request, 400, "ValidationException"), "inputText");
}

#[test]
fn rejects_unknown_operations() {
    for (method, target) in [
        ("POST", "/model/a/chat"),
        ("GET", "/model/a/invoke"),
        ("GET", "/model/a/invoke-with-response-stream"),
        ("POST", "/model//invoke"),
        ("POST", "/model/a/b/invoke"),
        ("GET", "/"),
        ("OPTIONS", "*"),
    ] {
        let request = Request::builder().method(method).uri(target).body(Bytes::new()).unwrap();
        let endpoint = endpoint();
        let message = check_error(&endpoint, request, 404, "UnknownOperationException");
        check_contains(
            &message,
            " is not supported: the local endpoint has only InvokeModel (POST /model/{modelId}/invoke), ",
        );
        assert_eq!(endpoint.log.calls()[0].model_id, None);
    }
}

#[test]
fn an_arn_of_another_partition_is_rejected() {
    let arn =
        |partition: &str, region: &str| format!("arn:{partition}:bedrock:{region}::foundation-model/{TITAN}");
    for id in [arn("aws-cn", "us-east-1"), arn("aws-us-gov", "us-east-1"), arn("aws", "eu-west-1")] {
        let request = sign(request(input(&id, BODY)));
        let message = check_error(&endpoint(), request, 400, "ValidationException");
        assert_eq!(message, "The provided model identifier is invalid.");
    }
    let own = sign(request(input(&arn("aws", "us-east-1"), BODY)));
    assert_eq!(send(&endpoint(), own).status(), 200);
}
