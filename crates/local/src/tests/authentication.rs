//! Tests of authentication with valid and invalid signatures and tokens.

use super::*;

#[test]
fn accepts_a_valid_signature() {
    let endpoint = endpoint();
    let response = send(&endpoint, sign(request(input(TITAN, BODY))));
    assert_eq!(response.status(), 200);
    let headers = response.headers();
    assert_eq!(headers["content-type"], "application/json");
    assert_eq!(headers["x-amzn-requestid"], "00000000-0000-4000-8000-000000000001");
    assert_eq!(headers.get("x-amzn-bedrock-output-token-count"), None, "an embedding has no output tokens");
    let value: serde_json::Value = serde_json::from_slice(response.body()).unwrap();
    assert_eq!(value["embedding"].as_array().unwrap().len(), 1024);

    let call = endpoint.log.calls().pop().unwrap();
    assert_eq!(call.target, "/model/amazon.titan-embed-text-v2%3A0/invoke");
    assert_eq!((call.method.as_str(), call.model_id.as_deref()), ("POST", Some(TITAN)));
    assert_eq!((call.status, call.error_code.as_deref(), call.signed), (200, None, true));
    assert_eq!(call.body, BODY);
    let input_tokens = headers["x-amzn-bedrock-input-token-count"].to_str().unwrap().parse().ok();
    assert_eq!((call.input_tokens, call.output_tokens), (input_tokens, Some(0)));
    assert_eq!(input_tokens, value["inputTextTokenCount"].as_u64());
}

#[test]
fn rejects_a_request_without_authentication() {
    let message =
        check_error(&endpoint(), request(input(TITAN, BODY)), 403, "MissingAuthenticationTokenException");
    assert_eq!(message, "Missing Authentication Token");
}

#[test]
fn rejects_a_wrong_secret() {
    let wrong = Credentials::new(LocalEndpointBuilder::ACCESS_KEY_ID, "another secret", None);
    let request = sign_as(request(input(TITAN, BODY)), &wrong, &Signer::new("us-east-1", "bedrock"), now());
    let endpoint = endpoint();
    let message = check_error(&endpoint, request, 403, "InvalidSignatureException");
    check_contains(
        &message,
        "The request signature we calculated does not match the signature you provided.",
    );
    check_contains(&message, "POST\n   2 | /model/amazon.titan-embed-text-v2%253A0/invoke\n");
    check_contains(&message, "the client used another secret access key, or the body");
    assert!(!message.contains(LocalEndpointBuilder::SECRET_ACCESS_KEY));
    assert!(!endpoint.log.calls()[0].signed);
}

#[test]
fn rejects_a_modified_body() {
    let modified =
        sign(request(input(TITAN, BODY))).map(|_| Bytes::from_static(b"{\"inputText\":\"jello\"}"));
    let hash = PayloadHash::of(modified.body());
    let message = check_error(&endpoint(), modified, 403, "InvalidSignatureException");
    check_contains(&message, hash.as_str());
}

#[test]
fn rejects_a_modified_header() {
    let mut request = sign(request(input(TITAN, BODY)));
    request.headers_mut().insert("x-amz-content-sha256", "UNSIGNED-PAYLOAD".parse().unwrap());
    let message = check_error(&endpoint(), request, 403, "InvalidSignatureException");
    check_contains(&message, "`x-amz-content-sha256`");
}

/// Tests the most common mistake of hand-written clients. A client must encode the path twice in the
/// canonical request, but these clients encode the path once.
#[test]
fn explains_a_path_that_is_encoded_once() {
    let once = invoke_model_signing::SigningSettings { double_encode_path: false, ..Default::default() };
    let signer = Signer::new("us-east-1", "bedrock").with_settings(once);
    let request = sign_as(request(input(TITAN, BODY)), &credentials(), &signer, now());
    let message = check_error(&endpoint(), request, 403, "InvalidSignatureException");
    check_contains(&message, "Canonical request computed by the verifier:\n");
    check_contains(&message, "   2 | /model/amazon.titan-embed-text-v2%253A0/invoke\n");
    check_contains(&message, "Canonical request signed by the client:\n");
    check_contains(&message, "   2 | /model/amazon.titan-embed-text-v2%3A0/invoke\n");
    check_contains(
        &message,
        "the client signed the path as sent, but must percent-encode the path once more before signing; ",
    );
}

#[test]
fn rejects_unknown_keys_and_session_tokens() {
    let with_token = |token: Option<&str>| Credentials::new("ID", "secret", token.map(str::to_owned));
    let endpoint = builder().credentials("ID", "secret", Some("token".to_owned())).build_state();
    let signer = Signer::new("us-east-1", "bedrock");
    let signed =
        |credentials: &Credentials| sign_as(request(input(TITAN, BODY)), credentials, &signer, now());
    assert_eq!(send(&endpoint, signed(&with_token(Some("token")))).status(), 200);
    for unknown in [with_token(None), with_token(Some("other")), credentials()] {
        let message = check_error(&endpoint, signed(&unknown), 403, "UnrecognizedClientException");
        check_contains(&message, "The security token included in the request is invalid.");
    }
}

