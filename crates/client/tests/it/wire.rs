//! What goes on the wire, and what comes back.

use invoke_model_client::types::{InvokeModel, InvokeModelInput};
use invoke_model_client::{Call, ResponseBody};

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
async fn a_signed_call() {
    let fake = Fake::ok();
    let answer =
        fake.client().invoke_model().model_id(ID).body(r#"{"inputText":"hello"}"#).send().await.unwrap();
    assert_eq!(answer.body, r#"{"embedding":[1]}"#);
    assert_eq!(answer.content_type, "application/json");

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
             {{\"inputText\":\"hello\"}}",
            env!("CARGO_PKG_VERSION")
        )
    );
}

#[tokio::test]
async fn the_general_entry_sends_the_same() {
    let (by_setter, by_input) = (Fake::ok(), Fake::ok());
    by_setter.client().invoke_model().model_id(ID).body("{}").accept("*/*").send().await.unwrap();
    let mut input = InvokeModelInput::new(ID);
    input.body = Some("{}".into());
    input.accept = Some("*/*".into());
    by_input.client().call::<InvokeModel>(input).send().await.unwrap();
    assert_eq!(lines(&by_setter.request()), lines(&by_input.request()));
}

#[tokio::test]
async fn an_arn_stays_one_segment() {
    let fake = Fake::ok();
    let arn = "arn:aws:bedrock:us-east-1:123456789012:inference-profile/us.amazon.nova-lite-v1:0";
    fake.client().invoke_model().model_id(arn).send().await.unwrap();
    assert_eq!(
        fake.request().uri().path(),
        "/model/arn%3Aaws%3Abedrock%3Aus-east-1%3A123456789012%3Ainference-profile%2Fus.amazon.nova-lite-v1%3A0/invoke"
    );
}

#[tokio::test]
async fn a_base_path_is_put_before_the_target_and_signed() {
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
async fn what_is_taken_out_is_what_would_be_sent() {
    let fake = Fake::ok();
    let client = fake.client();
    let call = || client.invoke_model().model_id(ID).body("{}").field("x-new", "1");
    let taken = call().sign().await.unwrap();
    call().send().await.unwrap();
    assert_eq!(lines(&taken), lines(&fake.request()));
}

#[tokio::test]
async fn fields_that_the_model_does_not_know_are_sent_and_signed() {
    let fake = Fake::ok();
    let call = fake.client().invoke_model().model_id(ID).body("{}").content_type("text/plain");
    let call = call.field("X-New", "first").field("x-new", "last").field("Content-Type", "application/json");
    call.send().await.unwrap();
    let request = fake.request();
    assert_eq!(request.headers()["x-new"], "last");
    assert_eq!(request.headers()["content-type"], "application/json");
    let authorization = request.headers()["authorization"].to_str().unwrap();
    assert!(authorization.contains("SignedHeaders=content-type;host;x-amz-date;x-new,"), "{authorization}");
}

#[tokio::test]
async fn a_bearer_token_is_sent_in_place_of_a_signature() {
    let fake = Fake::ok();
    let client = fake.settings().bearer_token("bedrock-api-key-abc").build().unwrap();
    invoke_model_client::Client::from(client).invoke_model().model_id(ID).send().await.unwrap();
    let request = fake.request();
    assert_eq!(request.headers()["authorization"], "Bearer bedrock-api-key-abc");
    assert!(!request.headers().contains_key("x-amz-date"));
}

#[tokio::test]
async fn an_answer_is_read_as_it_arrives() {
    let body = ResponseBody::from(bytes::Bytes::from_static(b"{}"));
    let fields = [("content-type", "application/json"), ("x-amzn-bedrock-service-tier", "flex")];
    let fake = Fake::answering(Ok(response(200, &fields, body)));
    let mut answer = fake.client().invoke_model().model_id(ID).send_streaming().await.unwrap();
    assert_eq!(answer.output.content_type, "application/json");
    assert_eq!(answer.output.service_tier.unwrap().as_str(), "flex");
    assert!(answer.output.body.is_empty());
    assert_eq!(answer.body.chunk().await.unwrap().unwrap(), "{}");
    assert!(answer.body.chunk().await.unwrap().is_none());
}

#[tokio::test]
async fn a_success_without_fields_is_a_success() {
    let fake = Fake::with(200, &[], "{}");
    let answer = fake.client().invoke_model().model_id(ID).send().await.unwrap();
    assert_eq!(answer.body, "{}");
    assert_eq!(answer.service_tier, None);
}

#[test]
fn a_call_can_be_sent_from_any_thread() {
    fn is_send<T: Send>(_: T) {}
    let call = |fake: Fake| -> Call<InvokeModel> { fake.client().invoke_model().model_id(ID) };
    is_send(call(Fake::ok()).send());
    is_send(call(Fake::ok()).send_streaming());
    is_send(call(Fake::ok()).explain());
    is_send(call(Fake::ok()));
}
