//! Tests of the path under which the endpoint serves the operations.

use super::*;

/// Returns a signed request with another path.
fn under(path: &str, request: Request<Bytes>) -> Request<Bytes> {
    let (mut parts, body) = request.into_parts();
    parts.uri = format!("{path}{}", parts.uri).parse().unwrap();
    sign(Request::from_parts(parts, body))
}

#[test]
fn calls_under_the_path_are_served() {
    for path in ["/bedrock/v1", "bedrock/v1/"] {
        let endpoint = builder().base_path(path).build_state();
        let response = send(&endpoint, under("/bedrock/v1", request(input(TITAN, BODY))));
        assert_eq!(response.status(), 200);
        let call = endpoint.log.calls().pop().unwrap();
        assert_eq!(call.target, "/bedrock/v1/model/amazon.titan-embed-text-v2%3A0/invoke");
        assert_eq!((call.operation, call.model_id.as_deref()), (Some("InvokeModel"), Some(TITAN)));
        assert!(call.signed);

        let list = Request::get("/async-invoke?maxResults=7").header("host", "localhost").body(Bytes::new());
        let response = send(&endpoint, under("/bedrock/v1", list.unwrap()));
        assert_eq!(response.status(), 200, "{response:?}");
    }
}

#[test]
fn calls_of_other_paths_fail() {
    let endpoint = builder().base_path("/bedrock").build_state();
    for path in ["", "/bedrockx", "/other/bedrock"] {
        let request = under(path, request(input(TITAN, BODY)));
        let message = check_error(&endpoint, request, 404, "UnknownOperationException");
        check_contains(&message, "InvokeModel (POST /bedrock/model/{modelId}/invoke)");
    }
    let endpoint = builder().base_path("/").build_state();
    assert_eq!(send(&endpoint, sign(request(input(TITAN, BODY)))).status(), 200);
}