#[test]
fn rejects_signatures_that_are_off_by_more_than_five_minutes() {
    fn check(seconds: i64, expected: Option<&str>) {
        let time = now().checked_add(Duration::from_secs(3_600)).unwrap();
        let time = time - Duration::from_secs(u64::try_from(3_600 - seconds).unwrap());
        let signer = Signer::new("us-east-1", "bedrock");
        let request = sign_as(request(input(TITAN, BODY)), &credentials(), &signer, time);
        match expected {
            None => assert_eq!(send(&endpoint(), request).status(), 200),
            Some(expected) => {
                assert_eq!(check_error(&endpoint(), request, 403, "InvalidSignatureException"), expected)
            }
        }
    }
    check(-300, None);
    check(300, None);
    check(
        -301,
        Some(
            "Signature expired: 20150830T123059Z is now earlier than 20150830T123100Z (20150830T123600Z - 5 min.)",
        ),
    );
    check(
        301,
        Some(
            "Signature not yet current: 20150830T124101Z is still later than 20150830T124100Z (20150830T123600Z + 5 min.)",
        ),
    );
}

#[test]
fn rejects_a_wrong_region_or_service() {
    fn check(region: &str, service: &str, expected: &str) {
        let endpoint = builder().region("us-west-2").build_state();
        let request =
            sign_as(request(input(TITAN, BODY)), &credentials(), &Signer::new(region, service), now());
        check_contains(&check_error(&endpoint, request, 403, "InvalidSignatureException"), expected);
    }
    check("us-east-1", "bedrock", "Credential should be scoped to a valid region.");
    check("us-east-1", "bedrock", "/us-west-2/");
    check("us-west-2", "bedrock-runtime", "Credential should be scoped to correct service: 'bedrock'.");

    let elsewhere = Signer::new("eu-central-1", "bedrock");
    let request = sign_as(request(input(TITAN, BODY)), &credentials(), &elsewhere, now());
    assert_eq!(send(&endpoint(), request).status(), 200, "any region is accepted if no region is set");
}

#[test]
fn rejects_a_wrong_date_or_terminator_of_the_scope() {
    fn check(from: &str, to: &str, expected: &str) {
        let mut request = sign(request(input(TITAN, BODY)));
        let value = request.headers()["authorization"].to_str().unwrap().replace(from, to);
        request.headers_mut().insert("authorization", value.parse().unwrap());
        check_contains(&check_error(&endpoint(), request, 403, "InvalidSignatureException"), expected);
    }
    check("/20150830/", "/20150829/", "Date in Credential scope does not match YYYYMMDD");
    check("/aws4_request", "/aws5_request", "Credential should be scoped with a valid terminator");
}

#[test]
fn rejects_a_malformed_signature() {
    for value in ["AWS4-HMAC-SHA256", "Basic YTpi", "Bearer", ""] {
        let mut request = sign(request(input(TITAN, BODY)));
        request.headers_mut().insert("authorization", value.parse().unwrap());
        let message = check_error(&endpoint(), request, 400, "IncompleteSignatureException");
        check_contains(&message, "header `authorization`");
    }
}

#[test]
fn accepts_only_its_own_bearer_token() {
    fn check(own: Option<&str>, header: &str, accepted: bool) {
        let builder = builder();
        let endpoint = match own {
            Some(token) => builder.bearer_token(token).build_state(),
            None => builder.build_state(),
        };
        let mut request = request(input(TITAN, BODY));
        request.headers_mut().insert("authorization", header.parse().unwrap());
        if accepted {
            assert_eq!(send(&endpoint, request).status(), 200, "{header}");
            assert!(!endpoint.log.calls()[0].signed);
        } else {
            let message = check_error(&endpoint, request, 403, "AccessDeniedException");
            assert_eq!(message, "Authentication failed: Please make sure your API Key is valid.");
        }
    }
    check(Some("bedrock-api-key-a"), "Bearer bedrock-api-key-a", true);
    check(Some("bedrock-api-key-a"), "bearer bedrock-api-key-a", true);
    check(Some("bedrock-api-key-a"), "Bearer bedrock-api-key-b", false);
    check(Some("bedrock-api-key-a"), "Bearer bedrock-api-key-", false);
    check(Some("bedrock-api-key-a"), "Bearer ", false);
    check(None, "Bearer bedrock-api-key-a", false);
}

#[test]
fn accepts_any_request_without_verification() {
    let endpoint = builder().verify(false).build_state();
    assert_eq!(send(&endpoint, request(input(TITAN, BODY))).status(), 200);
    assert!(!endpoint.log.calls()[0].signed);
}

#[test]
fn debug_redacts_secrets() {
    let endpoint =
        builder().credentials("ID", "s3cret-1", Some("s3cret-2".to_owned())).bearer_token("s3cret-3");
    assert!(!format!("{endpoint:?}").contains("s3cret"), "{endpoint:?}");
    let endpoint = endpoint.build_state();
    assert!(!format!("{endpoint:?}").contains("s3cret"), "{endpoint:?}");
}

#[test]
fn rejects_a_repeated_authorization_header() {
    let endpoint = builder().bearer_token("token").build_state();
    for other in ["Bearer token", "Bearer other", "Basic abc"] {
        for is_first in [true, false] {
            let mut request = sign(request(input(TITAN, BODY)));
            let signature = request.headers_mut().remove("authorization").unwrap();
            let mut values = [signature, other.parse().unwrap()];
            if is_first {
                values.reverse();
            }
            for value in values {
                request.headers_mut().append("authorization", value);
            }
            let message = check_error(&endpoint, request, 400, "IncompleteSignatureException");
            check_contains(&message, "header `authorization` is repeated");
        }
    }
}

#[test]
fn rejects_an_empty_region() {
    let mut request = sign(request(input(TITAN, BODY)));
    let value = request.headers()["authorization"].to_str().unwrap().replace("/us-east-1/", "//");
    request.headers_mut().insert("authorization", value.parse().unwrap());
    let message = check_error(&endpoint(), request, 403, "InvalidSignatureException");
    check_contains(&message, "Credential should be scoped to a valid region.");
}
