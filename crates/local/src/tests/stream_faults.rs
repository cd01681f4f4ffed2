//! Tests of faults that are injected into streams.

use invoke_model_protocol::event_stream::{Decoder, EventStream, FrameErrorKind, HeaderValue};
use invoke_model_types::{
    ModelStreamErrorException, ResponseStream, ResponseStreamError, ThrottlingException,
};
use serde_json::{Value, json};

use super::streams::{LLAMA, PROMPT, chunk, messages};
use super::*;
use crate::families;
use crate::operation::{TokenUsage, events};
use crate::stream::{Events, FrameSource, Frames, PlannedStreamFault};
use crate::{ERROR_MODEL_ID, StreamEnd, StreamFault, StreamRecord};

/// Injects a fault into a stream of five chunks. Returns the frames of the stream, the error that ends its
/// body, and its record.
fn inject(after_events: u64, fault: StreamFault) -> (Vec<Vec<u8>>, Option<BodyError>, StreamRecord) {
    let endpoint = endpoint();
    endpoint.next_stream_faults.push(PlannedStreamFault { after_events, fault });
    let (frames, error) = frames(head(&endpoint, streaming(LLAMA, PROMPT)).into_body());
    // The fault affects one stream only.
    assert_eq!(super::frames(head(&endpoint, streaming(LLAMA, PROMPT)).into_body()).0, healthy());
    let call = endpoint.log.calls().swap_remove(0);
    assert_eq!((call.status, call.error_code), (200, None));
    (frames, error, call.stream.unwrap())
}

/// Returns the frames of the stream that [`inject`] uses, without a fault.
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
        let (frames, body_error, record) = inject(after_events, StreamFault::Error(throttled().into()));
        assert!(body_error.is_none(), "the body must be terminated");
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
fn an_unmodeled_error_ends_a_stream() {
    let fault = StreamFault::unmodeled("TeapotException", "short and stout").unwrap();
    let (frames, body_error, record) = inject(1, fault);
    assert!(body_error.is_none());
    assert_eq!(record, StreamRecord { events: 2, end: Some(StreamEnd::Broken) });
    let last = messages(&frames).pop().unwrap();
    assert_eq!(last.header(":message-type"), Some(HeaderValue::String("error")));
    let error = ResponseStream::parse(&last).unwrap().unwrap_err();
    assert_eq!(error.to_string(), "TeapotException: short and stout");
    assert!(matches!(error, ResponseStreamError::Unmodeled(_)));
    assert!(StreamFault::unmodeled("TeapotException", &"w".repeat(40_000)).is_err());
}

#[test]
fn an_unknown_event_is_inserted() {
    for after_events in [0, 3, 5, 9] {
        let (mut frames, body_error, record) =
            inject(after_events, StreamFault::unknown_event("reflection").unwrap());
        assert!(body_error.is_none());
        assert_eq!(record, StreamRecord { events: 6, end: Some(StreamEnd::Finished) });
        let extra = messages(&[frames.remove(after_events.min(5) as usize)]).remove(0);
        assert_eq!(extra.header(":event-type"), Some(HeaderValue::String("reflection")));
        assert_eq!(ResponseStream::parse(&extra).unwrap().unwrap(), ResponseStream::Unknown(extra));
        let chunks = |frames: &[Vec<u8>]| messages(frames).iter().map(chunk).collect::<Vec<_>>();
        assert_eq!(chunks(&frames), chunks(&healthy()), "no chunk is lost");
    }
}

