//! Tests of Smithy traits of operations: idempotency, host prefixes, compression, checksums and authentication.

use bytes::Bytes;
use invoke_model_protocol::{Authentication, Operation, PayloadInput, Request, SerializeErrorKind};
use invoke_model_tests::requests::*;

use super::{request_text, response, response_text, text_of};

/// Returns a function that generates numbered tokens.
fn numbered_tokens() -> impl FnMut() -> String {
    let mut count = 0;
    move || {
        count += 1;
        format!("token-{count}")
    }
}

#[test]
fn fills_unset_idempotency_tokens() {
    let mut input = CallInput::default();
    Call::fill_idempotency_tokens(&mut input, &mut numbered_tokens());
    let expected = "POST /call\ncontent-type: application/json\nx-second: token-2\nx-version: 7\n\n{\"token\":\"token-1\"}";
    assert_eq!(text_of(&Call::serialize(input).unwrap()), expected);
}

#[test]
fn operations_are_idempotent_because_of_a_trait_or_a_token() {
    let check =
        |name: &str, is_idempotent: bool, expected: bool| assert_eq!(is_idempotent, expected, "{name}");
    check("readonly", Open::IS_IDEMPOTENT, true);
    check("idempotent", Upload::IS_IDEMPOTENT, true);
    check("idempotencyToken", Call::IS_IDEMPOTENT, true);
    check("no trait", Prefixed::IS_IDEMPOTENT, false);
}

#[test]
fn keeps_idempotency_tokens_of_the_caller() {
    let mut input = CallInput::default();
    input.token = Some("mine".to_owned());
    Call::fill_idempotency_tokens(&mut input, &mut numbered_tokens());
    assert_eq!((input.token.as_deref(), input.second.as_deref()), (Some("mine"), Some("token-1")));
}

#[test]
fn members_override_static_headers() {
    let mut input = CallInput::default();
    input.version = Some("8".to_owned());
    let request = Call::serialize(input).unwrap();
    assert_eq!(request.headers().get_all("x-version").iter().collect::<Vec<_>>(), ["8"]);
}

#[test]
fn host_prefixes_use_labels_of_the_input() {
    let prefix = |label: &str| Prefixed::host_prefix(&PrefixedInput::new(label));
    assert_eq!(prefix("x1").unwrap().as_deref(), Some("a.x1-b."));
    let error = prefix("evil.example/").unwrap_err();
    assert_eq!((error.member(), error.kind()), ("label", &SerializeErrorKind::HostLabel));
    assert_eq!(Open::host_prefix(&OpenInput::default()).unwrap().as_deref(), Some("data."));
    assert_eq!(Call::host_prefix(&CallInput::default()).unwrap(), None);
    // The label is also a member of the body.
    assert!(request_text::<Prefixed>(PrefixedInput::new("x1")).ends_with("{\"label\":\"x1\"}"));
}

#[test]
fn large_payloads_are_compressed_before_the_checksum() {
    let request = |length: usize, encoding: Option<&str>| {
        let mut input = CompressedInput::default();
        (input.text, input.encoding) = (Some("a".repeat(length)), encoding.map(str::to_owned));
        Compressed::serialize(input).unwrap()
    };
    let small = request(10, None);
    assert_eq!((small.headers().get("content-encoding"), small.body().len()), (None, 21));
    let large = request(20_000, Some("x"));
    assert_eq!(large.headers()["content-encoding"], "x, gzip");
    assert!(large.body().len() < 1000 && large.body().starts_with(&[0x1f, 0x8b]));
    let sum = |request: &Request| request.headers()["content-md5"].clone();
    let again = invoke_model_protocol::checksum::md5(Request::new(large.body().clone())).unwrap();
    assert_eq!(sum(&large), sum(&again));

    let mut input = HashedInput::new("me");
    input.body = Some(Bytes::from(vec![0; 10_240]));
    let request = Hashed::serialize(input).unwrap();
    assert_eq!(request.headers()["content-encoding"], "gzip");
    let again = invoke_model_protocol::checksum::tree_hash(Request::new(request.body().clone())).unwrap();
    assert_eq!(request.headers()["x-amz-sha256-tree-hash"], again.headers()["x-amz-sha256-tree-hash"]);
}

