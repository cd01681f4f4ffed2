//! Checks that decoding and parsing an event makes only one allocation, for the bytes of its chunk.
//!
//! This test is in a separate binary, because it replaces the allocator of the process to count allocations.

#![expect(clippy::unwrap_used, reason = "clippy does not treat helper functions as test code")]

use bytes::Bytes;
use invoke_model_protocol::event_stream::{Decoder, EventStream};
use invoke_model_types::{PayloadPart, ResponseStream};

const EVENTS: usize = 200;

/// Returns [`EVENTS`] frames in the form that the service sends. The payload is a JSON object with the chunk
/// in base64 and a padding member.
fn frames(payload: usize) -> Vec<u8> {
    let mut part = PayloadPart::default();
    part.bytes = Some(Bytes::from(vec![b'x'; payload]));
    let message = ResponseStream::Chunk(part).event().unwrap();
    let json = std::str::from_utf8(message.payload()).unwrap().strip_suffix('}').unwrap();
    let mut padded = invoke_model_protocol::event_stream::Message::builder();
    for (name, value) in message.headers() {
        padded.header(name, value).unwrap();
    }
    let mut frame = Vec::new();
    padded.payload(format!("{json},\"p\":\"abcdefghijklm\"}}")).encode(&mut frame).unwrap();
    frame.repeat(EVENTS)
}

/// Decodes `bytes` in pieces of `piece` bytes, and returns the number of events. If `kept` has capacity, adds
/// the events to `kept`.
fn read(bytes: &[u8], piece: usize, kept: &mut Vec<ResponseStream>) -> usize {
    let (mut decoder, mut events) = (Decoder::new(), 0);
    for piece in bytes.chunks(piece) {
        decoder.push(piece);
        while let Some(message) = decoder.decode().unwrap() {
            let event = ResponseStream::parse(&message).unwrap().unwrap();
            events += 1;
            if kept.capacity() > 0 {
                kept.push(event);
            }
        }
    }
    events
}

fn check(payload: usize, piece: usize, keep: bool) {
    let bytes = frames(payload);
    let mut kept = Vec::with_capacity(if keep { EVENTS } else { 0 });
    let counted = allocation_counter::measure(|| assert_eq!(read(&bytes, piece, &mut kept), EVENTS));
    let each = counted.count_total as f64 / EVENTS as f64;
    // The limit allows 12 additional allocations, because the buffer of the decoder grows.
    assert!(
        each <= 1.0 + 12.0 / EVENTS as f64,
        "{each} allocations for each event; payload {payload}, pieces of {piece} bytes"
    );
}

#[test]
fn an_event_takes_one_allocation() {
    for payload in [20, 200, 5000] {
        for piece in [100, 1460, 8192, 65536] {
            check(payload, piece, false);
            check(payload, piece, true);
        }
    }
}