#[test]
fn a_checksum_is_corrupted() {
    for after_events in 0..5 {
        let (frames, body_error, record) = inject(after_events, StreamFault::WrongChecksum);
        assert!(body_error.is_none());
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
    let (frames, _, record) = inject(5, StreamFault::WrongChecksum);
    assert_eq!(frames, healthy(), "the stream has no frame after the fifth, so all frames are intact");
    assert_eq!(record.end, Some(StreamEnd::Finished));
}

#[test]
fn a_stream_is_truncated() {
    let complete = healthy().concat();
    for bytes in [0, 1, healthy()[0].len(), 300, complete.len() - 1, complete.len(), complete.len() + 1] {
        let (frames, body_error, record) = inject(0, StreamFault::Truncate { bytes });
        assert!(matches!(body_error, Some(BodyError::Truncated)), "{bytes}: {body_error:?}");
        assert_eq!(frames.concat(), complete[..bytes.min(complete.len())]);
        assert_eq!(record.end, Some(StreamEnd::Broken));
        assert_eq!(record.events, frames.len() as u64);
        assert!(frames.iter().all(|frame| !frame.is_empty()));
    }
    for bytes in 0..=complete.len() {
        let chunks = families::stream(LLAMA, &json!({"prompt": "hello"})).unwrap();
        let usage = TokenUsage {
            model_id: LLAMA,
            input_tokens: chunks.input_tokens,
            cached: None,
            output_tokens: chunks.output_tokens,
            max_tokens: chunks.max_tokens,
        };
        let events = Events::new(events(chunks, usage));
        let fault = PlannedStreamFault { after_events: 0, fault: StreamFault::Truncate { bytes } };
        let mut frames = Frames::new(FrameSource::Events(events), now(), Some(fault));
        let mut sent = Vec::new();
        loop {
            assert!(frames.poll_ready(&mut Context::from_waker(Waker::noop())).is_ready());
            let Ok(Some(frame)) = frames.next(now()) else { break };
            sent.extend(frame);
        }
        assert_eq!(sent, complete[..bytes]);
    }
    // `bytes` counts only the bytes after the event at which the fault begins.
    let (frames, _, _) = inject(2, StreamFault::Truncate { bytes: 10 });
    assert_eq!(frames.concat().len(), healthy()[..2].concat().len() + 10);
}

#[test]
fn an_error_that_cannot_be_serialized_breaks_the_stream() {
    let mut error = ModelStreamErrorException::default();
    error.original_status_code = Some(500);
    let (frames, _, _) = inject(0, StreamFault::Error(error.into()));
    assert_eq!(messages(&frames)[0].payload(), r#"{"originalStatusCode":500}"#);

    let mut metadata = Response::builder().status(400).header("x-amzn-errortype", "LongException");
    metadata = metadata.header("content-type", "application/json");
    let body = json!({"message": "w".repeat(40_000)}).to_string();
    let metadata = ErrorMetadata::from_response(&metadata.body(body.into()).unwrap());
    let (frames, body_error, record) = inject(1, StreamFault::Error(metadata.into()));
    assert_eq!(frames.len(), 1);
    assert!(matches!(body_error, Some(BodyError::Serialize(_))), "{body_error:?}");
    assert_eq!(record.end, Some(StreamEnd::Broken));
}

#[test]
fn a_stream_fault_is_kept_until_a_stream_begins() {
    let endpoint = endpoint();
    endpoint
        .next_stream_faults
        .push(PlannedStreamFault { after_events: 0, fault: StreamFault::WrongChecksum });
    assert!(send(&endpoint, sign(request(input(TITAN, BODY)))).status().is_success());
    check_error(&endpoint, streaming(TITAN, BODY), 400, "ValidationException");
    let (frames, _) = frames(head(&endpoint, streaming(LLAMA, PROMPT)).into_body());
    assert_ne!(frames[0], healthy()[0]);
    assert!(endpoint.next_stream_faults.pop().is_none());
}

/// Sends a request body to the error model. Returns the chunks of the stream, and the error that ends it.
fn error_model_stream(body: &Value) -> (Vec<Value>, ResponseStreamError) {
    let body = head(&endpoint(), streaming(ERROR_MODEL_ID, &body.to_string())).into_body();
    let (frames, body_error) = frames(body);
    assert!(body_error.is_none());
    let mut messages = messages(&frames);
    let error = ResponseStream::parse(&messages.pop().unwrap()).unwrap().unwrap_err();
    (messages.iter().map(chunk).collect(), error)
}

#[test]
fn the_error_model_streams_each_error() {
    for code in [
        "InternalServerException",
        "ModelStreamErrorException",
        "ModelTimeoutException",
        "ServiceUnavailableException",
        "ThrottlingException",
        "ValidationException",
    ] {
        let (before, error) =
            error_model_stream(&json!({"error": code, "message": "text", "afterEvents": 3}));
        assert_eq!(error.to_string(), format!("{code}: text"));
        let types: Vec<_> = before.iter().map(|chunk| chunk["type"].as_str().unwrap()).collect();
        assert_eq!(types, ["message_start", "content_block_start", "content_block_delta"]);
    }
    let body = json!({
        "error": "ModelStreamErrorException",
        "originalStatusCode": 502,
        "originalMessage": "oh",
        "afterEvents": 0,
    });
    let (before, error) = error_model_stream(&body);
    assert!(before.is_empty());
    let mut expected = ModelStreamErrorException::default();
    expected.original_status_code = Some(502);
    expected.original_message = Some("oh".to_owned());
    assert_eq!(error, expected.into());
    let (before, _) = error_model_stream(&json!({"error": "ThrottlingException", "afterEvents": 10_000}));
    assert_eq!(before.last().unwrap()["type"], "message_stop");
}

#[test]
fn errors_without_after_events_are_returned_before_the_stream_begins() {
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
        let body = json!({"error": code, "message": "text"}).to_string();
        let message = check_error(&endpoint(), streaming(ERROR_MODEL_ID, &body), status, code);
        assert_eq!(message, "text");
    }
    let endpoint = endpoint();
    endpoint.next_errors.push(ModelStreamErrorException::default().into());
    check_error(&endpoint, streaming(LLAMA, PROMPT), 424, "ModelStreamErrorException");
}

#[test]
fn the_error_model_rejects_invalid_stream_errors() {
    for (body, expected) in [
        (
            json!({"error": "AccessDeniedException", "afterEvents": 1}),
            "with `afterEvents`, `error` must be Int",
        ),
        (json!({"error": "NoSuchException", "afterEvents": 1}), "`error` must be AccessDeniedException, "),
        (json!({"error": "ThrottlingException", "afterEvents": -1}), "`afterEvents` must be an integer"),
        (json!({"error": "ThrottlingException", "afterEvents": "1"}), "`afterEvents` must be an integer"),
    ] {
        let request = streaming(ERROR_MODEL_ID, &body.to_string());
        check_contains(&check_error(&endpoint(), request, 400, "ValidationException"), expected);
    }
    // `InvokeModel` ignores `afterEvents`.
    let body = json!({"error": "ThrottlingException", "afterEvents": 1}).to_string();
    check_error(&endpoint(), sign(request(input(ERROR_MODEL_ID, &body))), 429, "ThrottlingException");
}