#[test]
fn sends_the_required_checksum_of_the_body() {
    let expected = "POST /prefixed\ncontent-md5: +HmyR9eNuvV/Til1Yt2r8Q==\ncontent-type: application/json\nx-version: 7\n\n\
                    {\"label\":\"x1\"}";
    assert_eq!(request_text::<Prefixed>(PrefixedInput::new("x1")), expected);
}

#[test]
fn payload_hashes_and_defaults_of_empty_labels() {
    let mut input = HashedInput::new("");
    let empty = Hashed::serialize(input.clone()).unwrap();
    assert_eq!((empty.uri().path(), empty.headers().len()), ("/-/hashed", 1));
    input.owner = "me".to_owned();
    input.body = Some(Bytes::from_static(b"hello world"));
    let request = Hashed::serialize(input.clone()).unwrap();
    assert_eq!(request.uri().path(), "/me/hashed");
    let hash = "b94d27b9934d3e08a52e52d7da7dabfac484efe37a5380ee9088f7ace2efcde9";
    assert_eq!(request.headers()["x-amz-content-sha256"], hash);
    assert_eq!(request.headers()["x-amz-sha256-tree-hash"], hash);
    input.hash = Some("mine".to_owned());
    assert_eq!(Hashed::serialize(input).unwrap().headers()["x-amz-sha256-tree-hash"], "mine");
}

#[test]
fn operations_have_the_authentication_of_the_model() {
    assert_eq!(Call::AUTHENTICATION, Authentication::Required);
    assert_eq!(Open::AUTHENTICATION, Authentication::Optional);
    assert_eq!(Compressed::AUTHENTICATION, Authentication::None);
    let unsigned = |unsigned: bool| unsigned;
    assert!(unsigned(Upload::UNSIGNED_PAYLOAD) && !unsigned(Call::UNSIGNED_PAYLOAD));
    fn needs_length<O: PayloadInput>() -> bool {
        O::REQUIRES_LENGTH
    }
    assert!(needs_length::<Upload>());
}

#[test]
fn streaming_blobs_can_be_sent_from_memory() {
    let mut input = UploadInput::default();
    input.body = Some(Bytes::from_static(b"abc"));
    let expected = "PUT /upload\ncontent-type: application/octet-stream\nx-version: 7\n\nabc";
    assert_eq!(request_text::<Upload>(input), expected);
    let mut output = UploadOutput::default();
    output.body = Bytes::from_static(b"def");
    assert_eq!(response_text::<Upload>(output), "200\ncontent-type: application/octet-stream\n\ndef");
}

#[test]
fn errors_can_have_a_payload() {
    use invoke_model_protocol::{ErrorMetadata, ServerOperation};
    let mut refused = Refused::default();
    let mut why = Why::default();
    why.text = Some("no".to_owned());
    (refused.why, refused.code) = (Some(why), Some(7));
    let error = UploadError::from(refused);
    let written = Upload::serialize_error(&error).unwrap().unwrap();
    assert_eq!(written.headers()["x-amzn-errortype"], "Refused");
    assert_eq!((written.status().as_u16(), &written.body()[..]), (409, &b"{\"text\":\"no\"}"[..]));
    let parsed = Upload::parse_error(ErrorMetadata::from_response(&written), &written).unwrap();
    assert_eq!(parsed, error);
    // If the response has no error code, the status identifies the error.
    let bare = response(409, &[], "");
    let parsed = Upload::parse_error(ErrorMetadata::from_response(&bare), &bare).unwrap();
    assert_eq!(parsed, UploadError::from(Refused::default()));
}
