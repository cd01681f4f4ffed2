//! TimeoutConfig, by a clock that moves as the test says.

use std::collections::VecDeque;
use std::pin::Pin;
use std::sync::Mutex;
use std::task::{Context, Poll};

use bytes::Bytes;
use http::{Request, Response};
use http_body::{Body, Frame};
use tokio::time::{Instant, Sleep, advance, sleep};

use super::*;
use crate::{BoxFuture, RequestBody, ResponseBody, Transport};

const SECOND: Duration = Duration::from_secs(1);

/// Answers after a while, with a body whose pieces come after a while each.
#[derive(Debug)]
struct Slow {
    head: Duration,
    pieces: Mutex<VecDeque<Duration>>,
}

impl Slow {
    fn new<const N: usize>(head: u32, pieces: [u32; N]) -> Self {
        let pieces = pieces.map(|seconds| SECOND * seconds);
        Self { head: SECOND * head, pieces: Mutex::new(pieces.into()) }
    }
}

impl Transport for Slow {
    fn send(&self, _: Request<RequestBody>) -> BoxFuture<Result<Response<ResponseBody>, TransportError>> {
        let head = sleep(self.head);
        let pieces = std::mem::take(&mut *self.pieces.lock().unwrap());
        Box::pin(async move {
            head.await;
            Ok(Response::new(ResponseBody::from_body(Pieces { pieces, coming: None })))
        })
    }
}

/// A piece comes so long after the one before, whether anybody waits for it or not.
struct Pieces {
    pieces: VecDeque<Duration>,
    coming: Option<Pin<Box<Sleep>>>,
}

impl Body for Pieces {
    type Data = Bytes;
    type Error = std::io::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, std::io::Error>>> {
        if self.coming.is_none() {
            let Some(after) = self.pieces.pop_front() else { return Poll::Ready(None) };
            self.coming = Some(Box::pin(sleep(after)));
        }
        let Some(coming) = &mut self.coming else { return Poll::Pending };
        std::task::ready!(coming.as_mut().poll(cx));
        self.coming = None;
        Poll::Ready(Some(Ok(Frame::data(Bytes::from_static(b"piece")))))
    }
}

/// Reads all that a slow peer sends: how many bytes, or which deadline passed, and after how many seconds.
async fn read(timeouts: TimeoutConfig, peer: Slow) -> (Result<usize, TimeoutKind>, u64) {
    let start = Instant::now();
    let running = timeouts.start();
    let read = async { running.send(&peer, Request::default()).await?.into_body().collect().await };
    let outcome = read.await.map(|bytes| bytes.len()).map_err(|error| match error.kind() {
        TransportErrorKind::Timeout(deadline) => deadline,
        other => panic!("{other:?}: {error}"),
    });
    (outcome, start.elapsed().as_secs())
}

fn first_byte(seconds: u32) -> TimeoutConfig {
    TimeoutConfig { first_byte: Some(SECOND * seconds), ..TimeoutConfig::disabled() }
}

fn idle(seconds: u32) -> TimeoutConfig {
    TimeoutConfig { idle: Some(SECOND * seconds), ..TimeoutConfig::disabled() }
}

fn total(seconds: u32) -> TimeoutConfig {
    TimeoutConfig { operation: Some(SECOND * seconds), ..TimeoutConfig::disabled() }
}

#[tokio::test(start_paused = true)]
async fn a_healthy_inference_is_not_ended_by_default() {
    // It thinks for an hour, and pauses for 57 seconds and for ten minutes.
    let peer = Slow::new(3600, [1, 57, 600, 57, 57, 57]);
    assert_eq!(read(TimeoutConfig::default(), peer).await, (Ok(30), 3600 + 829));
}

#[tokio::test(start_paused = true)]
async fn each_deadline_ends_what_it_is_named_for() {
    assert_eq!(read(first_byte(60), Slow::new(59, [500])).await, (Ok(5), 559));
    assert_eq!(read(first_byte(60), Slow::new(61, [500])).await, (Err(TimeoutKind::FirstByte), 60));
    assert_eq!(read(idle(60), Slow::new(500, [59, 59, 59])).await, (Ok(15), 677));
    assert_eq!(read(idle(60), Slow::new(500, [59, 61, 1])).await, (Err(TimeoutKind::Idle), 619));
    assert_eq!(read(total(60), Slow::new(30, [10, 10])).await, (Ok(10), 50));
    assert_eq!(read(total(60), Slow::new(61, [])).await, (Err(TimeoutKind::Operation), 60));
    assert_eq!(read(total(60), Slow::new(30, [29, 29])).await, (Err(TimeoutKind::Operation), 60));
    assert_eq!(read(TimeoutConfig::disabled(), Slow::new(86_400, [86_400])).await, (Ok(5), 172_800));
}

