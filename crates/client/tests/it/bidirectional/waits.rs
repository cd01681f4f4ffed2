//! Back-pressure and timeouts.

use std::future::{Future, pending, poll_fn};
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::AtomicUsize;
use std::sync::atomic::Ordering::SeqCst;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use http_body::{Body, Frame};
use invoke_model_client::{
    BidirectionalStreamOutput, BoxFuture, Client, Config, Credentials, ErrorKind, RequestBody, ResponseBody,
    RetryConfig, TimeoutConfig, TimeoutKind, Transport, TransportError, TransportErrorKind,
};
use invoke_model_protocol::event_stream::CONTENT_TYPE;
use tokio::sync::{Notify, mpsc};
use tokio::time::Instant;

use super::server::{Input, StreamServer};
use super::{Clock, MODEL, input, open, read};
use crate::fake::{SECRET, now};

#[tokio::test]
async fn the_sender_waits_while_the_service_does_not_read() {
    const EVENTS: usize = 40;
    let resume = Arc::new(Notify::new());
    let (report, mut reports) = mpsc::unbounded_channel();
    let server = StreamServer::start(Clock::default(), {
        let resume = Arc::clone(&resume);
        move |mut call| {
            let (resume, report) = (Arc::clone(&resume), report.clone());
            async move {
                // The client may send 65,535 bytes, because the server does not release the capacity of the
                // stream.
                let (mut received, mut length) = (Vec::new(), 0);
                while length < 65_535 {
                    let bytes = call.body.data().await.unwrap().unwrap();
                    length += bytes.len();
                    received.push(bytes);
                }
                assert_eq!(length, 65_535);
                report.send(()).unwrap();
                resume.notified().await;
                call.resume(received);
                for _ in 0..EVENTS {
                    assert!(matches!(call.next().await, Input::Event(_)));
                }
                assert_eq!(call.next().await, Input::SignedEnd);
                call.head().end();
            }
        }
    })
    .await;
    let BidirectionalStreamOutput { mut sender, response, .. } = open(&server).await;
    let sent = Arc::new(AtomicUsize::default());
    let count = Arc::clone(&sent);
    let sending = tokio::spawn(async move {
        // In base64 and JSON, each event has more than 65,535 bytes.
        let event = input(&"a".repeat(60_000));
        for _ in 0..EVENTS {
            sender.send(event.clone()).await.unwrap();
            count.fetch_add(1, SeqCst);
        }
        sender.close().await.unwrap();
    });
    reports.recv().await.unwrap();
    for _ in 0..1_000 {
        tokio::task::yield_now().await;
    }
    // One event is partly sent, one waits in hyper, and one waits in the sender.
    let waiting = sent.load(SeqCst);
    assert!((1..=3).contains(&waiting), "{waiting} events were accepted");
    resume.notify_one();
    assert_eq!(read(&mut response.await.unwrap().events).await, []);
    sending.await.unwrap();
    assert_eq!(sent.load(SeqCst), EVENTS);
}

/// A transport that starts the request body, but reads no event. If `has_head` is set, it responds with a
/// head, but not with events.
#[derive(Debug)]
struct Stalled {
    has_head: bool,
}

impl Transport for Stalled {
    fn send(
        &self,
        request: http::Request<RequestBody>,
    ) -> BoxFuture<Result<http::Response<ResponseBody>, TransportError>> {
        let has_head = self.has_head;
        Box::pin(async move {
            let mut body = request.into_body();
            let is_pending = poll_fn(|cx| Poll::Ready(Pin::new(&mut body).poll_frame(cx).is_pending()));
            assert!(is_pending.await, "there is no event before the start of the body");
            if !has_head {
                pending::<()>().await;
            }
            let response = http::Response::builder().header("content-type", CONTENT_TYPE);
            Ok(response.body(ResponseBody::from_body(Silent(body))).unwrap())
        })
    }
}

/// A response body without data. It keeps the request body.
struct Silent(#[expect(dead_code, reason = "the body must not be dropped")] RequestBody);

impl Body for Silent {
    type Data = Bytes;
    type Error = TransportError;

    fn poll_frame(
        self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, TransportError>>> {
        Poll::Pending
    }
}

async fn stalled(has_head: bool, timeouts: TimeoutConfig) -> BidirectionalStreamOutput<super::Operation> {
    let config = Config::builder()
        .region("us-east-1")
        .credentials_provider(Credentials::new("AKIDEXAMPLE", SECRET, None))
        .transport(Stalled { has_head })
        .time_source(now)
        .retry_config(RetryConfig::disabled())
        .timeout_config(timeouts);
    let client = Client::new(config).unwrap();
    client.invoke_model_with_bidirectional_stream().model_id(MODEL).send().await.unwrap()
}

const MINUTE: Duration = Duration::from_secs(60);

#[tokio::test(start_paused = true)]
async fn the_operation_timeout_ends_a_sender_that_waits() {
    for has_head in [false, true] {
        let start = Instant::now();
        let timeouts = TimeoutConfig::disabled().operation(MINUTE);
        let mut stream = stalled(has_head, timeouts).await;
        stream.sender.send(input("one")).await.unwrap();
        let error = stream.sender.send(input("two")).await.unwrap_err();
        assert!(error.is_timeout() && error.may_have_been_sent(), "{error}");
        assert_eq!(start.elapsed(), MINUTE);
        let result = stream.response.await;
        assert_eq!(result.is_ok(), has_head);
        if let Ok(mut output) = result {
            assert!(output.events.recv().await.unwrap_err().is_timeout());
        }
    }
}

#[tokio::test(start_paused = true)]
async fn the_first_byte_timeout_starts_when_the_input_is_closed() {
    let timeouts = TimeoutConfig::disabled().first_byte(MINUTE);
    let mut stream = stalled(false, timeouts).await;
    stream.sender.send(input("one")).await.unwrap();
    tokio::time::advance(MINUTE * 60).await;
    let is_pending = poll_fn(|cx| Poll::Ready(Pin::new(&mut stream.response).poll(cx).is_pending())).await;
    assert!(is_pending, "the timeout has not started");
}

#[tokio::test(start_paused = true)]
async fn the_idle_timeout_applies_to_the_receiver() {
    let stream = stalled(true, TimeoutConfig::disabled().idle(MINUTE)).await;
    let mut events = stream.response.await.unwrap().events;
    let start = Instant::now();
    let error = events.recv().await.unwrap_err();
    assert_eq!(start.elapsed(), MINUTE);
    let ErrorKind::Transport(transport) = error.kind() else { panic!("{error:?}") };
    assert_eq!(transport.kind(), TransportErrorKind::Timeout(TimeoutKind::Idle));
}
