//! Answers that come as events: whole, cut anywhere, wrong anywhere, slow, and dropped.

mod cut;
mod errors;
mod sockets;
mod time;

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

const FIELDS: [(&str, &str); 5] = [
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

/// An event of a name that the model does not have.
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

/// A body of the pieces that are given, which counts how many were asked for.
struct Pieces {
    pieces: VecDeque<std::io::Result<Bytes>>,
    asked: Arc<AtomicUsize>,
}

impl Body for Pieces {
    type Data = Bytes;
    type Error = std::io::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<std::io::Result<Frame<Bytes>>>> {
        self.asked.fetch_add(1, Ordering::SeqCst);
        Poll::Ready(self.pieces.pop_front().map(|piece| piece.map(Frame::data)))
    }
}

fn pieces(pieces: impl IntoIterator<Item = Vec<u8>>) -> ResponseBody {
    ResponseBody::from_body(Pieces {
        pieces: pieces.into_iter().map(|piece| Ok(piece.into())).collect(),
        asked: Arc::default(),
    })
}

/// The same, and then the connection is lost.
fn lost_after(bytes: &[u8]) -> ResponseBody {
    let lost = std::io::Error::from(std::io::ErrorKind::ConnectionReset);
    ResponseBody::from_body(Pieces {
        pieces: VecDeque::from([Ok(Bytes::copy_from_slice(bytes)), Err(lost)]),
        asked: Arc::default(),
    })
}

async fn answered(body: ResponseBody) -> EventStreamOutput<Operation> {
    let fake = Fake::answering(Ok(response(200, &FIELDS, body)));
    fake.client().invoke_model_with_response_stream().model_id(ID).body("{}").send().await.unwrap()
}

/// All events up to the end, and the error if that is one.
async fn read(events: &mut EventReceiver<Operation>) -> (Vec<ResponseStream>, Option<StreamError>) {
    let mut read = Vec::new();
    let error = loop {
        match events.recv().await {
            Ok(Some(event)) => read.push(event),
            Ok(None) => break None,
            Err(error) => break Some(error),
        }
    };
    // However it ended, it has ended, and says how.
    assert_eq!(events.is_complete(), error.is_none());
    assert!(events.recv().await.unwrap().is_none());
    assert_eq!(events.is_complete(), error.is_none());
    (read, error)
}

#[tokio::test]
async fn the_head_is_there_before_the_events() {
    let asked = Arc::default();
    let events = [chunk("one"), unknown(), chunk("two")];
    let body = Pieces {
        pieces: frames(&events).into_iter().map(|piece| Ok(piece.into())).collect(),
        asked: Arc::clone(&asked),
    };
    let mut answer = answered(ResponseBody::from_body(body)).await;
    assert_eq!(answer.output.content_type, "application/json");
    assert_eq!(answer.output.performance_config_latency.unwrap().as_str(), "optimized");
    assert_eq!(answer.output.service_tier.unwrap().as_str(), "flex");
    assert_eq!(answer.body.request_id(), Some("an-id"));

    // And nothing is read before it is asked for.
    for (read, event) in events.iter().enumerate() {
        assert_eq!(asked.load(Ordering::SeqCst), read);
        assert_eq!(answer.body.recv().await.unwrap().as_ref(), Some(event));
    }
    assert!(!answer.body.is_complete());
    assert!(answer.body.recv().await.unwrap().is_none());
    assert!(answer.body.is_complete());
    let received = answer.body.received();
    let bytes: usize = frames(&events).iter().map(Vec::len).sum();
    assert_eq!((received.events, received.bytes), (3, bytes as u64));
}

#[tokio::test]
async fn a_stream_of_the_ecosystem() {
    use futures_core::{FusedStream, Stream};
    let mut events = answered(pieces(frames(&[chunk("one")]))).await.body;
    let mut next = async || std::future::poll_fn(|cx| Pin::new(&mut events).poll_next(cx)).await;
    assert_eq!(next().await.unwrap().unwrap(), chunk("one"));
    assert!(next().await.is_none());
    assert!(events.is_terminated());
}

#[tokio::test]
async fn a_stream_without_events_is_whole() {
    let (read, error) = read(&mut answered(pieces([])).await.body).await;
    assert_eq!((read, error.is_none()), (vec![], true));
}

#[tokio::test]
async fn nothing_sensitive_is_printed() {
    let mut answer = answered(pieces(frames(&[chunk("secret-part"), unknown()]))).await;
    let mut printed = format!("{answer:?}");
    while let Some(event) = answer.body.recv().await.unwrap() {
        printed.push_str(&format!("{event:?}"));
    }
    let mut wrong = frames(&[chunk("secret-part")]).concat();
    *wrong.last_mut().unwrap() ^= 1;
    for body in [lost_after(&frames(&[chunk("secret-part")])[0][..90]), pieces([wrong])] {
        let (_, error) = read(&mut answered(body).await.body).await;
        printed.push_str(&format!("{0} {0:?}", error.unwrap()));
    }
    for sensitive in ["secret-part", "c2VjcmV0LXBhcnQ", "any bytes"] {
        assert!(!printed.contains(sensitive), "{printed}");
    }
}
