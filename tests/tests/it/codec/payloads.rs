//! Tests of members that are bound to the entire payload.

use bytes::Bytes;
use invoke_model_protocol::json::Value;
use invoke_model_protocol::{Operation, ServerOperation};
use invoke_model_tests::payloads::*;

use super::{request_text, response, response_text, text_of};

/// Checks the request for an input with the given payload.
macro_rules! check_input {
    ($operation:ident, $input:ident, $payload:expr, $path:literal, $expected:expr) => {{
        let mut input = $input::default();
        input.payload = $payload;
        assert_eq!(request_text::<$operation>(input), format!("PUT /{}\n{}", $path, $expected));
    }};
}

/// Checks the response for an output with the given payload.
macro_rules! check_output {
    ($operation:ident, $output:ident, $payload:expr, $expected:expr) => {{
        let mut output = $output::default();
        output.payload = $payload;
        assert_eq!(response_text::<$operation>(output), format!("200\n{}", $expected));
    }};
}

const JSON: &str = "content-type: application/json\n";

#[test]
fn blob_payloads() {
    let blob = Bytes::from_static(b"\x01abc");
    check_input!(PutBlob, PutBlobInput, None, "blob", "");
    check_output!(PutBlob, PutBlobOutput, blob.clone(), "content-type: image/png\n\n\x01abc");
    let mut input = PutBlobInput::default();
    input.payload = Some(blob);
    // If the input has no content type, the client sends the default content type. The input that the server
    // parses then has the default content type, so it differs from the input of the client.
    let request = PutBlob::serialize(input.clone()).unwrap();
    assert_eq!(text_of(&request), "PUT /blob\ncontent-type: application/octet-stream\n\n\x01abc");
    input.content_type = Some("text/csv".to_owned());
    assert_eq!(request_text::<PutBlob>(input), "PUT /blob\ncontent-type: text/csv\n\n\x01abc");
}

#[test]
fn text_and_enum_payloads() {
    let expected = "content-type: text/plain\n\né";
    check_input!(PutText, PutTextInput, Some("é".to_owned()), "text", expected);
    check_input!(PutText, PutTextInput, None, "text", "");
    check_output!(PutText, PutTextOutput, "<p>".to_owned(), "content-type: text/html\n\n<p>");
    let expected = "content-type: text/plain\n\nmedium";
    check_input!(PutKind, PutKindInput, Some("medium".into()), "kind", expected);
    check_output!(PutKind, PutKindOutput, Some("medium".into()), expected);
}

#[test]
fn structure_payloads() {
    let mut point = Point::default();
    (point.x, point.y) = (Some(1), Some(-2));
    let expected = format!("{JSON}\n{{\"x\":1,\"y\":-2}}");
    check_input!(PutStructure, PutStructureInput, Some(point.clone()), "structure", expected);
    check_output!(PutStructure, PutStructureOutput, point.clone(), expected);
    // The client sends an unset structure as a structure without members.
    let request = PutStructure::serialize(PutStructureInput::default()).unwrap();
    assert_eq!(
        (&request.body()[..], &request.headers()["content-type"]),
        (&b"{}"[..], &"application/json".parse().unwrap())
    );
    assert_eq!(PutStructure::parse(&response(200, &[], "")).unwrap().payload, Point::default());
    assert_eq!(PutStructure::parse(&response(200, &[], "null")).unwrap().payload, Point::default());
    let null = http::Request::put("/structure").body(Bytes::from_static(b"null")).unwrap();
    assert_eq!(PutStructure::parse_request(&null).unwrap().payload, None);
    let error = PutStructure::parse(&response(200, &[], r#"{"x":"1"}"#)).unwrap_err();
    assert_eq!(error.to_string(), "`payload.x`: expected an integer, found a string");
}

#[test]
fn union_payloads() {
    let choice = Choice::Text("a".to_owned());
    let expected = format!("{JSON}\n{{\"text\":\"a\"}}");
    check_input!(PutUnion, PutUnionInput, Some(choice.clone()), "union", expected);
    check_input!(PutUnion, PutUnionInput, None, "union", "");
    check_output!(PutUnion, PutUnionOutput, choice.clone(), expected);
    assert!(matches!(PutUnion::parse(&response(200, &[], "")).unwrap().payload, Choice::Unknown(_)));
    let error = PutUnion::parse(&response(200, &[], r#"{"text":"a","point":{}}"#)).unwrap_err();
    assert_eq!(error.to_string(), "`payload`: a union must have one member, but this union has 2");
}

#[test]
fn document_payloads() {
    let document: Value = serde_json::from_str(r#"{"a":[1,null,"é"]}"#).unwrap();
    let expected = format!("{JSON}\n{{\"a\":[1,null,\"é\"]}}");
    check_input!(PutDocument, PutDocumentInput, Some(document.clone()), "document", expected);
    check_input!(PutDocument, PutDocumentInput, None, "document", "");
    check_output!(PutDocument, PutDocumentOutput, document.clone(), expected);
    check_output!(PutDocument, PutDocumentOutput, Value::Null, format!("{JSON}\nnull"));
}

#[test]
fn invalid_payloads_are_errors() {
    assert_eq!(
        PutDocument::parse(&response(200, &[], "{")).unwrap_err().to_string(),
        "the body is not JSON (line 1, column 1)"
    );
    let bytes = http::Response::new(Bytes::from_static(b"\xff"));
    assert_eq!(PutText::parse(&bytes).unwrap_err().to_string(), "`payload`: the text is not UTF-8");
    let request = http::Request::put("/blob/more").body(Bytes::new()).unwrap();
    assert_eq!(
        PutBlob::parse_request(&request).unwrap_err().to_string(),
        "the method or path does not match the operation `PUT /blob`"
    );
}
