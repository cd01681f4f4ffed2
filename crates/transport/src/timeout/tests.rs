//! Tests of timeouts with tokio's paused clock.

use std::collections::VecDeque;
use std::pin::Pin;
use std::sync::Mutex;
use std::task::{Context, Poll};

use bytes::Bytes;
use http_body::{Body, Frame};
use tokio::time::{Instant, Sleep, advance, sleep};

use super::*;
use crate::error::TransportErrorKind;
use crate::transport::BoxFuture;

const SECOND: Duration = Duration::from_secs(1);

/// A transport that responds after a delay. Each chunk of the body also arrives after a delay.
#[derive(Debug)]
struct Slow {
    head: Duration,
    chunks: Mutex<VecDeque<Duration>>,
}

impl Slow {
    fn new<const N: usize>(head: u32, chunks: [u32; N]) -> Self {
        let chunks = chunks.map(|seconds| SECOND * seconds);
        Self { head: SECOND * head, chunks: Mutex::new(chunks.into()) }
    }
}

impl Transport for Slow {
    fn send(&self, _: Request<RequestBody>) -> BoxFuture<Result<Response<ResponseBody>, TransportError>> {
        let head = sleep(self.head);
        let delays = std::mem::take(&mut *self.chunks.lock().unwrap());
        Box::pin(async move {
            head.await;
            Ok(Response::new(ResponseBody::from_body(Chunks { delays, next: None })))
        })
    }
}

/// A body whose chunks arrive after delays. The delay of a chunk starts with the first poll for this chunk.
struct Chunks {
    delays: VecDeque<Duration>,
    next: Option<Pin<Box<Sleep>>>,
}

impl Body for Chunks {
    type Data = Bytes;
    type Error = std::io::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, std::io::Error>>> {
        if self.next.is_none() {
            let Some(delay) = self.delays.pop_front() else { return Poll::Ready(None) };
            self.next = Some(Box::pin(sleep(delay)));
        }
        let Some(next) = &mut self.next else { return Poll::Pending };
        std::task::ready!(next.as_mut().poll(cx));
        self.next = None;
        Poll::Ready(Some(Ok(Frame::data(Bytes::from_static(b"chunk")))))
    }
}

/// Reads a complete response. Returns the size of its body or the timeout that expired, and the elapsed
/// seconds.
async fn read(timeouts: RequestTimeouts, peer: Slow) -> (Result<usize, TimeoutKind>, u64) {
    let start = Instant::now();
    let read = async { timeouts.send(&peer, Request::default()).await?.into_body().collect().await };
    let outcome = read.await.map(|bytes| bytes.len()).map_err(|error| match error.kind() {
        TransportErrorKind::Timeout(kind) => kind,
        other => panic!("{other:?}: {error}"),
    });
    (outcome, start.elapsed().as_secs())
}

fn first_byte(seconds: u32) -> RequestTimeouts {
    RequestTimeouts { first_byte: Some(SECOND * seconds), ..RequestTimeouts::default() }
}

fn idle(seconds: u32) -> RequestTimeouts {
    RequestTimeouts { idle: Some(SECOND * seconds), ..RequestTimeouts::default() }
}

fn operation(seconds: u32) -> RequestTimeouts {
    RequestTimeouts { deadline: Deadline::after(SECOND * seconds), ..RequestTimeouts::default() }
}

#[tokio::test(start_paused = true)]
async fn each_timeout_limits_its_part_of_a_request() {
    assert_eq!(read(first_byte(60), Slow::new(59, [500])).await, (Ok(5), 559));
    assert_eq!(read(first_byte(60), Slow::new(61, [500])).await, (Err(TimeoutKind::FirstByte), 60));
    assert_eq!(read(idle(60), Slow::new(500, [59, 59, 59])).await, (Ok(15), 677));
    assert_eq!(read(idle(60), Slow::new(500, [59, 61, 1])).await, (Err(TimeoutKind::Idle), 619));
    assert_eq!(read(operation(60), Slow::new(30, [10, 10])).await, (Ok(10), 50));
    assert_eq!(read(operation(60), Slow::new(61, [])).await, (Err(TimeoutKind::Operation), 60));
    assert_eq!(read(operation(60), Slow::new(30, [29, 29])).await, (Err(TimeoutKind::Operation), 60));
    assert_eq!(read(RequestTimeouts::default(), Slow::new(86_400, [86_400])).await, (Ok(5), 172_800));
}

