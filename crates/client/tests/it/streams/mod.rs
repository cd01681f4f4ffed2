//! Tests of event streams that are complete, truncated, corrupted or slow, and of streams that the caller
//! drops.

mod body;
mod errors;
mod sockets;
mod timeouts;
mod truncation;

use std::collections::VecDeque;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll};

use bytes::Bytes;
use http_body::{Body, Frame};
use invoke_model_client::types::{
    InvokeModelWithResponseStream, PayloadPart, ResponseStream, ResponseStreamError, ThrottlingException,
};
use invoke_model_client::{Error, EventReceiver, EventStreamOutput, ResponseBody};
use invoke_model_protocol::event_stream::{CONTENT_TYPE, EventStream, HeaderValue, Message};

use crate::fake::{Fake, response};

const ID: &str = "anthropic.claude-3-haiku-20240307-v1:0";

const HEADERS: [(&str, &str); 5] = [
    ("content-type", CONTENT_TYPE),
    ("x-amzn-requestid", "an-id"),
    ("x-amzn-bedrock-content-type", "application/json"),
    ("x-amzn-bedrock-performanceconfig-latency", "optimized"),
    ("x-amzn-bedrock-service-tier", "flex"),
];

type Operation = InvokeModelWithResponseStream;
type StreamError = Error<ResponseStreamError>;

fn chunk(text: &str) -> ResponseStream {
    let mut part = PayloadPart::default();
    part.bytes = Some(Bytes::copy_from_slice(text.as_bytes()));
    ResponseStream::Chunk(part)
}

/// Returns an event that the model does not define.
fn unknown() -> ResponseStream {
    let mut message = Message::builder();
    message.header(":message-type", HeaderValue::String("event")).unwrap();
    message.header(":event-type", HeaderValue::String("news")).unwrap();
    ResponseStream::Unknown(message.payload("any bytes"))
}

fn throttled() -> ResponseStreamError {
    let mut error = ThrottlingException::default();
    error.message = Some("slow down".into());
    error.into()
}

fn frame(message: &Message) -> Vec<u8> {
    let mut frame = Vec::new();
    message.encode(&mut frame).unwrap();
    frame
}

fn frames(events: &[ResponseStream]) -> Vec<Vec<u8>> {
    events.iter().map(|event| frame(&event.event().unwrap())).collect()
}

fn exception(error: &ResponseStreamError) -> Vec<u8> {
    frame(&ResponseStream::exception(error).unwrap())
}

/// A body that returns its pieces in order and counts its polls.
struct Pieces {
    pieces: VecDeque<std::io::Result<Bytes>>,
    polls: Arc<AtomicUsize>,
}

impl Body for Pieces {
    type Data = Bytes;
    type Error = std::io::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<std::io::Result<Frame<Bytes>>>> {
        self.polls.fetch_add(1, Ordering::SeqCst);
        Poll::Ready(self.pieces.pop_front().map(|piece| piece.map(Frame::data)))
    }
}

fn pieces(pieces: impl IntoIterator<Item = Vec<u8>>) -> ResponseBody {
    ResponseBody::from_body(Pieces {
        pieces: pieces.into_iter().map(|piece| Ok(piece.into())).collect(),
        polls: Arc::default(),
    })
}

/// Returns a body that returns these bytes and then fails with a connection reset.
fn reset_after(bytes: &[u8]) -> ResponseBody {
    let reset = std::io::Error::from(std::io::ErrorKind::ConnectionReset);
    ResponseBody::from_body(Pieces {
        pieces: VecDeque::from([Ok(Bytes::copy_from_slice(bytes)), Err(reset)]),
        polls: Arc::default(),
    })
}

async fn call(body: ResponseBody) -> EventStreamOutput<Operation> {
    let fake = Fake::with_response(Ok(response(200, &HEADERS, body)));
    fake.client().invoke_model_with_response_stream().model_id(ID).body("{}").send().await.unwrap()
}

