//! Tests of rules with frames and bodies in fault files.

use bytes::Bytes;
use invoke_model_protocol::event_stream::{Decoder, FrameErrorKind, HeaderValue, Message};
use serde_json::{Value, json};
use tokio::io::AsyncWriteExt;

use super::fault_connections::{exchange, stream_call};
use super::stream_wire::{read_chunks, read_head};
use super::streams::{LLAMA, PROMPT, chunk};
use super::wire::connect;
use super::*;
use crate::{Fault, FaultFile, StreamEnd, StreamRecord};

/// Returns an endpoint with one rule.
fn endpoint_with(rule: &str) -> Arc<EndpointState> {
    let file = FaultFile::from_json(&format!("{{\"rules\": [{rule}]}}")).unwrap();
    builder().fault_file(file).build_state()
}

/// Returns the frames that a list of frames in a rule stands for.
fn encoded(list: &str) -> Vec<Vec<u8>> {
    let endpoint = endpoint_with(&format!("{{\"frames\": {list}}}"));
    let (frames, error) = frames(head(&endpoint, streaming(LLAMA, PROMPT)).into_body());
    assert!(error.is_none(), "{error:?}");
    frames
}

/// Returns the message of a list with one valid frame.
fn only_message(frame: &str) -> Message {
    let mut decoder = Decoder::new();
    decoder.push(&encoded(&format!("[{frame}]")).concat());
    let message = decoder.decode().unwrap().expect("the frame is complete");
    decoder.finish().unwrap();
    message
}

#[track_caller]
fn check_message(frame: &str, headers: &[(&str, &str)], payload: &str) {
    let message = only_message(frame);
    let found: Vec<_> = message.headers().collect();
    let expected: Vec<_> = headers.iter().map(|(name, value)| (*name, HeaderValue::String(value))).collect();
    assert_eq!(found, expected);
    assert_eq!(message.payload(), payload);
}

#[track_caller]
fn check_invalid(rule: &str, message: &str) {
    let error = FaultFile::from_json(&format!("{{\"rules\": [\n{rule}\n]}}")).unwrap_err().to_string();
    assert!(error.starts_with(&format!("rule 1: {message}")), "{error}");
    assert!(error.contains(" at line 2 column "), "{error}");
}

