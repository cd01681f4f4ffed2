//! Property tests: inputs and outputs stay the same when they are serialized and parsed, and parsers do not
//! panic.

use bytes::Bytes;
use invoke_model_types::{
    ErrorMetadata, InvokeModel, InvokeModelInput, InvokeModelOutput, Operation, ServerOperation,
};
use proptest::collection::vec;
use proptest::option::of;
use proptest::prelude::*;

/// Returns a strategy for values that a header can contain unchanged. The values have no control characters,
/// and no blanks at their ends.
fn header() -> impl Strategy<Value = String> {
    "[!-~¡-ÿ]([ -~¡-ÿ]{0,20}[!-~¡-ÿ])?"
}

prop_compose! {
    fn input()(
        // `.` and `..` cannot be serialized, because they would change the path.
        model_id in ".{1,80}".prop_filter("dot segment", |id| id != "." && id != ".."),
        // An empty body is parsed as unset.
        body in of(vec(any::<u8>(), 1..200)),
        fields in (of(header()), of(header()), of(header()), of(header())),
        more in (of(header()), of(header()), of(header()), of(header())),
    ) -> InvokeModelInput {
        let mut input = InvokeModelInput::new(model_id);
        input.body = body.map(Bytes::from);
        (input.content_type, input.accept, input.guardrail_identifier, input.guardrail_version) = fields;
        input.trace = more.0.map(Into::into);
        input.performance_config_latency = more.1.map(Into::into);
        input.service_tier = more.2.map(Into::into);
        input.request_metadata = more.3;
        input
    }
}

proptest! {
    #[test]
    fn inputs_round_trip(input in input()) {
        let request = InvokeModel::serialize(input.clone()).unwrap();
        let mut expected = input;
        if expected.body.is_some() {
            // Serialization adds only this default value.
            expected.content_type.get_or_insert_with(|| "application/json".to_owned());
        }
        prop_assert_eq!(InvokeModel::parse_request(&request).unwrap(), expected);
    }

    #[test]
    fn outputs_round_trip(body in vec(any::<u8>(), 0..200), content_type in header(), tier in of(header())) {
        let mut output = InvokeModelOutput::new(Bytes::from(body), content_type);
        output.service_tier = tier.map(Into::into);
        let response = InvokeModel::serialize_response(output.clone()).unwrap();
        prop_assert_eq!(InvokeModel::parse(&response).unwrap(), output);
    }

    #[test]
    fn parsers_do_not_panic_on_any_response(
        status in 100u16..1000,
        code in vec(any::<u8>(), 0..40),
        body in vec(any::<u8>(), 0..200),
    ) {
        let mut response = http::Response::builder().status(status).body(Bytes::from(body)).unwrap();
        if let Ok(value) = http::HeaderValue::from_bytes(&code) {
            response.headers_mut().insert("x-amzn-errortype", value.clone());
            response.headers_mut().insert("content-type", value);
        }
        let metadata = ErrorMetadata::from_response(&response);
        let _ = InvokeModel::parse_error(metadata, &response);
        let _ = InvokeModel::parse(&response);
    }

    #[test]
    fn parsers_do_not_panic_on_any_error_body(code in "[A-Za-z]{0,12}", value in any_json(), which in 0usize..10) {
        let names = ["AccessDeniedException", "InternalServerException", "ModelErrorException",
            "ModelNotReadyException", "ModelTimeoutException", "ResourceNotFoundException",
            "ServiceQuotaExceededException", "ServiceUnavailableException", "ThrottlingException", "ValidationException"];
        let body = format!(r#"{{"__type":"{}{code}","message":{value},"originalStatusCode":{value}}}"#, names[which]);
        let response = http::Response::builder().status(400).body(Bytes::from(body)).unwrap();
        let _ = InvokeModel::parse_error(ErrorMetadata::from_response(&response), &response);
    }

    #[test]
    fn parsers_do_not_panic_on_any_request(path in "/[!-~]{0,60}", body in vec(any::<u8>(), 0..100)) {
        if let Ok(request) = http::Request::builder().method("POST").uri(path).body(Bytes::from(body)) {
            if let Ok(input) = InvokeModel::parse_request(&request) {
                let _ = InvokeModel::violations(&input).to_string();
            }
        }
    }
}

fn any_json() -> impl Strategy<Value = String> {
    prop_oneof![
        Just("null".to_owned()),
        any::<i64>().prop_map(|number| number.to_string()),
        Just("[{}]".to_owned()),
        Just("\"text\"".to_owned()),
        Just("1e400".to_owned()),
    ]
}
