//! Calls that send and receive events at the same time, over HTTP/2 on loopback.

mod cancellation;
mod failover;
mod failures;
mod interceptors;
mod json;
#[cfg(feature = "opentelemetry")]
mod metrics;
mod server;
mod waits;

use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::sync::atomic::Ordering::SeqCst;
use std::time::{Duration, SystemTime};

use bytes::Bytes;
use futures_util::stream;
use invoke_model_client::types::{
    BidirectionalInputPayloadPart, BidirectionalOutputPayloadPart, InvokeModelWithBidirectionalStream,
    InvokeModelWithBidirectionalStreamInputEvent, InvokeModelWithBidirectionalStreamOutputEvent,
};
use invoke_model_client::{
    BidirectionalStreamOutput, Call, Client, Config, ConfigBuilder, Credentials, ErrorKind, EventReceiver,
    HttpVersionPolicy, HyperTransport, RetryConfig,
};
use invoke_model_protocol::event_stream::Message;

use crate::fake::SECRET;
use server::{Input, StreamServer};

const MODEL: &str = "amazon.nova-2-sonic-v1:0";

type Operation = InvokeModelWithBidirectionalStream;
type InputEvent = InvokeModelWithBidirectionalStreamInputEvent;
type OutputEvent = InvokeModelWithBidirectionalStreamOutputEvent;

/// A clock that the client moves by one second each time it reads the time.
#[derive(Clone, Default)]
struct Clock(Arc<AtomicU64>);

impl Clock {
    fn tick(&self) -> SystemTime {
        Self::at(self.0.fetch_add(1, SeqCst))
    }

    fn peek(&self) -> SystemTime {
        Self::at(self.0.load(SeqCst))
    }

    fn at(seconds: u64) -> SystemTime {
        SystemTime::UNIX_EPOCH + Duration::from_secs(1_440_938_160 + seconds)
    }
}

fn input(text: &str) -> InputEvent {
    let mut part = BidirectionalInputPayloadPart::default();
    part.bytes = Some(Bytes::copy_from_slice(text.as_bytes()));
    InputEvent::Chunk(part)
}

fn output(text: &str) -> OutputEvent {
    let mut part = BidirectionalOutputPayloadPart::default();
    part.bytes = Some(Bytes::copy_from_slice(text.as_bytes()));
    OutputEvent::Chunk(part)
}

/// Returns the event that an echo server sends for an event.
fn echo(event: &InputEvent) -> OutputEvent {
    let InputEvent::Chunk(part) = event else { panic!("{event:?}") };
    let mut echo = BidirectionalOutputPayloadPart::default();
    echo.bytes = part.bytes.clone();
    OutputEvent::Chunk(echo)
}

fn settings(server: &StreamServer, clock: &Clock) -> ConfigBuilder {
    let clock = clock.clone();
    Config::builder()
        .region("us-east-1")
        .endpoint_url(server.url())
        .credentials_provider(Credentials::new("AKIDEXAMPLE", SECRET, None))
        .transport(HyperTransport::builder().http_version_policy(HttpVersionPolicy::Http2Only).build())
        .time_source(move || clock.tick())
        .retry_config(RetryConfig::disabled())
}

fn call(settings: ConfigBuilder) -> Call<Operation> {
    Client::new(settings).unwrap().invoke_model_with_bidirectional_stream().model_id(MODEL)
}

async fn open(server: &StreamServer) -> BidirectionalStreamOutput<Operation> {
    call(settings(server, &Clock::default())).send().await.unwrap()
}

async fn read(events: &mut EventReceiver<Operation>) -> Vec<OutputEvent> {
    let mut received = Vec::new();
    while let Some(event) = events.recv().await.unwrap() {
        received.push(event);
    }
    assert!(events.is_complete());
    received
}

/// Starts a server that sends each event back.
async fn echo_server(clock: Clock) -> StreamServer {
    StreamServer::start(clock, |mut call| async move {
        let mut events = call.head();
        loop {
            match call.next().await {
                Input::Event(event) => events.send(&echo(&event)),
                Input::SignedEnd => {}
                Input::End => return events.end(),
                Input::Reset(_) => return,
            }
        }
    })
    .await
}

#[tokio::test]
async fn a_thousand_events_in_each_direction() {
    let server = echo_server(Clock::default()).await;
    // The clock of the server does not move, so the client must not move its clock by more than five minutes.
    let client = settings(&server, &Clock::default()).time_source(|| Clock::at(0));
    let BidirectionalStreamOutput { mut sender, response, .. } = call(client).send().await.unwrap();
    let sending = tokio::spawn(async move {
        for index in 0..1_000 {
            sender.send(input(&format!("event {index}"))).await?;
        }
        sender.close().await
    });
    let mut events = response.await.unwrap().events;
    let received = read(&mut events).await;
    let expected: Vec<_> = (0..1_000).map(|index| output(&format!("event {index}"))).collect();
    assert_eq!(received, expected);
    assert_eq!(events.received().events, 1_000);
    sending.await.unwrap().unwrap();
}