#[test]
fn every_kind_of_frame_has_its_headers() {
    let json = (":content-type", "application/json");
    check_message(
        r#"{"event": "e", "payload": {"b": 1, "a": null}}"#,
        &[(":event-type", "e"), json, (":message-type", "event")],
        r#"{"b":1,"a":null}"#,
    );
    check_message(
        r#"{"exception": "throttlingException", "payload_text": "{ }"}"#,
        &[(":exception-type", "throttlingException"), json, (":message-type", "exception")],
        "{ }",
    );
    check_message(
        r#"{"error": {"code": "C", "message": "m"}}"#,
        &[(":error-code", "C"), (":error-message", "m"), (":message-type", "error")],
        "",
    );
    check_message(
        r#"{"error": {"code": "C"}, "payload": null}"#,
        &[(":error-code", "C"), (":message-type", "error")],
        "null",
    );
    check_message(
        r#"{"initial_response": true, "payload_base64": "e30="}"#,
        &[(":event-type", "initial-response"), json, (":message-type", "event")],
        "{}",
    );
    check_message(
        r#"{"event": "e", "headers": {":content-type": null, ":event-type": "f", "x": "y"}}"#,
        &[(":event-type", "f"), (":message-type", "event"), ("x", "y")],
        "",
    );
    check_message("{}", &[], "");
    let message = only_message(r#"{"event": "chunk", "chunk": {"text": "é"}}"#);
    assert_eq!(chunk(&message), json!({"text": "é"}));
}

#[test]
fn headers_have_every_type() {
    let uuid = "00010203-0405-0607-0809-0a0b0c0d0e0f";
    let headers = json!({
        "yes": {"bool": true}, "no": {"bool": false}, "byte": {"byte": -1}, "short": {"short": 2},
        "integer": {"integer": -3}, "long": {"long": 4_000_000_000_u64}, "bytes": {"bytes": "AAE="},
        "string": {"string": "s"}, "timestamp": {"timestamp": 5}, "uuid": {"uuid": uuid},
    });
    let message = only_message(&json!({"headers": headers}).to_string());
    let expected = [
        ("yes", HeaderValue::Boolean(true)),
        ("no", HeaderValue::Boolean(false)),
        ("byte", HeaderValue::Byte(-1)),
        ("short", HeaderValue::Short(2)),
        ("integer", HeaderValue::Integer(-3)),
        ("long", HeaderValue::Long(4_000_000_000)),
        ("bytes", HeaderValue::ByteArray(&[0, 1])),
        ("string", HeaderValue::String("s")),
        ("timestamp", HeaderValue::Timestamp(5)),
        ("uuid", HeaderValue::Uuid([0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15])),
    ];
    assert_eq!(message.headers().collect::<Vec<_>>(), expected);
}

#[test]
fn a_corrupt_frame_has_one_error() {
    let error = |corruption: &str| {
        let frame = format!(r#"[{{"event": "e", "payload": {{}}, "corrupt": "{corruption}"}}]"#);
        let mut decoder = Decoder::new();
        decoder.push(&encoded(&frame).concat());
        decoder.decode().unwrap_err().kind().clone()
    };
    assert!(matches!(error("prelude_checksum"), FrameErrorKind::PreludeCrc { .. }));
    assert!(matches!(error("message_checksum"), FrameErrorKind::MessageCrc { .. }));
    assert!(matches!(error("total_length"), FrameErrorKind::MessageCrc { .. }));
    assert!(matches!(error("headers_length"), FrameErrorKind::Header { .. }));

    // Only the checksum of the prelude is wrong: the other checksum covers the wrong bytes.
    let frame = encoded(r#"[{"event": "e", "corrupt": "prelude_checksum"}]"#).concat();
    let (message, checksum) = frame.split_last_chunk::<4>().unwrap();
    assert_eq!(u32::from_be_bytes(*checksum), crc32fast::hash(message));
}

#[test]
fn a_frame_can_be_truncated_or_replaced() {
    let frame = |rest: &str| encoded(&format!(r#"[{{"event": "e", "payload": {{}}{rest}}}]"#)).concat();
    let whole = frame("");
    assert_eq!(frame(r#", "keep_bytes": 5"#), whole[..5]);
    assert_eq!(frame(r#", "drop_bytes": 1"#), whole[..whole.len() - 1]);
    assert_eq!(
        encoded(r#"[{"raw_base64": "AAEC"}, {"raw_base64": "AAEC", "keep_bytes": 1}]"#),
        [vec![0, 1, 2], vec![0]]
    );
    assert_eq!(encoded("[]"), Vec::<Vec<u8>>::new());
}

#[test]
fn errors_name_the_invalid_frame() {
    let check = |frame: &str, message: &str| {
        check_invalid(&format!(r#"{{"frames": [{{}}, {frame}]}}"#), &format!("frame 2: {message}"));
    };
    check(r#"{"evnt": "e"}"#, "unknown field `evnt`");
    check("1", "invalid type: integer `1`, expected an object that describes a frame");
    check(r#"{"error": "C"}"#, "invalid type: string \"C\", expected an object with `code` and `message`");
    let kinds = "`event`, `exception`, `error` and `initial_response` exclude each other: keep one of them";
    check(r#"{"event": "e", "exception": "e"}"#, kinds);
    check(r#"{"event": "e", "initial_response": true}"#, kinds);
    check(
        r#"{"payload": null, "chunk": 1}"#,
        "`payload`, `payload_text`, `payload_base64` and `chunk` exclude each other: keep one of them",
    );
    check(r#"{"payload_base64": "!"}"#, "\"!\" is not base64: ");
    check(r#"{"keep_bytes": 17}"#, "`keep_bytes` is 17, but the frame has only 16 bytes");
    check(r#"{"drop_bytes": 17}"#, "`drop_bytes` is 17, but the frame has only 16 bytes");
    check(r#"{"keep_bytes": 1, "drop_bytes": 1}"#, "`keep_bytes` and `drop_bytes` exclude each other");
    check(r#"{"corrupt": "all"}"#, "unknown variant `all`, expected one of `prelude_checksum`");
    check(r#"{"raw_base64": "AA==", "event": "e"}"#, "`raw_base64` (1 bytes) replaces the frame: remove");
    check(r#"{"headers": {"a": null}}"#, "`headers`: the frame has no header \"a\" to remove");
    check(r#"{"headers": {"a": "1", "A": "1"}}"#, "duplicate header `A`");
    check(r#"{"headers": {"": "1"}}"#, "the header \"\": its name has 0 bytes");
    for value in [r#"{"byte": 128}"#, r#"{"uuid": "0"}"#, r#"{"text": "a"}"#, r#"{"bytes": "!"}"#, "5", "{}"]
    {
        let frame = format!(r#"{{"headers": {{"a": {value}}}}}"#);
        check(
            &frame,
            &format!("{} is invalid: it must be a text or {{TYPE: VALUE}}", value.replace(": ", ":")),
        );
    }
    check_invalid(r#"{"frames": {}}"#, "invalid type: object, expected a list; each item is a frame");
}

#[test]
fn bodies_exclude_each_other() {
    let message = "`body`, `body_base64`, `body_json` and `frames` exclude each other: keep one of them";
    check_invalid(r#"{"body": "", "body_json": null}"#, message);
    check_invalid(r#"{"body_base64": "", "frames": []}"#, message);
    check_invalid(
        r#"{"reply": "a", "frames": []}"#,
        "`reply` excludes `error`, `status`, `garbage` and `frames`",
    );
    check_invalid(r#"{"garbage": "a", "frames": []}"#, "`frames` excludes `error` and `garbage`");
    check_invalid(
        r#"{"break": {"at": "accept", "by": "close"}, "body_json": 1}"#,
        "the connection ends at `accept`, before there is a call",
    );
}

#[test]
fn a_body_can_be_bytes_or_json() {
    for (member, expected) in [
        (r#""body_base64": "AP8=""#, &b"\x00\xff"[..]),
        (r#""body_json": {"b": [1, 2.5], "a": null}"#, br#"{"b":[1,2.5],"a":null}"#),
        (r#""body_json": null"#, b"null"),
    ] {
        let endpoint = endpoint_with(&format!("{{\"status\": 203, {member}}}"));
        let response = send(&endpoint, sign(request(input(TITAN, BODY))));
        assert_eq!((response.status().as_u16(), &response.body()[..]), (203, expected));
        assert!(response.headers().is_empty(), "{:?}", response.headers());
    }
}

#[test]
fn a_rule_with_frames_can_be_read_again() {
    let json = json!({
        "body_json": null, "status": 200,
    });
    let frames = json!({
        "frames": [{"event": "e", "payload": null, "headers": {"a": {"byte": 1}}}, {"raw_base64": "AA=="}],
    });
    for rule in [json, frames] {
        let endpoint = endpoint_with(&rule.to_string());
        let sources: Vec<Value> =
            endpoint.fault_rules.sources().iter().map(|source| Value::clone(source)).collect();
        assert_eq!(sources, [rule]);
    }
}

#[test]
fn the_head_of_a_stream_has_the_status_and_headers_of_the_rule() {
    let endpoint = endpoint_with(r#"{"frames": [], "headers": {"x-amzn-requestid": "r"}}"#);
    let response = send(&endpoint, streaming(LLAMA, PROMPT));
    assert_eq!(response.status(), 200);
    assert_eq!(response.headers()["content-type"], "application/vnd.amazon.eventstream");
    assert_eq!(response.headers()["x-amzn-requestid"], "r");
    assert_eq!(response.headers().len(), 2, "{:?}", response.headers());
    assert!(endpoint.log.calls().pop().unwrap().worked_on);

    let endpoint = endpoint_with(r#"{"frames": [], "status": 503, "headers": {"content-type": null}}"#);
    let response = send(&endpoint, streaming(LLAMA, PROMPT));
    assert_eq!((response.status().as_u16(), response.headers().len()), (503, 0));
    assert!(!endpoint.log.calls().pop().unwrap().worked_on);
}

#[test]
fn a_stream_of_frames_can_break() {
    let endpoint = endpoint_with(
        r#"{"frames": [{}, {}, {}], "break_stream": {"after_events": 1, "by": {"truncate": 3}}}"#,
    );
    let (sent, error) = frames(head(&endpoint, streaming(LLAMA, PROMPT)).into_body());
    assert_eq!(sent.iter().map(Vec::len).collect::<Vec<_>>(), [16, 3]);
    assert!(error.is_some());
}

#[tokio::test]
async fn frames_are_chunks_and_the_body_is_terminated() {
    let local = builder().start().await.unwrap();
    local.inject(Fault::new().frames([Bytes::from_static(b"one"), Bytes::from_static(b"two")]));
    let mut stream = connect(&local).await;
    for _ in 0..2 {
        stream.write_all(&stream_call()).await.unwrap();
        let head = read_head(&mut stream).await;
        check_contains(&head, "\r\ntransfer-encoding: chunked\r\n");
        assert_eq!(read_chunks(&mut stream).await, [b"one", b"two"]);
    }
    local.wait_for_streams().await;
    let records: Vec<_> = local.calls().into_iter().map(|call| call.stream.unwrap()).collect();
    assert_eq!(records, [StreamRecord { events: 2, end: Some(StreamEnd::Finished) }; 2]);
}

#[tokio::test]
async fn the_last_chunk_can_be_missing() {
    let file = r#"{"rules": [{"frames": [{}], "break": {"at": "last_chunk", "by": "close"}}]}"#;
    let local = builder().fault_file(FaultFile::from_json(file).unwrap()).start().await.unwrap();
    let (read, ended) = exchange(&local, &stream_call()).await;
    ended.unwrap();
    assert!(read.ends_with(&[b"10\r\n", &encoded("[{}]").concat()[..], b"\r\n"].concat()));
}
