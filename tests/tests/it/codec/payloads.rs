//! Members that are bound to the whole payload.

use bytes::Bytes;
use invoke_model_protocol::json::Value;
use invoke_model_protocol::{Operation, ServerOperation};
use invoke_model_tests::payloads::*;

use super::{request_text, response, response_text, text_of};

/// Checks an input and an output of the same shape: after the first line, request and response are equal.
macro_rules! check {
    ($operation:ident, $input:ident, $output:ident, $payload:expr, $path:literal, $expected:expr) => {{
        let (mut input, mut output) = ($input::default(), $output::default());
        input.payload = $payload;
        output.payload = $payload;
        assert_eq!(request_text::<$operation>(input), format!("PUT /{}\n{}", $path, $expected));
        assert_eq!(response_text::<$operation>(output), format!("200\n{}", $expected));
    }};
}

const JSON: &str = "content-type: application/json\n";

#[test]
fn blob_payloads() {
    let blob = Bytes::from_static(b"\x01abc");
    check!(PutBlob, PutBlobInput, PutBlobOutput, None, "blob", "");
    let expected = "content-type: image/png\n\n\x01abc";
    check!(
        PutRequiredBlob,
        PutRequiredBlobInput,
        PutRequiredBlobOutput,
        blob.clone(),
        "requiredblob",
        expected
    );
    let mut input = PutBlobInput::default();
    input.payload = Some(blob);
    // An unset content type is sent with a default value, which the server then parses.
    let request = PutBlob::serialize(input.clone()).unwrap();
    assert_eq!(text_of(&request), "PUT /blob\ncontent-type: application/octet-stream\n\n\x01abc");
    input.content_type = Some("text/csv".to_owned());
    assert_eq!(request_text::<PutBlob>(input), "PUT /blob\ncontent-type: text/csv\n\n\x01abc");
}

#[test]
fn text_and_enum_payloads() {
    let expected = "content-type: text/plain\n\né";
    check!(PutText, PutTextInput, PutTextOutput, Some("é".to_owned()), "text", expected);
    check!(PutText, PutTextInput, PutTextOutput, None, "text", "");
    let expected = "content-type: text/html\n\n<p>";
    check!(
        PutRequiredText,
        PutRequiredTextInput,
        PutRequiredTextOutput,
        "<p>".to_owned(),
        "requiredtext",
        expected
    );
    let expected = "content-type: text/plain\n\nmedium";
    check!(PutKind, PutKindInput, PutKindOutput, Some("medium".into()), "kind", expected);
}

#[test]
fn structure_payloads() {
    let mut point = Point::default();
    (point.x, point.y) = (Some(1), Some(-2));
    let expected = format!("{JSON}\n{{\"x\":1,\"y\":-2}}");
    check!(PutStructure, PutStructureInput, PutStructureOutput, Some(point.clone()), "structure", expected);
    check!(
        PutRequiredStructure,
        PutRequiredStructureInput,
        PutRequiredStructureOutput,
        point.clone(),
        "requiredstructure",
        expected
    );
    // An unset structure is sent without members.
    let request = PutStructure::serialize(PutStructureInput::default()).unwrap();
    assert_eq!(
        (&request.body()[..], &request.headers()["content-type"]),
        (&b"{}"[..], &"application/json".parse().unwrap())
    );
    assert_eq!(PutRequiredStructure::parse(&response(200, &[], "")).unwrap().payload, Point::default());
    assert_eq!(PutStructure::parse(&response(200, &[], "null")).unwrap().payload, None);
    let error = PutStructure::parse(&response(200, &[], r#"{"x":"1"}"#)).unwrap_err();
    assert_eq!(error.to_string(), "`payload.x`: expected an integer, found a string");
}

#[test]
fn union_payloads() {
    let choice = Choice::Text("a".to_owned());
    let expected = format!("{JSON}\n{{\"text\":\"a\"}}");
    check!(PutUnion, PutUnionInput, PutUnionOutput, Some(choice.clone()), "union", expected);
    check!(PutUnion, PutUnionInput, PutUnionOutput, None, "union", "");
    check!(
        PutRequiredUnion,
        PutRequiredUnionInput,
        PutRequiredUnionOutput,
        choice.clone(),
        "requiredunion",
        expected
    );
    assert!(matches!(PutRequiredUnion::parse(&response(200, &[], "")).unwrap().payload, Choice::Unknown(_)));
    let error = PutUnion::parse(&response(200, &[], r#"{"text":"a","point":{}}"#)).unwrap_err();
    assert_eq!(error.to_string(), "`payload`: a union must have one member, but this one has 2");
}

#[test]
fn document_payloads() {
    let document: Value = serde_json::from_str(r#"{"a":[1,null,"é"]}"#).unwrap();
    let expected = format!("{JSON}\n{{\"a\":[1,null,\"é\"]}}");
    check!(PutDocument, PutDocumentInput, PutDocumentOutput, Some(document.clone()), "document", expected);
    check!(PutDocument, PutDocumentInput, PutDocumentOutput, None, "document", "");
    check!(
        PutRequiredDocument,
        PutRequiredDocumentInput,
        PutRequiredDocumentOutput,
        document.clone(),
        "requireddocument",
        expected
    );
    check!(
        PutRequiredDocument,
        PutRequiredDocumentInput,
        PutRequiredDocumentOutput,
        Value::Null,
        "requireddocument",
        format!("{JSON}\nnull")
    );
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
        "method or path do not match the operation `PUT /blob`"
    );
}