#[tokio::test(start_paused = true)]
async fn the_earlier_of_two_ends_the_call() {
    let both = |first: TimeoutConfig, second: TimeoutConfig| TimeoutConfig {
        first_byte: first.first_byte.or(second.first_byte),
        idle: first.idle.or(second.idle),
        operation: first.operation.or(second.operation),
        ..TimeoutConfig::disabled()
    };
    assert_eq!(
        read(both(first_byte(5), total(9)), Slow::new(20, [])).await,
        (Err(TimeoutKind::FirstByte), 5)
    );
    assert_eq!(
        read(both(first_byte(9), total(5)), Slow::new(20, [])).await,
        (Err(TimeoutKind::Operation), 5)
    );
    assert_eq!(read(both(idle(5), total(9)), Slow::new(1, [20])).await, (Err(TimeoutKind::Idle), 6));
    assert_eq!(read(both(idle(9), total(5)), Slow::new(1, [20])).await, (Err(TimeoutKind::Operation), 5));
}

#[tokio::test(start_paused = true)]
async fn total_bounds_all_attempts_together() {
    let running = total(60).start();
    let send = |head| async move { running.send(&Slow::new(head, []), Request::default()).await };
    send(40).await.unwrap();
    let error = send(40).await.unwrap_err();
    assert_eq!(error.kind(), TransportErrorKind::Timeout(TimeoutKind::Operation));
}

#[tokio::test(start_paused = true)]
async fn what_a_call_waits_for_beside_counts_or_not() {
    let mut running = total(60).start();
    running.without(sleep(SECOND * 3600)).await;
    assert_eq!(running.remaining(), Some(SECOND * 60));
    running.within(sleep(SECOND * 59)).await.unwrap();
    assert_eq!(running.remaining(), Some(SECOND));
    let error = running.within(sleep(SECOND * 2)).await.unwrap_err();
    assert_eq!(error.kind(), TransportErrorKind::Timeout(TimeoutKind::Operation));
    assert!(!error.may_have_been_sent(), "nothing was sent by who only waits");
    assert_eq!(running.remaining(), Some(Duration::ZERO));
    assert_eq!(TimeoutConfig::disabled().start().remaining(), None);
}

#[tokio::test(start_paused = true)]
async fn an_answer_without_a_pause_does_not_outlast_its_call() {
    let response = total(60).start().send(&Slow::new(0, [0; 9]), Request::default()).await.unwrap();
    let mut body = response.into_body();
    assert!(body.chunk().await.unwrap().is_some());
    advance(SECOND * 61).await;
    assert!(body.chunk().await.is_err());
    assert_eq!(body.chunk().await.unwrap(), None, "an error is the end");
}

#[tokio::test(start_paused = true)]
async fn a_slow_reader_is_no_silent_peer() {
    let response = idle(60).start().send(&Slow::new(0, [1, 1, 59]), Request::default()).await.unwrap();
    let mut body = response.into_body();
    for _ in 0..3 {
        advance(SECOND * 3600).await;
        assert!(body.chunk().await.unwrap().is_some());
    }
    assert_eq!(body.chunk().await.unwrap(), None);
}

#[test]
fn an_expiry_says_which_how_long_and_what_to_set() {
    let check = |deadline: TimeoutKind, expected: &str| {
        assert_eq!(deadline.expired(SECOND * 90).to_string(), expected);
    };
    check(
        TimeoutKind::FirstByte,
        "no answer in time: none after 90s; a longer `first_byte` deadline waits longer",
    );
    check(
        TimeoutKind::Idle,
        "the answer fell silent: nothing came for 90s; a longer `idle` deadline waits longer",
    );
    check(
        TimeoutKind::Operation,
        "the call took too long: it was not done after 90s; a longer `operation` deadline lets it take longer",
    );
}
