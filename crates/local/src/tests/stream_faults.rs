//! Streams that are broken on demand.

use invoke_model_protocol::event_stream::{Decoder, EventStream, FrameErrorKind, HeaderValue};
use invoke_model_types::{
    ModelStreamErrorException, ResponseStream, ResponseStreamError, ThrottlingException,
};
use serde_json::{Value, json};

use super::streams::{LLAMA, PROMPT, chunk, messages};
use super::*;
use crate::families;
use crate::stream::{Frames, Planned};
use crate::{ERROR_MODEL_ID, StreamEnd, StreamFault, StreamRecord};

/// What a stream of five chunks becomes with a fault, and how it is recorded.
fn broken(after_events: u64, fault: StreamFault) -> (Vec<Vec<u8>>, Option<Broken>, StreamRecord) {
    let endpoint = endpoint();
    endpoint.faults.push(Planned { after_events, fault });
    let (frames, broken) = frames(head(&endpoint, streaming(LLAMA, PROMPT)).into_body());
    // One fault, one stream.
    assert_eq!(super::frames(head(&endpoint, streaming(LLAMA, PROMPT)).into_body()).0, healthy());
    let call = endpoint.log.calls().swap_remove(0);
    assert_eq!((call.status, call.error_code), (200, None));
    (frames, broken, call.stream.unwrap())
}

fn healthy() -> Vec<Vec<u8>> {
    frames(head(&endpoint(), streaming(LLAMA, PROMPT)).into_body()).0
}

fn throttled() -> ThrottlingException {
    let mut error = ThrottlingException::default();
    error.message = Some("Too many tokens".to_owned());
    error
}

