//! Decodes arbitrary bytes as an event stream.

use std::fmt::Debug;

use invoke_model_protocol::event_stream::{Decoder, EventStream, FrameError, IncompleteFrame, Message};

use invoke_model_types::{
    ConverseStreamEvent, InvokeModelWithBidirectionalStreamInputEvent,
    InvokeModelWithBidirectionalStreamOutputEvent, ResponseStream,
};

use super::has_empty_union;
use crate::streams::Lines;

/// Checks these properties:
/// * The decoded messages do not depend on how the bytes are split.
/// * Decoded messages encode to the original bytes.
/// * An event of any stream, also of Bedrock Runtime, stays the same when it is serialized and parsed.
///
/// Checks the bytes twice: first unchanged, and then in a frame with correct checksums. Arbitrary bytes
/// rarely have correct checksums, so the first check rarely reaches the parsers of headers and payloads.
///
/// # Panics
/// Panics if one of these properties is violated.
pub fn event_stream(data: &[u8]) {
    let [step, split, rest @ ..] = data else { return };
    check(rest, usize::from(*step) + 1);
    check(&framed(rest, usize::from(*split)), usize::from(*step) + 1);
}

fn check(bytes: &[u8], step: usize) {
    let (messages, failed, end) = decoded(&[bytes]);
    let pieces: Vec<&[u8]> = bytes.chunks(step).collect();
    assert_eq!(decoded(&pieces), (messages.clone(), failed.clone(), end));
    let mut encoded = Vec::new();
    for message in &messages {
        message.encode(&mut encoded).unwrap_or_else(|error| panic!("{message:?}: {error}"));
        round_trip::<Lines>(message);
        round_trip::<ConverseStreamEvent>(message);
        round_trip::<InvokeModelWithBidirectionalStreamInputEvent>(message);
        round_trip::<InvokeModelWithBidirectionalStreamOutputEvent>(message);
        round_trip::<ResponseStream>(message);
    }
    assert!(bytes.starts_with(&encoded), "the decoded messages differ from the stream");
    assert!(failed.is_some() || end.is_err() || encoded.len() == bytes.len());
}

type Decoded = (Vec<Message>, Option<FrameError>, Result<(), IncompleteFrame>);

fn decoded(pieces: &[&[u8]]) -> Decoded {
    let (mut decoder, mut messages) = (Decoder::new(), Vec::new());
    for piece in pieces {
        decoder.push(piece);
        loop {
            match decoder.decode() {
                Ok(Some(message)) => messages.push(message),
                Ok(None) => break,
                Err(error) => {
                    assert_eq!(decoder.decode(), Err(error.clone()));
                    return (messages, Some(error), Ok(()));
                }
            }
        }
    }
    let end = decoder.finish();
    (messages, None, end)
}

fn round_trip<S: EventStream + PartialEq + Debug>(message: &Message) {
    let Ok(parsed) = S::parse(message) else { return };
    if has_empty_union(&parsed) {
        return;
    }
    let message = match &parsed {
        Ok(event) => event.event(),
        Err(error) => S::exception(error),
    };
    // Serialization may fail, because the decoder accepts longer headers than the encoder.
    let Ok(message) = message else { return };
    let again = S::parse(&message).unwrap_or_else(|error| panic!("{parsed:?}: {error}"));
    match (&parsed, &again) {
        (Ok(parsed), Ok(again)) => assert_eq!(again, parsed),
        (Err(parsed), Err(again)) => assert_eq!(again.to_string(), parsed.to_string()),
        _ => panic!("{parsed:?} became {again:?}"),
    }
}

/// Returns a frame with correct checksums. The first `headers` bytes become the headers, and the remaining
/// bytes become the payload.
fn framed(bytes: &[u8], headers: usize) -> Vec<u8> {
    let headers = headers.min(bytes.len());
    let word = |length: usize| u32::try_from(length).unwrap_or(u32::MAX).to_be_bytes();
    let mut frame = [word(16 + bytes.len()), word(headers)].concat();
    frame.extend(crc32fast::hash(&frame).to_be_bytes());
    frame.extend(bytes);
    frame.extend(crc32fast::hash(&frame).to_be_bytes());
    frame
}