#[tokio::test(start_paused = true)]
async fn the_earlier_of_two_timeouts_applies() {
    let first_byte = |first_byte: u32, operation: u32| RequestTimeouts {
        deadline: Deadline::after(SECOND * operation),
        ..self::first_byte(first_byte)
    };
    let idle = |idle: u32, operation: u32| RequestTimeouts {
        deadline: Deadline::after(SECOND * operation),
        ..self::idle(idle)
    };
    assert_eq!(read(first_byte(5, 9), Slow::new(20, [])).await, (Err(TimeoutKind::FirstByte), 5));
    assert_eq!(read(first_byte(9, 5), Slow::new(20, [])).await, (Err(TimeoutKind::Operation), 5));
    assert_eq!(read(idle(5, 9), Slow::new(1, [20])).await, (Err(TimeoutKind::Idle), 6));
    assert_eq!(read(idle(9, 5), Slow::new(1, [20])).await, (Err(TimeoutKind::Operation), 5));
}

/// A transport that reads the request to its end, and then responds after a delay.
#[derive(Debug)]
struct AfterBody(Duration);

impl Transport for AfterBody {
    fn send(
        &self,
        request: Request<RequestBody>,
    ) -> BoxFuture<Result<Response<ResponseBody>, TransportError>> {
        let delay = self.0;
        Box::pin(async move {
            ResponseBody::from_body(request.into_body()).collect().await?;
            sleep(delay).await;
            Ok(Response::new(Bytes::new().into()))
        })
    }
}

#[tokio::test(start_paused = true)]
async fn the_first_byte_timeout_starts_at_the_end_of_a_streamed_request() {
    let check =
        async |timeouts: RequestTimeouts, response: u32, expected: Result<(), TimeoutKind>, elapsed| {
            let start = Instant::now();
            let body = Chunks { delays: [SECOND * 100, SECOND * 100].into(), next: None };
            let request = Request::new(RequestBody::from_body(body));
            let result = timeouts.send(&AfterBody(SECOND * response), request).await;
            let result = result.map(drop).map_err(|error| error.kind());
            assert_eq!(result, expected.map_err(TransportErrorKind::Timeout));
            assert_eq!(start.elapsed().as_secs(), elapsed);
        };
    check(first_byte(60), 59, Ok(()), 259).await;
    check(first_byte(60), 61, Err(TimeoutKind::FirstByte), 260).await;
    let both =
        |operation: u32| RequestTimeouts { deadline: Deadline::after(SECOND * operation), ..first_byte(60) };
    check(both(150), 0, Err(TimeoutKind::Operation), 150).await;
    check(both(230), 59, Err(TimeoutKind::Operation), 230).await;
}

/// A transport that takes the parts of a body with a delay before each part, and responds after another delay.
#[derive(Debug)]
struct SlowUpload {
    part: Duration,
    response: Duration,
}

impl Transport for SlowUpload {
    fn send(
        &self,
        request: Request<RequestBody>,
    ) -> BoxFuture<Result<Response<ResponseBody>, TransportError>> {
        let (part, response) = (self.part, self.response);
        Box::pin(async move {
            let mut body = request.into_body();
            let mut received = Vec::new();
            while !body.is_end_stream() {
                sleep(part).await;
                let frame = std::future::poll_fn(|cx| Pin::new(&mut body).poll_frame(cx)).await;
                received.extend(frame.unwrap()?.into_data().unwrap());
            }
            sleep(response).await;
            Ok(Response::new(Bytes::from(received).into()))
        })
    }
}

