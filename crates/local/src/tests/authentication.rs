//! Signatures and tokens, good and bad.

use super::*;

#[test]
fn a_signed_call_is_answered() {
    let endpoint = endpoint();
    let response = send(&endpoint, sign(request(input(TITAN, BODY))));
    assert_eq!(response.status(), 200);
    let headers = response.headers();
    assert_eq!(headers["content-type"], "application/json");
    assert_eq!(headers["x-amzn-requestid"], "00000000-0000-4000-8000-000000000001");
    assert_eq!(headers["x-amzn-bedrock-output-token-count"], "0");
    let value: serde_json::Value = serde_json::from_slice(response.body()).unwrap();
    assert_eq!(value["embedding"].as_array().unwrap().len(), 1024);

    let call = endpoint.log.calls().pop().unwrap();
    assert_eq!(call.target, "/model/amazon.titan-embed-text-v2%3A0/invoke");
    assert_eq!((call.method.as_str(), call.model_id.as_deref()), ("POST", Some(TITAN)));
    assert_eq!((call.status, call.error_code.as_deref(), call.signed), (200, None, true));
    assert_eq!(call.body, BODY);
    let counted = headers["x-amzn-bedrock-input-token-count"].to_str().unwrap().parse().ok();
    assert_eq!((call.input_tokens, call.output_tokens), (counted, Some(0)));
    assert_eq!(counted, value["inputTextTokenCount"].as_u64());
}

#[test]
fn nobody() {
    let message =
        refused(&endpoint(), request(input(TITAN, BODY)), 403, "MissingAuthenticationTokenException");
    assert_eq!(message, "Missing Authentication Token");
}

#[test]
fn a_wrong_secret() {
    let wrong = Credentials::new(Builder::ACCESS_KEY_ID, "another secret", None);
    let request = sign_as(request(input(TITAN, BODY)), &wrong, &Signer::new("us-east-1", "bedrock"), now());
    let endpoint = endpoint();
    let message = refused(&endpoint, request, 403, "InvalidSignatureException");
    check_says(&message, "The request signature we calculated does not match the signature you provided.");
    check_says(&message, "POST\n   2 | /model/amazon.titan-embed-text-v2%253A0/invoke\n");
    check_says(&message, "the client used another secret access key, or the body");
    assert!(!message.contains(Builder::SECRET_ACCESS_KEY));
    assert!(!endpoint.log.calls()[0].signed);
}

#[test]
fn an_altered_body() {
    let altered = sign(request(input(TITAN, BODY))).map(|_| Bytes::from_static(b"{\"inputText\":\"jello\"}"));
    let hash = PayloadHash::of(altered.body());
    let message = refused(&endpoint(), altered, 403, "InvalidSignatureException");
    check_says(&message, hash.as_str());
}

#[test]
fn an_altered_field() {
    let mut request = sign(request(input(TITAN, BODY)));
    request.headers_mut().insert("x-amz-content-sha256", "UNSIGNED-PAYLOAD".parse().unwrap());
    let message = refused(&endpoint(), request, 403, "InvalidSignatureException");
    check_says(&message, "`x-amz-content-sha256`");
}

/// The path as sent is signed, not the path encoded once more: the mistake that most hand-made clients make.
#[test]
fn a_path_encoded_once() {
    let once = invoke_model_signing::SigningSettings { double_encode_path: false, ..Default::default() };
    let signer = Signer::new("us-east-1", "bedrock").with_settings(once);
    let request = sign_as(request(input(TITAN, BODY)), &credentials(), &signer, now());
    let message = refused(&endpoint(), request, 403, "InvalidSignatureException");
    check_says(&message, "Canonical request computed by the verifier:\n");
    check_says(&message, "   2 | /model/amazon.titan-embed-text-v2%253A0/invoke\n");
    check_says(&message, "Canonical request signed by the client:\n");
    check_says(&message, "   2 | /model/amazon.titan-embed-text-v2%3A0/invoke\n");
    check_says(
        &message,
        "the client signed the path as sent, but must percent-encode it once more to sign it; ",
    );
}

