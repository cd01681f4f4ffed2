//! Tests that the client applies Smithy traits to requests: idempotency tokens, host prefixes,
//! authentication, and unsigned payloads.

use std::sync::atomic::{AtomicU32, Ordering};

use bytes::Bytes;
use http::Request;
use invoke_model_client::{Client, Config, ConfigBuilder, Credentials};
use invoke_model_protocol::Operation;
use invoke_model_tests::requests::*;

fn config() -> ConfigBuilder {
    let credentials = Credentials::new("AKIDEXAMPLE", "secret", None);
    Config::builder()
        .region("us-east-1")
        .endpoint_url("https://example.test:8443/base")
        .credentials_provider(credentials)
}

async fn signed<O: Operation>(config: ConfigBuilder, input: O::Input) -> Request<Bytes> {
    Client::new(config).unwrap().call::<O>(input).sign().await.unwrap()
}

#[tokio::test]
async fn each_call_has_its_own_idempotency_tokens() {
    let count = AtomicU32::new(0);
    let config =
        config().idempotency_token_provider(move || format!("t{}", count.fetch_add(1, Ordering::Relaxed)));
    let client = Client::new(config).unwrap();
    for (body, header) in [(&b"{\"token\":\"t0\"}"[..], "t1"), (b"{\"token\":\"t2\"}", "t3")] {
        let request = client.call::<Call>(CallInput::default()).sign().await.unwrap();
        assert_eq!((&request.body()[..], request.headers()["x-second"].to_str().unwrap()), (body, header));
    }
}

#[tokio::test]
async fn idempotency_tokens_are_random_by_default() {
    let token = |request: &Request<Bytes>| request.headers()["x-second"].to_str().unwrap().to_owned();
    let first = token(&signed::<Call>(config(), CallInput::default()).await);
    let second = token(&signed::<Call>(config(), CallInput::default()).await);
    assert_ne!(first, second);
    let uuid = uuid::Uuid::parse_str(&first).unwrap();
    assert_eq!((uuid.get_version_num(), uuid.get_variant()), (4, uuid::Variant::RFC4122));
    assert_eq!(uuid.to_string(), first);
}

#[tokio::test]
async fn host_prefixes_are_added_to_the_endpoint_and_signed() {
    let request = signed::<Prefixed>(config(), PrefixedInput::new("x1")).await;
    assert_eq!(request.uri().to_string(), "https://a.x1-b.example.test:8443/base/prefixed");
    let call = Client::new(config()).unwrap().call::<Prefixed>(PrefixedInput::new("x1"));
    let explanation = call.explain().await.unwrap();
    let canonical = explanation.signed.unwrap().canonical_request().as_str().to_owned();
    assert!(canonical.contains("\nhost:a.x1-b.example.test:8443\n"), "{canonical}");
    let error =
        Client::new(config()).unwrap().call::<Prefixed>(PrefixedInput::new("a.b/")).sign().await.unwrap_err();
    assert!(error.to_string().contains("is part of the host name"), "{error}");
}

#[tokio::test]
async fn signs_calls_according_to_the_authentication_of_the_operation() {
    let is_signed = |request: Request<Bytes>| request.headers().contains_key("authorization");
    assert!(is_signed(signed::<Open>(config(), OpenInput::default()).await));
    assert!(!is_signed(signed::<Compressed>(config(), CompressedInput::default()).await));
    let no_credentials = || Config::builder().region("us-east-1").endpoint_url("https://example.test");
    assert!(!is_signed(signed::<Open>(no_credentials(), OpenInput::default()).await));
    assert!(!is_signed(signed::<Compressed>(no_credentials(), CompressedInput::default()).await));
    let result = Client::new(no_credentials()).unwrap().call::<Call>(CallInput::default()).sign().await;
    assert!(result.is_err());
    let bearer = || no_credentials().bearer_token("secret");
    assert!(is_signed(signed::<Open>(bearer(), OpenInput::default()).await));
    assert!(!is_signed(signed::<Compressed>(bearer(), CompressedInput::default()).await));
}

#[tokio::test]
async fn unsigned_payloads_are_not_hashed() {
    let last_line = |input: UploadInput| async move {
        let call = Client::new(config()).unwrap().call::<Upload>(input);
        let signed = call.explain().await.unwrap().signed.unwrap();
        signed.canonical_request().as_str().rsplit('\n').next().unwrap().to_owned()
    };
    let mut input = UploadInput::default();
    input.body = Some(Bytes::from_static(b"abc"));
    assert_eq!(last_line(input).await, "UNSIGNED-PAYLOAD");
}
