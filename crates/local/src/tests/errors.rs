//! Errors asked for, access denied, and models that are not there.

use http::StatusCode;
use invoke_model_types::{ModelErrorException, ThrottlingException};
use serde_json::json;

use super::*;
use crate::{ERROR_MODEL_ID, Policy};

#[test]
fn each_error_can_be_asked_for() {
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
        let body = json!({"error": code, "message": format!("words of {code}")}).to_string();
        let message = refused(&endpoint(), sign(request(input(ERROR_MODEL_ID, &body))), status, code);
        assert_eq!(message, format!("words of {code}"));
    }
}

#[test]
fn an_error_has_its_other_members() {
    let body = r#"{"error":"ModelErrorException","originalStatusCode":503,"resourceName":"m"}"#;
    let response = send(&endpoint(), sign(request(input(ERROR_MODEL_ID, body))));
    let metadata = ErrorMetadata::from_response(&response);
    let mut expected = ModelErrorException::default();
    expected.original_status_code = Some(503);
    expected.resource_name = Some("m".to_owned());
    assert_eq!(InvokeModel::parse_error(metadata, &response).unwrap(), expected.into());
}

#[test]
fn an_error_that_there_is_not_cannot_be_asked_for() {
    for body in ["{}", "[]", "null", r#"{"error":"NoSuchException"}"#, r#"{"error":1}"#] {
        let message =
            refused(&endpoint(), sign(request(input(ERROR_MODEL_ID, body))), 400, "ValidationException");
        check_says(&message, "`error` must be AccessDeniedException, ");
    }
    let body = r#"{"error":"ThrottlingException","message":1}"#;
    let message =
        refused(&endpoint(), sign(request(input(ERROR_MODEL_ID, body))), 400, "ValidationException");
    check_says(&message, "invalid type");
}

#[test]
fn raised_errors_answer_the_next_calls_that_authenticate() {
    let endpoint = endpoint();
    let mut throttled = ThrottlingException::default();
    throttled.message = Some("Too many requests".to_owned());
    endpoint.raise.push(throttled.into());
    let foreign = Response::builder().status(418).header("x-amzn-errortype", "TeapotException:http://x");
    let foreign = foreign.body(Bytes::from_static(br#"{"message":"short and stout"}"#)).unwrap();
    endpoint.raise.push(ErrorMetadata::from_response(&foreign).into());

    let call = || request(input(TITAN, BODY));
    refused(&endpoint, call(), 403, "MissingAuthenticationTokenException");
    assert_eq!(refused(&endpoint, sign(call()), 429, "ThrottlingException"), "Too many requests");
    assert_eq!(refused(&endpoint, sign(call()), 418, "TeapotException"), "short and stout");
    assert_eq!(send(&endpoint, sign(call())).status(), StatusCode::OK);
    let ids: Vec<_> = endpoint.log.calls().into_iter().map(|call| call.request_id).collect();
    assert_eq!(ids.len(), 4);
    assert!(ids.windows(2).all(|pair| pair[0] < pair[1]), "{ids:?}");
}

#[test]
fn a_denied_model() {
    let policy = Policy::allow_all().deny("arn:aws:bedrock:*::foundation-model/amazon.titan-embed*");
    let endpoint = builder().policy(policy).endpoint();
    let signer = Signer::new("eu-west-1", "bedrock");
    let request = sign_as(request(input(TITAN, BODY)), &credentials(), &signer, now());
    assert_eq!(
        refused(&endpoint, request, 403, "AccessDeniedException"),
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
fn a_model_that_there_is_not() {
    let request = sign(request(input("amazon.no-such-model-v1:0", BODY)));
    let message = refused(&endpoint(), request, 404, "ResourceNotFoundException");
    check_says(&message, "Could not resolve the foundation model");
}

#[test]
fn a_body_that_the_model_does_not_take() {
    let request = sign(request(input(TITAN, "{}")));
    check_says(&refused(&endpoint(), request, 400, "ValidationException"), "inputText");
}

#[test]
fn operations_that_there_are_not() {
    for (method, target) in [
        ("POST", "/model/a/converse"),
        ("GET", "/model/a/invoke"),
        ("GET", "/model/a/invoke-with-response-stream"),
        ("POST", "/model//invoke"),
        ("POST", "/model/a/b/invoke"),
        ("GET", "/"),
        ("OPTIONS", "*"),
    ] {
        let request = Request::builder().method(method).uri(target).body(Bytes::new()).unwrap();
        let endpoint = endpoint();
        let message = refused(&endpoint, request, 404, "UnknownOperationException");
        check_says(
            &message,
            "which has POST /model/{modelId}/invoke and POST /model/{modelId}/invoke-with-response-stream only",
        );
        assert_eq!(endpoint.log.calls()[0].model_id, None);
    }
}
