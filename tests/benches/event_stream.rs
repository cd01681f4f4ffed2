//! Measures how fast this project and `aws-smithy-eventstream` encode and decode the same event-stream
//! frames.
//!
//! Run `cargo bench -p invoke-model-tests --bench event_stream`. Criterion prints the throughput in frames
//! per second.
#![allow(missing_docs, reason = "`criterion_group!` generates a public function")]

use aws_smithy_eventstream::frame::{DecodedFrame, MessageFrameDecoder, write_message_to};
use aws_smithy_types::event_stream::{Header as PublishedHeader, HeaderValue as PublishedValue};
use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use invoke_model_protocol::event_stream::{Decoder, HeaderValue, Message};

/// Number of frames in one stream.
const FRAMES: usize = 100;

const HEADERS: [(&str, &str); 3] =
    [(":message-type", "event"), (":event-type", "chunk"), (":content-type", "application/json")];

fn message(payload: usize) -> Message {
    let mut builder = Message::builder();
    for (name, value) in HEADERS {
        builder.header(name, HeaderValue::String(value)).expect("a header");
    }
    builder.payload(vec![b'a'; payload])
}

fn published(payload: usize) -> aws_smithy_types::event_stream::Message {
    HEADERS.iter().fold(
        aws_smithy_types::event_stream::Message::new(vec![b'a'; payload]),
        |message, (name, value)| {
            message.add_header(PublishedHeader::new(*name, PublishedValue::String((*value).into())))
        },
    )
}

fn stream(payload: usize) -> Vec<u8> {
    let (message, mut bytes) = (message(payload), Vec::new());
    for _ in 0..FRAMES {
        message.encode(&mut bytes).expect("a frame");
    }
    bytes
}

/// Decodes `bytes` in pieces of 8 KiB, the usual size of a socket read. Reads one header of each message, as
/// an event parser does.
fn decode(bytes: &[u8]) -> usize {
    let (mut decoder, mut read) = (Decoder::new(), 0);
    for piece in bytes.chunks(8192) {
        decoder.push(piece);
        while let Some(message) = decoder.decode().expect("a frame") {
            read += message.payload().len();
            read += usize::from(message.header(":event-type") == Some(HeaderValue::String("chunk")));
        }
    }
    read
}

fn decode_published(bytes: &[u8]) -> usize {
    let (mut decoder, mut read) = (MessageFrameDecoder::new(), 0);
    let mut buffer = bytes::BytesMut::new();
    for piece in bytes.chunks(8192) {
        buffer.extend_from_slice(piece);
        while let DecodedFrame::Complete(message) = decoder.decode_frame(&mut buffer).expect("a frame") {
            read += message.payload().len();
            let header = message.headers().iter().find(|header| header.name().as_str() == ":event-type");
            let value = header.and_then(|header| header.value().as_string().ok());
            read += usize::from(value.is_some_and(|value| value.as_str() == "chunk"));
        }
    }
    read
}

fn frames(criterion: &mut Criterion) {
    for payload in [200, 64 * 1024] {
        let bytes = stream(payload);
        assert_eq!(decode(&bytes), decode_published(&bytes));
        let mut group = criterion.benchmark_group(format!("{FRAMES} frames of {payload} bytes"));
        group.throughput(Throughput::Elements(FRAMES as u64));
        group.bench_function("decode, ours", |bencher| bencher.iter(|| decode(&bytes)));
        group.bench_function("decode, published", |bencher| bencher.iter(|| decode_published(&bytes)));
        let (ours, theirs) = (message(payload), published(payload));
        let mut out = Vec::with_capacity(bytes.len());
        group.bench_function("encode, ours", |bencher| {
            bencher.iter(|| {
                out.clear();
                (0..FRAMES).for_each(|_| ours.encode(&mut out).expect("a frame"));
                out.len()
            });
        });
        group.bench_function("encode, published", |bencher| {
            bencher.iter(|| {
                out.clear();
                (0..FRAMES).for_each(|_| write_message_to(&theirs, &mut out).expect("a frame"));
                out.len()
            });
        });
        group.finish();
    }
}

criterion_group!(benches, frames);
criterion_main!(benches);