#[tokio::test]
async fn a_signed_input_ends_with_an_empty_frame_and_each_frame_has_the_time_of_its_signature() {
    let clock = Clock::default();
    let server = StreamServer::start(clock.clone(), |mut call| async move {
        assert_eq!(call.next().await, Input::Event(input("one")));
        assert_eq!(call.next().await, Input::Event(input("two")));
        assert_eq!(call.next().await, Input::SignedEnd);
        assert_eq!(call.next().await, Input::End);
        let times: Vec<_> = call.dates.iter().map(|date| date - call.dates[0]).collect();
        assert_eq!(times, [0, 1_000, 2_000]);
        let mut events = call.head();
        events.send(&output("after the end of the input"));
        events.end();
    })
    .await;
    let mut stream = call(settings(&server, &clock)).send().await.unwrap();
    stream.sender.send(input("one")).await.unwrap();
    stream.sender.send(input("two")).await.unwrap();
    stream.sender.close().await.unwrap();
    let mut events = stream.response.await.unwrap().events;
    assert_eq!(read(&mut events).await, [output("after the end of the input")]);
}

#[tokio::test]
async fn the_head_of_the_response_may_depend_on_the_first_event() {
    let server = StreamServer::start(Clock::default(), |mut call| async move {
        assert_eq!(call.next().await, Input::Event(input("first")));
        let mut events = call.head();
        events.send(&output("second"));
        assert_eq!(call.next().await, Input::Event(input("third")));
        events.end();
        assert_eq!(call.next().await, Input::SignedEnd);
    })
    .await;
    let mut stream = open(&server).await;
    stream.sender.send(input("first")).await.unwrap();
    let mut events = stream.response.await.unwrap().events;
    assert_eq!(events.recv().await.unwrap(), Some(output("second")));
    stream.sender.send(input("third")).await.unwrap();
    assert_eq!(events.recv().await.unwrap(), None);
    stream.sender.close().await.unwrap();
}

#[tokio::test]
async fn the_head_of_the_response_may_arrive_before_the_first_event() {
    let server = echo_server(Clock::default()).await;
    let stream = open(&server).await;
    let (mut sender, mut events) = (stream.sender, stream.response.await.unwrap().events);
    for text in ["one", "two"] {
        sender.send(input(text)).await.unwrap();
        assert_eq!(events.recv().await.unwrap(), Some(output(text)));
    }
    sender.close().await.unwrap();
    assert_eq!(events.recv().await.unwrap(), None);
}

#[tokio::test]
async fn the_events_of_a_stream_are_sent() {
    let server = echo_server(Clock::default()).await;
    let events = stream::iter(["one", "two", "three"].map(input));
    let call = call(settings(&server, &Clock::default()));
    let mut received = call.send_events(events).await.unwrap().events;
    assert_eq!(read(&mut received).await, ["one", "two", "three"].map(output));
}

#[tokio::test]
async fn events_are_not_signed_with_a_bearer_token() {
    let server = StreamServer::start(Clock::default(), |mut call| async move {
        assert_eq!(call.headers["authorization"], "Bearer a-token");
        assert!(!call.headers.contains_key("x-amz-content-sha256"));
        assert_eq!(call.next().await, Input::Event(input("one")));
        assert_eq!(call.next().await, Input::End);
        call.head().end();
    })
    .await;
    let mut stream = call(settings(&server, &Clock::default())).bearer_token("a-token").send().await.unwrap();
    stream.sender.send(input("one")).await.unwrap();
    stream.sender.close().await.unwrap();
    assert_eq!(read(&mut stream.response.await.unwrap().events).await, []);
}

#[tokio::test]
async fn an_event_that_is_too_long_does_not_end_the_call() {
    let server = echo_server(Clock::default()).await;
    let mut stream = open(&server).await;
    let too_long = vec![0; (24 << 20) + 1];
    let error =
        stream.sender.send(InputEvent::Unknown(Message::builder().payload(too_long))).await.unwrap_err();
    assert!(matches!(error.kind(), ErrorKind::SerializeEvent(_)), "{error:?}");
    let expected = "InvokeModelWithBidirectionalStream: event not sent: `the event` is too long";
    assert!(error.to_string().starts_with(expected), "{error}");
    // The event fits into a frame, but the signed frame around it would be too long.
    let too_long = vec![0; 24 << 20];
    let error =
        stream.sender.send(InputEvent::Unknown(Message::builder().payload(too_long))).await.unwrap_err();
    assert!(matches!(error.kind(), ErrorKind::SerializeEvent(_)), "{error:?}");

    stream.sender.send(input("short")).await.unwrap();
    stream.sender.close().await.unwrap();
    assert_eq!(read(&mut stream.response.await.unwrap().events).await, [output("short")]);
}

#[tokio::test]
async fn an_explanation_contains_the_head_of_the_request() {
    let server = echo_server(Clock::default()).await;
    let request = call(settings(&server, &Clock::default())).sign().await.unwrap();
    assert_eq!(request.version(), http::Version::HTTP_2);
    assert_eq!(request.headers()["x-amz-content-sha256"], "STREAMING-AWS4-HMAC-SHA256-EVENTS");
    assert!(request.body().is_empty());
}
