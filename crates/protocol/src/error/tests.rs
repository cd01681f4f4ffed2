//! Tests of the metadata of error responses.

use bytes::Bytes;
use proptest::prelude::*;

use super::ErrorMetadata;
use crate::json;

fn read(headers: &[(&str, &str)], body: &str) -> ErrorMetadata {
    let mut response = http::Response::builder().status(400);
    for (name, value) in headers {
        response = response.header(*name, *value);
    }
    ErrorMetadata::from_response(&response.body(Bytes::copy_from_slice(body.as_bytes())).unwrap())
}

fn check(headers: &[(&str, &str)], body: &str, code: Option<&str>, message: Option<&str>) {
    let metadata = read(headers, body);
    assert_eq!((metadata.code(), metadata.message()), (code, message), "{headers:?} {body}");
}

#[test]
fn finds_the_code_in_header_and_body() {
    let code = Some("FooError");
    check(&[("x-amzn-errortype", "FooError")], "", code, None);
    check(&[("x-amzn-errortype", "FooError:http://internal.amazon.com/coral/a/")], "{}", code, None);
    check(&[("x-amzn-errortype", "aws.protocols#FooError:http://x")], "{}", code, None);
    check(&[], r#"{"code":"FooError"}"#, code, None);
    check(&[], r#"{"__type":"FooError"}"#, code, None);
    check(&[], r#"{"__type":"aws.protocols#FooError:http://x/#y"}"#, code, None);
    check(&[("x-amzn-errortype", "FooError")], r#"{"__type":"Bar","code":"Baz"}"#, code, None);
    check(&[], r#"{"__type":"Bar","code":"FooError"}"#, code, None);
}

#[test]
fn finds_the_message_in_both_spellings() {
    check(&[], r#"{"code":"A","message":"text"}"#, Some("A"), Some("text"));
    check(&[], r#"{"code":"A","Message":"text"}"#, Some("A"), Some("text"));
}

#[test]
fn finds_code_and_message_in_the_member_error() {
    let nested = |headers: &[(&str, &str)], body: &'static str| {
        let response =
            http::Response::builder().status(400).body(Bytes::from_static(body.as_bytes())).unwrap();
        let metadata = read(headers, body).with_nested_error(&response);
        metadata.map(|metadata| metadata.to_string()).map_err(|metadata| metadata.to_string())
    };
    let check = |body, expected: &str| assert_eq!(nested(&[], body), Ok(expected.to_owned()), "{body}");
    check(r#"{"error":{"message":"no","type":"invalid_request_error","code":"bad"}}"#, "bad: no");
    check(
        r#"{"error":{"message":"no","type":"invalid_request_error","code":null}}"#,
        "invalid_request_error: no",
    );
    check(r#"{"error":{"message":"no","type":"t","code":400}}"#, "t: no");
    check(
        r#"{"type":"error","error":{"type":"overloaded_error","message":"busy"}}"#,
        "overloaded_error: busy",
    );
    check(r#"{"error":{}}"#, "HTTP 400 without an error code");

    let unchanged = |headers: &[(&str, &str)], body, expected: &str| {
        assert_eq!(nested(headers, body), Err(expected.to_owned()), "{body}");
    };
    unchanged(&[], r#"{"code":"A","error":{"code":"B"}}"#, "A");
    unchanged(&[("x-amzn-errortype", "A")], r#"{"error":{"code":"B"}}"#, "A");
    unchanged(&[], r#"{"error":"text","message":"no"}"#, "HTTP 400: no");
    let coded = nested(&[("x-amzn-errortype", "A")], r#"{"error":{"message":"no"}}"#);
    assert_eq!(coded, Ok("A: no".to_owned()));
    assert_eq!(nested(&[], r#"{"error":"model not found"}"#), Ok("HTTP 400: model not found".to_owned()));
    unchanged(
        &[],
        "[]",
        "HTTP 400 without an error code: [] (no content type, 2 bytes; a proxy or load balancer may have responded instead of the service)",
    );
}

#[test]
fn finds_the_message_in_json_of_gateways() {
    check(&[], r#"{"error":{"message":"upstream reset"}}"#, None, Some("upstream reset"));
    check(&[], r#"{"error":"upstream reset"}"#, None, Some("upstream reset"));
    check(&[], r#"{"message":null,"error":{"message":"a"}}"#, None, Some("a"));
    check(&[], r#"{"detail":"b","error":{"message":"a"}}"#, None, Some("a"));
    check(&[], r#"{"message":"own","error":{"message":"a"}}"#, None, Some("own"));
    check(&[], r#"{"errors":[{"msg":"first"},{"msg":"second"}]}"#, None, Some("first"));
    check(&[], r#"[{"error":{"code":403,"message":"list"}}]"#, None, Some("list"));
    check(&[], r#"{"detail":[{"loc":["body"],"msg":"field required"}]}"#, None, Some("field required"));
    check(&[], r#"{"fault":{"faultstring":"quota","detail":{"errorcode":"x"}}}"#, None, Some("quota"));
    check(&[], r#"{"title":"Forbidden","status":403,"detail":"no plan"}"#, None, Some("no plan"));
    check(&[], r#"{"message":["one","two"]}"#, None, Some("one"));
    check(&[], r#"{"errors":["one","two"]}"#, None, Some("one"));
    check(&[], r#"{"response":{"error":{"message":"wrapped"}}}"#, None, Some("wrapped"));
    check(&[], r#"{"error":{"code":"429","innererror":{"message":"inner"}}}"#, None, Some("inner"));
    for name in ["err", "error_msg", "exception", "cause", "info", "MESSAGE"] {
        check(&[], &format!(r#"{{"{name}":"words"}}"#), None, Some("words"));
    }
    check(&[], r#"{"message":"","Message":"words"}"#, None, Some("words"));
    check(&[], r#""only a text""#, None, Some("only a text"));
    check(&[], "{}", None, None);
    check(
        &[],
        "{\"error\":{\"error\":{\"error\":{\"error\":{\"error\":{\"error\":{\"error\":\"deep\"}}}}}}}",
        None,
        None,
    );
    // Codes in members that only AWS uses.
    check(
        &[],
        r#"{"Output":{"__type":"com.amazon.coral.service#UnknownOperationException"},"Version":"1.0"}"#,
        Some("UnknownOperationException"),
        None,
    );
    check(&[], r#"{"Error":{"Code":"AccessDenied","Message":"no"}}"#, Some("AccessDenied"), Some("no"));
    // The code of another API is not a code of the service.
    check(&[], r#"{"error":{"message":"a","type":"server_error","code":"bad_gateway"}}"#, None, Some("a"));
}

#[test]
fn finds_the_message_in_other_formats() {
    check(&[], "upstream connect error\r\n", None, Some("upstream connect error"));
    check(&[], "\u{feff}{\"code\":\"A\",\"message\":\"mark\"}", Some("A"), Some("mark"));
    check(
        &[],
        "<ErrorResponse xmlns=\"https://x/\">\n <Error><Type>Sender</Type><Code>InvalidAction</Code>\n \
         <Message>a &lt; b &amp;&#x41;</Message></Error><RequestId>1</RequestId></ErrorResponse>",
        Some("InvalidAction"),
        Some("a < b &A"),
    );
    check(
        &[],
        "<?xml version=\"1.0\"?><AccessDeniedException><Message><![CDATA[<no>]]></Message></AccessDeniedException>",
        Some("AccessDeniedException"),
        Some("<no>"),
    );
    check(&[], "<UnknownOperationException/>", Some("UnknownOperationException"), None);
    check(
        &[],
        "<e:Envelope><e:Fault><faultstring>busy</faultstring></e:Fault></e:Envelope>",
        None,
        Some("busy"),
    );
    check(
        &[],
        "<!DOCTYPE html><HTML><head><title>502 Bad Gateway</title><style>a<b{}</style></head><body><!-- <p>x -->\
         <h1>502 Bad Gateway</h1><hr>nginx<script>if (a<b) {}</script></body></HTML>",
        None,
        Some("502 Bad Gateway nginx"),
    );
    check(&[], "<html>", None, None);
    check(&[("x-amzn-error-message", "in a header")], "", None, Some("in a header"));
    check(&[("content-encoding", "br")], "{\"message\":\"encoded\"}", None, None);
}

#[test]
fn reads_texts_that_are_not_utf_8() {
    let message = |body: &[u8]| {
        let response = http::Response::builder().status(502).body(Bytes::copy_from_slice(body)).unwrap();
        ErrorMetadata::from_response(&response).message().map(str::to_owned)
    };
    assert_eq!(message(b"ung\xfcltig").as_deref(), Some("ung\u{fc}ltig"));
    assert_eq!(message(b"\xff\xfen\0o\0").as_deref(), Some("no"));
    assert_eq!(message(b"\xfe\xff\0n\0o").as_deref(), Some("no"));
    assert_eq!(message(b"{\"message\":\"f\xfcr\"}").as_deref(), Some("f\u{fc}r"));
    // Binary data has no words.
    assert_eq!(message(b"\x1f\x8b\x08\0\0\0\0\0\0\xff\x01\x02"), None);
}

#[test]
fn incomplete_bodies_keep_the_received_words() {
    check(&[], r#"{"__type":"A","message":"text","trace":"aaaa"#, Some("A"), Some("text"));
    check(&[], r#"{"message":"cut in the mess"#, None, Some(r#"{"message":"cut in the mess"#));
    let long = "x".repeat(5000);
    assert_eq!(read(&[], &long).message().unwrap().len(), 1002);
    let nested = "[".repeat(1 << 20);
    assert_eq!(read(&[], &nested).code(), None);
}

#[test]
fn modeled_errors_have_the_message_of_a_gateway() {
    let message = |body: &str| {
        let mut nodes = json::Nodes::default();
        json::Object::from_body(body.as_bytes(), &mut nodes).unwrap().message().unwrap()
    };
    assert_eq!(message(r#"{"error":{"message":"nested"}}"#).as_deref(), Some("nested"));
    assert_eq!(message(r#"{"error":"text"}"#).as_deref(), Some("text"));
    assert_eq!(message(r#"{"errors":[{"detail":"first"}]}"#).as_deref(), Some("first"));
    assert_eq!(message(r#"{"errors":["first","second"]}"#).as_deref(), Some("first"));
    assert_eq!(message(r#"{"response":{"error":{"message":"wrapped"}}}"#).as_deref(), Some("wrapped"));
    assert_eq!(message(r#"{"err":"text"}"#).as_deref(), Some("text"));
    assert_eq!(message(r#"{"message":"","Message":"","error":"text"}"#).as_deref(), Some("text"));
    assert_eq!(message(r#"{"message":""}"#).as_deref(), Some(""));
    assert_eq!(message(r#"{"message":"own","error":"text"}"#).as_deref(), Some("own"));
    assert_eq!(message(r#"{"error":{"code":1}}"#), None);
}

#[test]
fn a_redirect_has_its_location() {
    let read = |status: u16, location: &str| {
        let response = http::Response::builder().status(status).header("location", location);
        ErrorMetadata::from_response(&response.body(Bytes::new()).unwrap())
    };
    let metadata = read(307, "https://user:secret@other.example/model?x=1@2");
    assert_eq!(metadata.location(), Some("https://other.example/model?x=1@2"));
    assert_eq!(
        metadata.to_string(),
        "HTTP 307 without an error code; the server redirects to https://other.example/model?x=1@2"
    );
    assert_eq!(read(302, "/login?user=a@b").location(), Some("/login?user=a@b"));
    assert_eq!(read(201, "/created").location(), None);
}

#[test]
fn display_names_an_encoding() {
    let encoded = |headers: &[(&str, &str)]| read(headers, "\u{1}\u{2}").to_string();
    assert_eq!(
        encoded(&[("content-encoding", "br")]),
        "HTTP 400 without an error code: the body has the content encoding `br`, which is not supported"
    );
    assert_eq!(
        encoded(&[("content-encoding", "br"), ("x-amzn-errortype", "A")]),
        "A (the message is unknown: the body has the content encoding `br`, which is not supported)"
    );
}

#[test]
fn display_names_a_proxy_page() {
    let metadata = read(&[("content-type", "text/html")], "<html>Bad Gateway</html>");
    assert_eq!(
        metadata.to_string(),
        "HTTP 400 without an error code: Bad Gateway (text/html, 24 bytes; a proxy or load balancer may have \
         responded instead of the service)"
    );
    assert_eq!(metadata.status_without_code(), None);
    assert_eq!(read(&[], "").status_without_code(), Some(400));
    assert_eq!(read(&[], "").to_string(), "HTTP 400 without an error code");
}

proptest! {
    #[test]
    fn arbitrary_responses_do_not_panic(code in "[ -~]*", body in prop::collection::vec(any::<u8>(), 0..200)) {
        let response = http::Response::builder().header("x-amzn-errortype", code).body(Bytes::from(body)).unwrap();
        let _ = ErrorMetadata::from_response(&response).to_string();
    }
}