#[test]
fn an_error_ends_a_stream() {
    for after_events in 0..=6 {
        let (frames, broken, record) = broken(after_events, StreamFault::Error(throttled().into()));
        assert!(broken.is_none(), "the body ends as it should");
        let before = after_events.min(5) as usize;
        assert_eq!(frames[..before], healthy()[..before]);
        assert_eq!(frames.len(), before + 1);
        assert_eq!(record, StreamRecord { events: after_events.min(5) + 1, end: Some(StreamEnd::Broken) });
        let last = messages(&frames).pop().unwrap();
        assert_eq!(last.header(":message-type"), Some(HeaderValue::String("exception")));
        assert_eq!(last.header(":exception-type"), Some(HeaderValue::String("throttlingException")));
        assert_eq!(last.header(":content-type"), Some(HeaderValue::String("application/json")));
        assert_eq!(last.payload(), r#"{"message":"Too many tokens"}"#);
        assert_eq!(ResponseStream::parse(&last).unwrap().unwrap_err(), throttled().into());
    }
}

#[test]
fn an_error_that_the_model_does_not_have() {
    let fault = StreamFault::unmodeled("TeapotException", "short and stout").unwrap();
    let (frames, broken, record) = broken(1, fault);
    assert!(broken.is_none());
    assert_eq!(record, StreamRecord { events: 2, end: Some(StreamEnd::Broken) });
    let last = messages(&frames).pop().unwrap();
    assert_eq!(last.header(":message-type"), Some(HeaderValue::String("error")));
    let error = ResponseStream::parse(&last).unwrap().unwrap_err();
    assert_eq!(error.to_string(), "TeapotException: short and stout");
    assert!(matches!(error, ResponseStreamError::Unmodeled(_)));
    assert!(StreamFault::unmodeled("TeapotException", &"w".repeat(40_000)).is_err());
}

#[test]
fn an_event_that_the_model_does_not_have() {
    for after_events in [0, 3, 5, 9] {
        let (mut frames, broken, record) =
            broken(after_events, StreamFault::unknown_event("reflection").unwrap());
        assert!(broken.is_none());
        assert_eq!(record, StreamRecord { events: 6, end: Some(StreamEnd::Finished) });
        let extra = messages(&[frames.remove(after_events.min(5) as usize)]).remove(0);
        assert_eq!(extra.header(":event-type"), Some(HeaderValue::String("reflection")));
        assert_eq!(ResponseStream::parse(&extra).unwrap().unwrap(), ResponseStream::Unknown(extra));
        let chunks = |frames: &[Vec<u8>]| messages(frames).iter().map(chunk).collect::<Vec<_>>();
        assert_eq!(chunks(&frames), chunks(&healthy()), "all chunks come around it");
    }
}

#[test]
fn a_wrong_checksum() {
    for after_events in 0..5 {
        let (frames, broken, record) = broken(after_events, StreamFault::WrongChecksum);
        assert!(broken.is_none());
        assert_eq!(record, StreamRecord { events: 5, end: Some(StreamEnd::Finished) });
        let mut decoder = Decoder::new();
        decoder.push(&frames.concat());
        for _ in 0..after_events {
            decoder.decode().unwrap().unwrap();
        }
        let error = decoder.decode().unwrap_err();
        assert_eq!(error.frame(), after_events);
        assert!(matches!(error.kind(), FrameErrorKind::MessageCrc { .. }), "{error}");
    }
    let (frames, _, record) = broken(5, StreamFault::WrongChecksum);
    assert_eq!(frames, healthy(), "there is no frame after the last one");
    assert_eq!(record.end, Some(StreamEnd::Finished));
}

#[test]
fn a_cut() {
    let whole = healthy().concat();
    for bytes in [0, 1, healthy()[0].len(), 300, whole.len() - 1, whole.len(), whole.len() + 1] {
        let (frames, broken, record) = broken(0, StreamFault::Cut { bytes });
        assert!(matches!(broken, Some(Broken::Cut)), "{bytes}: {broken:?}");
        assert_eq!(frames.concat(), whole[..bytes.min(whole.len())]);
        assert_eq!(record.end, Some(StreamEnd::Broken));
        assert_eq!(record.events, frames.len() as u64);
        assert!(frames.iter().all(|frame| !frame.is_empty()));
    }
    for bytes in 0..=whole.len() {
        let chunks = families::stream(LLAMA, &json!({"prompt": "hello"})).unwrap();
        let fault = Planned { after_events: 0, fault: StreamFault::Cut { bytes } };
        let mut frames = Frames::new(chunks, now(), Some(fault));
        let mut sent = Vec::new();
        while let Ok(Some(frame)) = frames.next(now()) {
            sent.extend(frame);
        }
        assert_eq!(sent, whole[..bytes]);
    }
    // Counted from behind the events before it.
    let (frames, _, _) = broken(2, StreamFault::Cut { bytes: 10 });
    assert_eq!(frames.concat().len(), healthy()[..2].concat().len() + 10);
}

#[test]
fn an_error_that_cannot_be_written_breaks_the_stream() {
    let mut error = ModelStreamErrorException::default();
    error.original_status_code = Some(500);
    let (frames, _, _) = broken(0, StreamFault::Error(error.into()));
    assert_eq!(messages(&frames)[0].payload(), r#"{"originalStatusCode":500}"#);

    let mut metadata = Response::builder().status(400).header("x-amzn-errortype", "LongException");
    metadata = metadata.header("content-type", "application/json");
    let body = json!({"message": "w".repeat(40_000)}).to_string();
    let metadata = ErrorMetadata::from_response(&metadata.body(body.into()).unwrap());
    let (frames, broken, record) = broken(1, StreamFault::Error(metadata.into()));
    assert_eq!(frames.len(), 1);
    assert!(matches!(broken, Some(Broken::Serialize(_))), "{broken:?}");
    assert_eq!(record.end, Some(StreamEnd::Broken));
}

#[test]
fn a_fault_waits_for_a_stream() {
    let endpoint = endpoint();
    endpoint.faults.push(Planned { after_events: 0, fault: StreamFault::WrongChecksum });
    assert!(send(&endpoint, sign(request(input(TITAN, BODY)))).status().is_success());
    refused(&endpoint, streaming(TITAN, BODY), 400, "ValidationException");
    let (frames, _) = frames(head(&endpoint, streaming(LLAMA, PROMPT)).into_body());
    assert_ne!(frames[0], healthy()[0]);
    assert!(endpoint.faults.pop().is_none());
}

/// What the error model streams for a body.
fn raised(body: &Value) -> (Vec<Value>, ResponseStreamError) {
    let body = head(&endpoint(), streaming(ERROR_MODEL_ID, &body.to_string())).into_body();
    let (frames, broken) = frames(body);
    assert!(broken.is_none());
    let mut messages = messages(&frames);
    let error = ResponseStream::parse(&messages.pop().unwrap()).unwrap().unwrap_err();
    (messages.iter().map(chunk).collect(), error)
}

#[test]
fn each_error_of_a_stream_can_be_asked_for() {
    for code in [
        "InternalServerException",
        "ModelStreamErrorException",
        "ModelTimeoutException",
        "ServiceUnavailableException",
        "ThrottlingException",
        "ValidationException",
    ] {
        let (before, error) = raised(&json!({"error": code, "message": "words", "afterEvents": 3}));
        assert_eq!(error.to_string(), format!("{code}: words"));
        let types: Vec<_> = before.iter().map(|chunk| chunk["type"].as_str().unwrap()).collect();
        assert_eq!(types, ["message_start", "content_block_start", "content_block_delta"]);
    }
    let body = json!({
        "error": "ModelStreamErrorException",
        "originalStatusCode": 502,
        "originalMessage": "oh",
        "afterEvents": 0,
    });
    let (before, error) = raised(&body);
    assert!(before.is_empty());
    let mut expected = ModelStreamErrorException::default();
    expected.original_status_code = Some(502);
    expected.original_message = Some("oh".to_owned());
    assert_eq!(error, expected.into());
    let (before, _) = raised(&json!({"error": "ThrottlingException", "afterEvents": 10_000}));
    assert_eq!(before.last().unwrap()["type"], "message_stop");
}

#[test]
fn errors_without_a_place_come_before_the_head() {
    for (code, status) in [
        ("AccessDeniedException", 403),
        ("InternalServerException", 500),
        ("ModelErrorException", 424),
        ("ModelNotReadyException", 429),
        ("ModelStreamErrorException", 424),
        ("ModelTimeoutException", 408),
        ("ResourceNotFoundException", 404),
        ("ServiceQuotaExceededException", 400),
        ("ServiceUnavailableException", 503),
        ("ThrottlingException", 429),
        ("ValidationException", 400),
    ] {
        let body = json!({"error": code, "message": "words"}).to_string();
        let message = refused(&endpoint(), streaming(ERROR_MODEL_ID, &body), status, code);
        assert_eq!(message, "words");
    }
    let endpoint = endpoint();
    endpoint.raise.push(ModelStreamErrorException::default().into());
    refused(&endpoint, streaming(LLAMA, PROMPT), 424, "ModelStreamErrorException");
}

#[test]
fn what_cannot_be_asked_for_in_a_stream() {
    for (body, words) in [
        (
            json!({"error": "AccessDeniedException", "afterEvents": 1}),
            "with `afterEvents`, `error` must be Int",
        ),
        (json!({"error": "NoSuchException", "afterEvents": 1}), "`error` must be AccessDeniedException, "),
        (json!({"error": "ThrottlingException", "afterEvents": -1}), "`afterEvents` must be a whole number"),
        (json!({"error": "ThrottlingException", "afterEvents": "1"}), "`afterEvents` must be a whole number"),
    ] {
        let request = streaming(ERROR_MODEL_ID, &body.to_string());
        check_says(&refused(&endpoint(), request, 400, "ValidationException"), words);
    }
    // The other operation has no events.
    let body = json!({"error": "ThrottlingException", "afterEvents": 1}).to_string();
    refused(&endpoint(), sign(request(input(ERROR_MODEL_ID, &body))), 429, "ThrottlingException");
}
