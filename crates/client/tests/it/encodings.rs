//! Tests of the content encoding of responses.

use std::io::Write;

use bytes::Bytes;
use flate2::Compression;
use flate2::write::GzEncoder;
use http::Method;
use invoke_model_client::types::InvokeModelError;
use invoke_model_client::{Client, Error, ErrorKind, ResponseBody, TransportErrorKind};
use invoke_model_protocol::event_stream::{HeaderValue, Message};

use crate::fake::{Fake, SendResult, response};

const ID: &str = "amazon.titan-embed-text-v2:0";

fn gzip(data: &[u8]) -> Bytes {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(data).unwrap();
    encoder.finish().unwrap().into()
}

fn encoded(status: u16, headers: &[(&str, &str)], body: Bytes) -> SendResult {
    Ok(response(status, headers, ResponseBody::from(body)))
}

/// Calls InvokeModel. The server returns a response with the content encoding `encoding`.
async fn call(encoding: &str, body: Bytes) -> Result<Bytes, Error<InvokeModelError>> {
    let fake = Fake::with_response(encoded(200, &[("content-encoding", encoding)], body));
    fake.client().invoke_model().model_id(ID).body("{}").send().await.map(|output| output.body)
}

#[tokio::test]
async fn requests_ask_for_no_encoding_unless_the_caller_sets_the_header() {
    let check = async |set: Option<&str>, expected: &str| {
        let fake = Fake::ok();
        let mut call = fake.client().invoke_model().model_id(ID).body("{}");
        if let Some(value) = set {
            call = call.header("Accept-Encoding", value);
        }
        call.send().await.unwrap();
        let request = fake.request();
        assert_eq!(request.headers()["accept-encoding"], expected);
        assert_eq!(request.headers().get_all("accept-encoding").iter().count(), 1);
        let authorization = request.headers()["authorization"].to_str().unwrap();
        // A proxy may replace the default, so the signature does not cover it.
        assert_eq!(authorization.contains("accept-encoding"), set.is_some(), "{authorization}");
    };
    check(None, "identity").await;
    check(Some("gzip"), "gzip").await;
}

#[tokio::test]
async fn gzip_is_decoded() {
    let json = br#"{"embedding":[1]}"#;
    for encoding in ["gzip", "GZIP", "x-gzip", "gzip, identity"] {
        assert_eq!(call(encoding, gzip(json)).await.unwrap(), json[..], "{encoding}");
    }
    // Some servers set the header for bodies that are not encoded.
    assert_eq!(call("gzip", Bytes::from_static(json)).await.unwrap(), json[..]);
    assert_eq!(call("identity", Bytes::from_static(json)).await.unwrap(), json[..]);
    assert_eq!(call("gzip", Bytes::new()).await.unwrap(), "");
}

#[tokio::test]
async fn gzip_as_a_transfer_coding_is_decoded() {
    let check = async |coding: &str, body: Bytes| {
        let fake = Fake::with_response(encoded(200, &[("transfer-encoding", coding)], body));
        fake.client().invoke_model().model_id(ID).body("{}").send().await.map(|output| output.body)
    };
    assert_eq!(check("gzip, chunked", gzip(b"{}")).await.unwrap(), "{}");
    assert_eq!(check("chunked", Bytes::from_static(b"{}")).await.unwrap(), "{}");
    let error = check("br, chunked", Bytes::from_static(b"{}")).await.unwrap_err();
    assert!(error.to_string().contains("the response is encoded with `br`"), "{error}");
}

#[tokio::test]
async fn gzip_is_decoded_in_raw_and_chunked_responses() {
    let encoded =
        || encoded(200, &[("content-encoding", "gzip"), ("content-length", "9")], gzip(b"some data"));
    let fake = Fake::with_response(encoded());
    let response = fake.client().request(Method::GET, "/x").send().await.unwrap();
    assert_eq!(response.body(), "some data");
    assert!(response.headers().get("content-encoding").is_none());
    assert!(response.headers().get("content-length").is_none());

    let fake = Fake::with_response(encoded());
    let output = fake.client().invoke_model().model_id(ID).body("{}").send_streaming().await.unwrap();
    assert_eq!(output.body.collect().await.unwrap(), "some data");
}

