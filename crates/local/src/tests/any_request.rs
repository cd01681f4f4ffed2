//! Property test: the endpoint responds to every request.

use http::{HeaderName, HeaderValue, Method};
use invoke_model_protocol::event_stream::Decoder;
use proptest::prelude::*;

use super::*;

fn any_target() -> impl Strategy<Value = String> {
    prop_oneof![
        "/[!-~]{0,40}",
        "/model/[!-~]{0,40}/invoke",
        Just("/model/amazon.titan-embed-text-v2%3A0/invoke".to_owned()),
        Just("/model/anthropic.claude-3-haiku-20240307-v1%3A0/invoke".to_owned()),
        Just("/model/local.error-v1/invoke".to_owned()),
        Just("/model/local.error-v1/invoke-with-response-stream".to_owned()),
        Just("/model/meta.llama3-8b-instruct-v1%3A0/invoke-with-response-stream".to_owned()),
        Just("/model/%FF%00/invoke".to_owned()),
        Just("/model/amazon.nova-lite-v1%3A0/converse".to_owned()),
        Just("/model/amazon.nova-lite-v1%3A0/converse-stream".to_owned()),
        Just("/model/local.error-v1/converse-stream".to_owned()),
        Just("/model/anthropic.claude-3-haiku-20240307-v1%3A0/count-tokens".to_owned()),
    ]
}

fn any_body() -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![
        prop::collection::vec(any::<u8>(), 0..100),
        r#"\{"(inputText|prompt|error|messages|max_tokens)":("[a-z]{0,4}"|"ThrottlingException"|[0-9]{1,3}|\[\{\}\]|null)\}"#
            .prop_map(String::into_bytes),
    ]
}

fn any_headers() -> impl Strategy<Value = Vec<(String, Vec<u8>)>> {
    let name = prop_oneof![
        Just("authorization".to_owned()),
        Just("content-type".to_owned()),
        Just("accept".to_owned()),
        Just("x-amz-date".to_owned()),
        "x-amz(n-bedrock)?-[a-z]{1,12}",
    ];
    let value = prop_oneof![
        prop::collection::vec(any::<u8>(), 0..40),
        "(Bearer |AWS4-HMAC-SHA256 Credential=)[ -~]{0,60}".prop_map(String::into_bytes),
        Just(b"application/json".to_vec()),
        Just(b"20150830T123600Z".to_vec()),
    ];
    prop::collection::vec((name, value), 0..6)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]
    #[test]
    fn every_request_gets_a_response(
        method in prop_oneof![Just(Method::POST), Just(Method::GET)],
        target in any_target(),
        headers in any_headers(),
        body in any_body(),
        signed: bool,
        verify: bool,
    ) {
        let Ok(mut request) = Request::builder().method(method).uri(target).body(Bytes::from(body)) else {
            return Ok(());
        };
        request.headers_mut().insert("host", HeaderValue::from_static("127.0.0.1"));
        for (name, value) in headers {
            if let (Ok(name), Ok(value)) = (name.parse::<HeaderName>(), HeaderValue::from_bytes(&value)) {
                request.headers_mut().append(name, value);
            }
        }
        if signed {
            let (mut parts, body) = request.into_parts();
            // If signing fails, the request is sent unsigned.
            let _ = Signer::new("us-east-1", "bedrock").sign(&mut parts, &credentials(), &PayloadHash::of(&body), now());
            request = Request::from_parts(parts, body);
        }
        let endpoint = builder().verify(verify).build_state();
        let response = send(&endpoint, request);
        prop_assert_eq!(&response.headers()["x-amzn-requestid"], "00000000-0000-4000-8000-000000000001");
        let call = endpoint.log.calls().pop().unwrap();
        prop_assert_eq!(call.status, response.status().as_u16());
        prop_assert_eq!(call.error_code.is_none(), response.status().is_success());
        if call.stream.is_some() {
            let mut decoder = Decoder::new();
            decoder.push(response.body());
            while decoder.decode().unwrap().is_some() {}
            prop_assert_eq!(decoder.finish(), Ok(()));
        } else {
            prop_assert!(serde_json::from_slice::<serde_json::Value>(response.body()).is_ok());
        }
    }
}