#[tokio::test(start_paused = true)]
async fn the_first_byte_timeout_can_start_again_with_each_part_of_a_large_request() {
    let check =
        async |timeouts: RequestTimeouts, peer: SlowUpload, expected: Result<(), TimeoutKind>, elapsed| {
            let start = Instant::now();
            // Ten parts of 64 KiB.
            let body: Bytes = (0..10 * 65_536_u32).map(|number| number.to_le_bytes()[0]).collect();
            let read = async {
                let response = timeouts.send(&peer, Request::new(body.clone().into())).await?;
                response.into_body().collect().await
            };
            let result = read.await.map(|received| assert!(received == body, "the parts must be in order"));
            assert_eq!(result.map_err(|error| error.kind()), expected.map_err(TransportErrorKind::Timeout));
            assert_eq!(start.elapsed().as_secs(), elapsed);
        };
    let upload = |part: u32, response: u32| SlowUpload { part: SECOND * part, response: SECOND * response };
    let restarts = RequestTimeouts { first_byte_restarts: true, ..first_byte(60) };
    check(restarts, upload(50, 50), Ok(()), 550).await;
    check(restarts, upload(50, 61), Err(TimeoutKind::FirstByte), 560).await;
    check(restarts, upload(61, 0), Err(TimeoutKind::FirstByte), 60).await;
    check(
        first_byte(60),
        SlowUpload { part: SECOND * 50, response: SECOND * 50 },
        Err(TimeoutKind::FirstByte),
        60,
    )
    .await;
    let both = RequestTimeouts { deadline: Deadline::after(SECOND * 300), ..restarts };
    check(both, upload(50, 50), Err(TimeoutKind::Operation), 300).await;
}

#[tokio::test(start_paused = true)]
async fn a_deadline_bounds_a_wait_before_the_request_is_sent() {
    let mut deadline = Deadline::after(SECOND * 60).unwrap();
    deadline.bound(sleep(SECOND * 59)).await.unwrap();
    assert_eq!(deadline.remaining(), SECOND);
    let error = deadline.bound(sleep(SECOND * 2)).await.unwrap_err();
    assert_eq!(error.kind(), TransportErrorKind::Timeout(TimeoutKind::Operation));
    assert!(!error.may_have_been_sent(), "no request was sent during the wait");
    assert_eq!(deadline.remaining(), Duration::ZERO);
    deadline.extend(SECOND * 5);
    assert_eq!(deadline.remaining(), SECOND * 5);
    assert_eq!(Deadline::after(Duration::MAX), None);
}

#[tokio::test(start_paused = true)]
async fn the_deadline_ends_a_body_that_never_pauses() {
    let response = operation(60).send(&Slow::new(0, [0; 9]), Request::default()).await.unwrap();
    let mut body = response.into_body();
    assert!(body.chunk().await.unwrap().is_some());
    advance(SECOND * 61).await;
    assert!(body.chunk().await.is_err());
    assert_eq!(body.chunk().await.unwrap(), None, "no data after an error");
}

#[tokio::test(start_paused = true)]
async fn time_between_reads_is_not_idle_time() {
    let response = idle(60).send(&Slow::new(0, [1, 1, 59]), Request::default()).await.unwrap();
    let mut body = response.into_body();
    for _ in 0..3 {
        advance(SECOND * 3600).await;
        assert!(body.chunk().await.unwrap().is_some());
    }
    assert_eq!(body.chunk().await.unwrap(), None);
}

/// A transport that fails, and records the connect timeout of its requests.
#[derive(Debug, Default)]
struct Recorder(Mutex<Vec<Option<ConnectTimeout>>>);

impl Transport for Recorder {
    fn send(
        &self,
        request: Request<RequestBody>,
    ) -> BoxFuture<Result<Response<ResponseBody>, TransportError>> {
        self.0.lock().unwrap().push(request.extensions().get().copied());
        Box::pin(async { Err(TransportErrorKind::Connect.into()) })
    }
}

#[tokio::test]
async fn the_connect_timeout_is_an_extension_of_the_request() {
    let recorder = Recorder::default();
    for connect in [None, Some(SECOND)] {
        let timeouts = RequestTimeouts { connect, ..RequestTimeouts::default() };
        timeouts.send(&recorder, Request::default()).await.unwrap_err();
    }
    assert_eq!(*recorder.0.lock().unwrap(), [None, Some(ConnectTimeout(SECOND))]);
}

#[test]
fn the_error_names_the_timeout_its_duration_and_the_setting() {
    let check = |kind: TimeoutKind, expected: &str| {
        assert_eq!(expired(kind, SECOND * 90).to_string(), expected);
    };
    check(
        TimeoutKind::FirstByte,
        "response timed out: no response after 90s; raise `TimeoutConfig::first_byte` if the model may think longer",
    );
    check(
        TimeoutKind::Idle,
        "read timed out: no data for 90s; raise `TimeoutConfig::idle` if the model may pause longer",
    );
    check(
        TimeoutKind::Operation,
        "operation timed out: not complete after 90s; raise `TimeoutConfig::operation` if the operation may take longer",
    );
}