/// Reads the stream to its end. Returns all events, and the error if the stream ends with an error.
async fn read(events: &mut EventReceiver<Operation>) -> (Vec<ResponseStream>, Option<StreamError>) {
    let mut received = Vec::new();
    let error = loop {
        match events.recv().await {
            Ok(Some(event)) => received.push(event),
            Ok(None) => break None,
            Err(error) => break Some(error),
        }
    };
    // After its end, the stream does not return events or errors.
    assert_eq!(events.is_complete(), error.is_none());
    assert!(events.recv().await.unwrap().is_none());
    assert_eq!(events.is_complete(), error.is_none());
    (received, error)
}

#[tokio::test]
async fn returns_the_head_before_the_events() {
    let polls = Arc::default();
    let events = [chunk("one"), unknown(), chunk("two")];
    let body = Pieces {
        pieces: frames(&events).into_iter().map(|piece| Ok(piece.into())).collect(),
        polls: Arc::clone(&polls),
    };
    let mut response = call(ResponseBody::from_body(body)).await;
    assert_eq!(response.output.content_type, "application/json");
    assert_eq!(response.output.performance_config_latency.unwrap().as_str(), "optimized");
    assert_eq!(response.output.service_tier.unwrap().as_str(), "flex");
    assert_eq!(response.events.request_id(), Some("an-id"));

    // The receiver reads the next frame only when the caller requests an event.
    for (index, event) in events.iter().enumerate() {
        assert_eq!(polls.load(Ordering::SeqCst), index);
        assert_eq!(response.events.recv().await.unwrap().as_ref(), Some(event));
    }
    assert!(!response.events.is_complete());
    assert!(response.events.recv().await.unwrap().is_none());
    assert!(response.events.is_complete());
    let received = response.events.received();
    let bytes: usize = frames(&events).iter().map(Vec::len).sum();
    assert_eq!((received.events, received.bytes), (3, bytes as u64));
}

#[tokio::test]
async fn receiver_is_a_fused_stream() {
    use futures_core::{FusedStream, Stream};
    let mut events = call(pieces(frames(&[chunk("one")]))).await.events;
    let mut next = async || std::future::poll_fn(|cx| Pin::new(&mut events).poll_next(cx)).await;
    assert_eq!(next().await.unwrap().unwrap(), chunk("one"));
    assert!(next().await.is_none());
    assert!(events.is_terminated());
}

#[tokio::test]
async fn stream_without_events_is_complete() {
    let (events, error) = read(&mut call(pieces([])).await.events).await;
    assert_eq!((events, error.is_none()), (vec![], true));
}

#[tokio::test]
async fn a_stream_whose_events_have_all_arrived_does_not_delay_other_tasks() {
    let events = vec![chunk("one"); 1_000];
    for body in [pieces([frames(&events).concat()]), pieces(frames(&events))] {
        let mut response = call(body).await;
        let turns = Arc::<AtomicUsize>::default();
        let other = tokio::spawn({
            let turns = Arc::clone(&turns);
            async move {
                loop {
                    turns.fetch_add(1, Ordering::SeqCst);
                    tokio::task::yield_now().await;
                }
            }
        });
        let (received, error) = read(&mut response.events).await;
        assert!(received == events && error.is_none());
        // tokio gives a task a budget of 128 operations.
        let turns = turns.load(Ordering::SeqCst);
        assert!(turns >= 7, "the other task ran {turns} times");
        other.abort();
    }
}

#[tokio::test]
async fn debug_and_display_contain_nothing_sensitive() {
    let mut response = call(pieces(frames(&[chunk("secret-part"), unknown()]))).await;
    let mut printed = format!("{response:?}");
    while let Some(event) = response.events.recv().await.unwrap() {
        printed.push_str(&format!("{event:?}"));
    }
    let mut corrupted = frames(&[chunk("secret-part")]).concat();
    *corrupted.last_mut().unwrap() ^= 1;
    for body in [reset_after(&frames(&[chunk("secret-part")])[0][..90]), pieces([corrupted])] {
        let (_, error) = read(&mut call(body).await.events).await;
        printed.push_str(&format!("{0} {0:?}", error.unwrap()));
    }
    for sensitive in ["secret-part", "c2VjcmV0LXBhcnQ", "any bytes"] {
        assert!(!printed.contains(sensitive), "{printed}");
    }
}
