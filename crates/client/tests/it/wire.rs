//! Tests of sent requests and parsed responses.

use invoke_model_client::types::{InvokeModel, InvokeModelInput};
use invoke_model_client::{Call, ErrorKind, HeaderError, ResponseBody};

use crate::fake::{Fake, response};

const ID: &str = "amazon.titan-embed-text-v2:0";

fn lines(request: &http::Request<bytes::Bytes>) -> String {
    let mut text = format!("{} {}\n", request.method(), request.uri());
    for (name, value) in request.headers() {
        text += &format!("{name}: {}\n", value.to_str().unwrap());
    }
    text + std::str::from_utf8(request.body()).unwrap()
}

#[tokio::test]
async fn sends_a_signed_request() {
    let fake = Fake::ok();
    let response =
        fake.client().invoke_model().model_id(ID).body(r#"{"inputText":"hello"}"#).send().await.unwrap();
    assert_eq!(response.body, r#"{"embedding":[1]}"#);
    assert_eq!(response.content_type, "application/json");

    let request = fake.request();
    let (authorization, signature) =
        request.headers()["authorization"].to_str().unwrap().split_once(", Signature=").unwrap();
    assert_eq!(
        authorization,
        "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/us-east-1/bedrock/aws4_request, \
         SignedHeaders=content-type;host;x-amz-date"
    );
    assert_eq!(signature.len(), 64);
    let mut rest = request.clone();
    rest.headers_mut().remove("authorization");
    assert_eq!(
        lines(&rest),
        format!(
            "POST https://bedrock-runtime.us-east-1.amazonaws.com/model/amazon.titan-embed-text-v2%3A0/invoke\n\
             content-type: application/json\n\
             user-agent: invoke-model/{}\n\
             x-amz-date: 20150830T123600Z\n\
             accept-encoding: identity\n\
             {{\"inputText\":\"hello\"}}",
            env!("CARGO_PKG_VERSION")
        )
    );
}

#[tokio::test]
async fn setters_and_input_send_the_same_request() {
    let (by_setter, by_input) = (Fake::ok(), Fake::ok());
    by_setter.client().invoke_model().model_id(ID).body("{}").accept("*/*").send().await.unwrap();
    let mut input = InvokeModelInput::new(ID);
    input.body = Some("{}".into());
    input.accept = Some("*/*".into());
    by_input.client().call::<InvokeModel>(input).send().await.unwrap();
    assert_eq!(lines(&by_setter.request()), lines(&by_input.request()));
}

#[tokio::test]
async fn encodes_an_arn_as_one_path_segment() {
    let fake = Fake::ok();
    let arn = "arn:aws:bedrock:us-east-1:123456789012:inference-profile/us.amazon.nova-lite-v1:0";
    fake.client().invoke_model().model_id(arn).send().await.unwrap();
    assert_eq!(
        fake.request().uri().path(),
        "/model/arn%3Aaws%3Abedrock%3Aus-east-1%3A123456789012%3Ainference-profile%2Fus.amazon.nova-lite-v1%3A0/invoke"
    );
}

#[tokio::test]
async fn prepends_and_signs_the_base_path_of_the_endpoint() {
    let fake = Fake::ok();
    let client =
        invoke_model_client::Client::new(fake.settings().endpoint_url("http://localhost:8080/gate/"));
    let call = client.unwrap().invoke_model().model_id(ID);
    let explanation = call.explain().await.unwrap();
    assert_eq!(
        explanation.request.uri(),
        "http://localhost:8080/gate/model/amazon.titan-embed-text-v2%3A0/invoke"
    );
    let signed = explanation.signed.unwrap();
    let canonical = signed.canonical_request().to_string();
    assert!(
        canonical.starts_with("POST\n/gate/model/amazon.titan-embed-text-v2%253A0/invoke\n\n"),
        "{canonical}"
    );
    assert!(canonical.contains("\nhost:localhost:8080\n"), "{canonical}");
    assert!(fake.requests().is_empty());
}

#[tokio::test]
async fn sign_returns_the_same_request_that_send_sends() {
    let fake = Fake::ok();
    let client = fake.client();
    let call = || client.invoke_model().model_id(ID).body("{}").header("x-new", "1");
    let signed = call().sign().await.unwrap();
    call().send().await.unwrap();
    assert_eq!(lines(&signed), lines(&fake.request()));
}

#[tokio::test]
async fn sends_and_signs_added_headers() {
    let fake = Fake::ok();
    let call = fake.client().invoke_model().model_id(ID).body("{}").content_type("text/plain");
    let call =
        call.header("X-New", "first").header("x-new", "last").header("Content-Type", "application/json");
    call.send().await.unwrap();
    let request = fake.request();
    assert_eq!(request.headers()["x-new"], "last");
    assert_eq!(request.headers()["content-type"], "application/json");
    let authorization = request.headers()["authorization"].to_str().unwrap();
    assert!(authorization.contains("SignedHeaders=content-type;host;x-amz-date;x-new,"), "{authorization}");
}

#[tokio::test]
async fn sends_a_bearer_token_instead_of_a_signature() {
    let fake = Fake::ok();
    let client = fake.settings().bearer_token("bedrock-api-key-abc").build().unwrap();
    invoke_model_client::Client::from(client).invoke_model().model_id(ID).send().await.unwrap();
    let request = fake.request();
    assert_eq!(request.headers()["authorization"], "Bearer bedrock-api-key-abc");
    assert!(!request.headers().contains_key("x-amz-date"));
}

#[tokio::test]
async fn send_streaming_returns_the_payload_in_chunks() {
    let body = ResponseBody::from(bytes::Bytes::from_static(b"{}"));
    let headers = [("content-type", "application/json"), ("x-amzn-bedrock-service-tier", "flex")];
    let fake = Fake::with_response(Ok(response(200, &headers, body)));
    let mut response = fake.client().invoke_model().model_id(ID).send_streaming().await.unwrap();
    assert_eq!(response.output.content_type, "application/json");
    assert_eq!(response.output.service_tier.unwrap().as_str(), "flex");
    assert!(response.output.body.is_empty());
    assert_eq!(response.body.chunk().await.unwrap().unwrap(), "{}");
    assert!(response.body.chunk().await.unwrap().is_none());
}

#[tokio::test]
async fn keeps_response_headers_only_if_configured() {
    async fn headers(keep: bool, status: u16) -> Option<String> {
        let fake = Fake::with(status, &[("x-a", "1")], "{}");
        let config = fake.settings().keep_response_headers(keep).build().unwrap();
        let call = invoke_model_client::Client::from(config).invoke_model().model_id(ID);
        let headers = match call.send_streaming_with_metadata().await {
            Ok((_, metadata)) => metadata.headers.map(|headers| (*headers).clone()),
            Err(error) => error.response_headers().cloned(),
        };
        headers.map(|headers| headers["x-a"].to_str().unwrap().to_owned())
    }

    for status in [200, 400] {
        assert_eq!(headers(true, status).await.as_deref(), Some("1"), "{status}");
        assert_eq!(headers(false, status).await, None, "{status}");
    }
}

#[tokio::test]
async fn parses_a_response_without_headers() {
    let fake = Fake::with(200, &[], "{}");
    let response = fake.client().invoke_model().model_id(ID).send().await.unwrap();
    assert_eq!(response.body, "{}");
    assert_eq!(response.service_tier, None);
}

#[test]
fn futures_of_a_call_are_send() {
    fn is_send<T: Send>(_: T) {}
    let call = |fake: Fake| -> Call<InvokeModel> { fake.client().invoke_model().model_id(ID) };
    is_send(call(Fake::ok()).send());
    is_send(call(Fake::ok()).send_streaming());
    is_send(call(Fake::ok()).explain());
    is_send(call(Fake::ok()));
}

#[tokio::test]
async fn a_clone_sends_the_same_request() {
    let fake = Fake::with_responses(
        [(); 2].map(|()| Ok(response(200, &[], bytes::Bytes::from_static(b"{}").into()))),
    );
    let call = fake.client().invoke_model().model_id(ID).body("{}").header("x-new", "1");
    let clone = call.clone();
    call.model_id("other").send().await.unwrap();
    clone.send().await.unwrap();
    let requests = fake.requests();
    assert!(requests[0].uri().path().starts_with("/model/other/"));
    let client = fake.client();
    let same = client.invoke_model().model_id(ID).body("{}").header("x-new", "1").sign().await.unwrap();
    assert_eq!(lines(&requests[1]), lines(&same));
}

#[tokio::test]
async fn explanation_shows_settings_and_request_without_secrets() {
    let fake = Fake::default();
    let call = fake.client().invoke_model().model_id(ID).body("{}").request_metadata("{\"a\":\"b\"}");
    let explanation = call.explain().await.unwrap();
    let text = explanation.to_string();
    let expected = "operation    InvokeModel\n\
        request      POST https://bedrock-runtime.us-east-1.amazonaws.com/model/amazon.titan-embed-text-v2%3A0/invoke\n\
        body         2 bytes\n\
        endpoint     https://bedrock-runtime.us-east-1.amazonaws.com (endpoint rules)\n\
        region       us-east-1 (set in code)\n\
        credentials  SigV4 (set in code)\n\
        headers\n";
    assert!(text.starts_with(expected), "{text}");
    for line in ["  x-amzn-bedrock-request-metadata: [redacted]", "string to sign", "  AWS4-HMAC-SHA256"] {
        assert!(text.lines().any(|other| other == line), "{line}: {text}");
    }
    assert!(text.contains("Signature=[redacted]\n"), "{text}");
    let signature = explanation.request.headers()["authorization"].to_str().unwrap();
    assert!(!text.contains(signature.split_once("Signature=").unwrap().1), "{text}");

    let bearer =
        fake.client().invoke_model().model_id(ID).bearer_token("secret-token").explain().await.unwrap();
    let text = bearer.to_string();
    assert!(text.contains("\ncredentials  bearer token (set on the call)\n"), "{text}");
    assert!(text.contains("\n  authorization: [redacted]") && !text.contains("secret-token"), "{text}");
}

/// Checks the size of futures, because a caller moves and stores the future of a call.
#[test]
fn futures_of_a_call_are_small() {
    let client = Fake::ok().client();
    // The metrics add 80 bytes.
    let limit = if cfg!(feature = "opentelemetry") { 3_180 } else { 3_100 };
    let check = |size: usize| assert!(size <= limit, "{size} bytes");
    check(size_of_val(&client.invoke_model().send()));
    check(size_of_val(&client.invoke_model().send_streaming()));
    check(size_of_val(&client.invoke_model_with_response_stream().send()));
}

#[tokio::test]
async fn a_call_with_too_many_headers_is_not_sent() {
    let fake = Fake::default();
    let mut call = fake.client().invoke_model().model_id("a");
    for number in 0..25_000 {
        call = call.header(format!("x-{number}"), "a");
    }
    let error = call.send().await.unwrap_err();
    assert!(matches!(error.kind(), ErrorKind::Header(HeaderError::TooMany { .. })), "{error}");
    assert_eq!(fake.requests().len(), 0);
}