#[test]
fn unknown_keys_and_tokens() {
    let with_token = |token: Option<&str>| Credentials::new("ID", "secret", token.map(str::to_owned));
    let endpoint = builder().credentials("ID", "secret", Some("token".to_owned())).endpoint();
    let signer = Signer::new("us-east-1", "bedrock");
    let signed = |who: &Credentials| sign_as(request(input(TITAN, BODY)), who, &signer, now());
    assert_eq!(send(&endpoint, signed(&with_token(Some("token")))).status(), 200);
    for stranger in [with_token(None), with_token(Some("other")), credentials()] {
        let message = refused(&endpoint, signed(&stranger), 403, "UnrecognizedClientException");
        check_says(&message, "The security token included in the request is invalid.");
    }
}

#[test]
fn skewed_clocks() {
    fn check(seconds: i64, expected: Option<&str>) {
        let when = now().checked_add(Duration::from_secs(3_600)).unwrap();
        let when = when - Duration::from_secs(u64::try_from(3_600 - seconds).unwrap());
        let signer = Signer::new("us-east-1", "bedrock");
        let request = sign_as(request(input(TITAN, BODY)), &credentials(), &signer, when);
        match expected {
            None => assert_eq!(send(&endpoint(), request).status(), 200),
            Some(expected) => {
                assert_eq!(refused(&endpoint(), request, 403, "InvalidSignatureException"), expected)
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
fn wrong_scopes() {
    fn check(region: &str, service: &str, expected: &str) {
        let endpoint = builder().region("us-west-2").endpoint();
        let request =
            sign_as(request(input(TITAN, BODY)), &credentials(), &Signer::new(region, service), now());
        check_says(&refused(&endpoint, request, 403, "InvalidSignatureException"), expected);
    }
    check("us-east-1", "bedrock", "Credential should be scoped to a valid region.");
    check("us-east-1", "bedrock", "/us-west-2/");
    check("us-west-2", "bedrock-runtime", "Credential should be scoped to correct service: 'bedrock'.");

    let elsewhere = Signer::new("eu-central-1", "bedrock");
    let request = sign_as(request(input(TITAN, BODY)), &credentials(), &elsewhere, now());
    assert_eq!(send(&endpoint(), request).status(), 200, "any region is taken unless one is set");
}

#[test]
fn a_scope_of_another_day_or_another_end() {
    fn check(from: &str, to: &str, expected: &str) {
        let mut request = sign(request(input(TITAN, BODY)));
        let field = request.headers()["authorization"].to_str().unwrap().replace(from, to);
        request.headers_mut().insert("authorization", field.parse().unwrap());
        check_says(&refused(&endpoint(), request, 403, "InvalidSignatureException"), expected);
    }
    check("/20150830/", "/20150829/", "Date in Credential scope does not match YYYYMMDD");
    check("/aws4_request", "/aws5_request", "Credential should be scoped with a valid terminator");
}

#[test]
fn a_signature_that_cannot_be_read() {
    for field in ["AWS4-HMAC-SHA256", "Basic YTpi", "Bearer", ""] {
        let mut request = sign(request(input(TITAN, BODY)));
        request.headers_mut().insert("authorization", field.parse().unwrap());
        let message = refused(&endpoint(), request, 400, "IncompleteSignatureException");
        check_says(&message, "header `authorization`");
    }
}

#[test]
fn bearer_tokens() {
    fn check(ours: Option<&str>, field: &str, accepted: bool) {
        let builder = builder();
        let endpoint = match ours {
            Some(token) => builder.bearer_token(token).endpoint(),
            None => builder.endpoint(),
        };
        let mut request = request(input(TITAN, BODY));
        request.headers_mut().insert("authorization", field.parse().unwrap());
        if accepted {
            assert_eq!(send(&endpoint, request).status(), 200, "{field}");
            assert!(!endpoint.log.calls()[0].signed);
        } else {
            let message = refused(&endpoint, request, 403, "AccessDeniedException");
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
fn anybody_may_call_where_nothing_is_verified() {
    let endpoint = builder().verify(false).endpoint();
    assert_eq!(send(&endpoint, request(input(TITAN, BODY))).status(), 200);
    assert!(!endpoint.log.calls()[0].signed);
}

#[test]
fn secrets_are_not_shown() {
    let endpoint =
        builder().credentials("ID", "s3cret-1", Some("s3cret-2".to_owned())).bearer_token("s3cret-3");
    assert!(!format!("{endpoint:?}").contains("s3cret"), "{endpoint:?}");
    let endpoint = endpoint.endpoint();
    assert!(!format!("{endpoint:?}").contains("s3cret"), "{endpoint:?}");
}
