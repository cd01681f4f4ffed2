//! Any bytes as a stream of events.

use invoke_model_protocol::event_stream::{Decoder, EventStream, FrameError, Message, Truncated};

use super::has_empty_union;
use crate::streams::Lines;

/// A stream is decoded the same in one piece and in many; what is decoded is what was there; and an event that is
/// understood is written as one that is understood the same. Of two runs one is over the bytes as they are, and one over a
/// frame with right checksums around them, so that headers and payloads are reached.
///
/// # Panics
/// One of these does not hold.
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
        understood(message);
    }
    assert!(bytes.starts_with(&encoded), "what was decoded is not what was there");
    assert!(failed.is_some() || end.is_err() || encoded.len() == bytes.len());
}

type Decoded = (Vec<Message>, Option<FrameError>, Result<(), Truncated>);

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

fn understood(message: &Message) {
    let Ok(said) = Lines::parse(message) else { return };
    if has_empty_union(&said) {
        return;
    }
    let again = match &said {
        Ok(event) => event.event(),
        Err(error) => Lines::exception(error),
    };
    // A header is read longer than it may be written.
    let Ok(again) = again else { return };
    let again = Lines::parse(&again).unwrap_or_else(|error| panic!("{said:?}: {error}"));
    match (&said, &again) {
        (Ok(said), Ok(again)) => assert_eq!(again, said),
        (Err(said), Err(again)) => assert_eq!(again.to_string(), said.to_string()),
        _ => panic!("{said:?} became {again:?}"),
    }
}

/// A frame of which the first bytes are the headers, with right checksums.
fn framed(bytes: &[u8], headers: usize) -> Vec<u8> {
    let headers = headers.min(bytes.len());
    let word = |length: usize| u32::try_from(length).unwrap_or(u32::MAX).to_be_bytes();
    let mut frame = [word(16 + bytes.len()), word(headers)].concat();
    frame.extend(crc32fast::hash(&frame).to_be_bytes());
    frame.extend(bytes);
    frame.extend(crc32fast::hash(&frame).to_be_bytes());
    frame
}