#[tokio::test]
async fn gzip_is_decoded_in_errors() {
    let headers = [("content-encoding", "gzip"), ("x-amzn-errortype", "ValidationException")];
    let fake = Fake::with_response(encoded(400, &headers, gzip(br#"{"message":"compressed words"}"#)));
    let error = fake.client().invoke_model().model_id(ID).body("{}").send().await.unwrap_err();
    assert_eq!(error.message(), Some("compressed words"));
    assert!(matches!(error.as_service_error(), Some(InvokeModelError::ValidationException(_))));
    let fake = Fake::with_response(encoded(502, &headers[..1], gzip(b"<html><h1>Bad Gateway</h1></html>")));
    let error = fake.client().invoke_model().model_id(ID).body("{}").send().await.unwrap_err();
    assert_eq!(error.message(), Some("Bad Gateway"));
}

fn event(text: &str) -> Vec<u8> {
    let mut message = Message::builder();
    for (name, value) in [(":message-type", "event"), (":event-type", "chunk")] {
        message.header(name, HeaderValue::String(value)).unwrap();
    }
    let mut frame = Vec::new();
    message.payload(format!(r#"{{"bytes":"{text}"}}"#)).encode(&mut frame).unwrap();
    frame
}

async fn stream(client: &Client) -> Result<usize, Error> {
    let call = client.invoke_model_with_response_stream().model_id("a:0").body("{}");
    let (mut output, mut events) = (call.send().await?, 0);
    while output.events.recv().await?.is_some() {
        events += 1;
    }
    assert!(output.events.is_complete());
    Ok(events)
}

#[tokio::test]
async fn gzip_is_decoded_in_event_streams() {
    let frames = [event("e30="), event("e30=")].concat();
    let typed = ("x-amzn-bedrock-content-type", "application/json");
    let check = async |headers: &[(&str, &str)], body: Bytes| {
        stream(&Fake::with_response(encoded(200, headers, body)).client()).await
    };
    let headers = [typed, ("content-encoding", "gzip")];
    assert_eq!(check(&headers, gzip(&frames)).await.unwrap(), 2);

    // A truncated stream is truncated, and not complete.
    let body = gzip(&frames);
    let error = check(&headers, body.slice(..body.len() - 3)).await.unwrap_err();
    assert!(matches!(error.kind(), ErrorKind::Truncated(_)), "{error}");
    assert!(error.to_string().contains("content encoding `gzip`: the gzip data is incomplete"), "{error}");

    // Without the header, the error names the encoding, too.
    let error = check(&[typed], gzip(&frames)).await.unwrap_err().to_string();
    assert!(error.contains("the stream is compressed with gzip") && !error.contains("CRC"), "{error}");

    // A proxy may also send text with the content type of an event stream.
    for text in ["{\"message\":\"Internal Server Error\"}", "<!DOCTYPE html>\n<html>", "data: {\"a\":1}\n\n"]
    {
        let error = check(&[typed], Bytes::from_static(text.as_bytes())).await.unwrap_err().to_string();
        assert!(error.contains("the body is text and not an event stream"), "{error}");
    }
}

#[tokio::test]
async fn unsupported_encodings_are_named() {
    for encoding in ["br", "deflate", "zstd", "gzip, br", "gzip, gzip"] {
        let error = call(encoding, Bytes::from_static(b"\x01\x02")).await.unwrap_err();
        let ErrorKind::Parse { response, .. } = error.kind() else { panic!("{error}") };
        // The caller has paid for the response.
        assert_eq!(response.body(), "\x01\x02");
        assert!(error.to_string().contains(&format!("the response is encoded with `{encoding}`")), "{error}");
    }
    assert_eq!(call("br", Bytes::new()).await.unwrap(), "");
    let headers = [("content-encoding", "br"), ("x-amzn-errortype", "ThrottlingException")];
    let fake = Fake::with_response(encoded(429, &headers, Bytes::from_static(b"\x01\x02")));
    let error = fake.client().invoke_model().model_id(ID).body("{}").send().await.unwrap_err();
    assert!(error.is_throttled());
    assert!(error.to_string().contains("the body has the content encoding `br`"), "{error}");
}

#[tokio::test]
async fn corrupt_gzip_is_an_error_that_names_the_encoding() {
    let mut corrupt = gzip(b"some data").to_vec();
    corrupt[10] = 0xff;
    let error = call("gzip", corrupt.into()).await.unwrap_err();
    let ErrorKind::Transport(transport) = error.kind() else { panic!("{error}") };
    assert_eq!(transport.kind(), TransportErrorKind::BodyIncomplete);
    assert!(error.to_string().contains("cannot decode the content encoding `gzip`"), "{error}");
}

#[tokio::test]
async fn a_small_body_cannot_fill_the_memory() {
    // 130 MiB of zeros, in members of 1 MiB, have about 130 kB in gzip.
    let bomb = Bytes::from(gzip(&vec![0; 1 << 20]).repeat(130));
    assert!(bomb.len() < 1 << 20);
    let error = call("gzip", bomb.clone()).await.unwrap_err();
    let ErrorKind::Transport(transport) = error.kind() else { panic!("{error}") };
    assert_eq!(transport.kind(), TransportErrorKind::BodyTooLarge);
    assert!(error.to_string().contains("the limit is 134217728 bytes"), "{error}");

    let fake = Fake::with_response(encoded(400, &[("content-encoding", "gzip")], bomb));
    let error = fake.client().invoke_model().model_id(ID).body("{}").send().await.unwrap_err();
    assert_eq!(error.response().unwrap().body().len(), 1 << 20);
    assert!(error.to_string().contains("only the first 1048576 bytes"), "{error}");
}
