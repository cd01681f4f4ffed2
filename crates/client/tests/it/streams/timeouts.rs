//! Tests of slow streams and their timeouts, with tokio's paused clock.

use std::time::Duration;

use invoke_model_client::{ErrorKind, TimeoutConfig, TimeoutKind, TransportErrorKind};
use tokio::time::{Instant, Sleep};

use super::*;

/// A body that waits for a number of seconds before each frame.
struct Slow {
    frames: VecDeque<(u64, Vec<u8>)>,
    sleep: Option<Pin<Box<Sleep>>>,
}

impl Body for Slow {
    type Data = Bytes;
    type Error = std::io::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<std::io::Result<Frame<Bytes>>>> {
        let Some((seconds, frame)) = self.frames.front().cloned() else { return Poll::Ready(None) };
        let sleep =
            self.sleep.get_or_insert_with(|| Box::pin(tokio::time::sleep(Duration::from_secs(seconds))));
        std::task::ready!(sleep.as_mut().poll(cx));
        self.sleep = None;
        self.frames.pop_front();
        Poll::Ready(Some(Ok(Frame::data(frame.into()))))
    }
}

/// Makes a call whose stream pauses before each event, and reads all events. The pauses are in seconds.
/// Returns the number of events, the kind of the error, and the elapsed seconds.
async fn read_slowly(
    timeouts: Option<TimeoutConfig>,
    pauses: &[u64],
) -> (usize, Option<TransportErrorKind>, u64) {
    let start = Instant::now();
    let slow = pauses.iter().map(|seconds| (*seconds, frames(&[chunk("text")]).remove(0))).collect();
    let body = ResponseBody::from_body(Slow { frames: slow, sleep: None });
    let fake = Fake::with_response(Ok(response(200, &HEADERS, body)));
    let mut call = fake.client().invoke_model_with_response_stream().model_id(ID).body("{}");
    if let Some(timeouts) = timeouts {
        call = call.timeout_config(timeouts);
    }
    let (events, error) = read(&mut call.send().await.unwrap().events).await;
    let kind = error.map(|error| match error.kind() {
        ErrorKind::Transport(transport) => transport.kind(),
        other => panic!("{other:?}"),
    });
    (events.len(), kind, start.elapsed().as_secs())
}

fn timeouts(idle: Option<u64>, operation: Option<u64>) -> Option<TimeoutConfig> {
    let (idle, operation) = (idle.map(Duration::from_secs), operation.map(Duration::from_secs));
    Some(TimeoutConfig::disabled().idle(idle).operation(operation))
}

#[tokio::test(start_paused = true)]
async fn default_timeouts_do_not_end_a_slow_stream() {
    // Real models have paused for 57 seconds between two events. Some cases also have a pause of ten minutes
    // or more, or take two hours in total.
    assert_eq!(read_slowly(None, &[57, 57, 600, 57]).await, (4, None, 771));
    assert_eq!(read_slowly(None, &[57; 127]).await, (127, None, 7239));
    assert_eq!(read_slowly(timeouts(Some(60), None), &[57; 127]).await, (127, None, 7239));
    assert_eq!(read_slowly(timeouts(None, Some(7200)), &[3600, 3599]).await, (2, None, 7199));
}

#[tokio::test(start_paused = true)]
async fn idle_and_operation_timeouts_end_a_stream() {
    let idle = Some(TransportErrorKind::Timeout(TimeoutKind::Idle));
    let operation = Some(TransportErrorKind::Timeout(TimeoutKind::Operation));
    assert_eq!(read_slowly(None, &[57, 901]).await, (1, idle, 957));
    assert_eq!(read_slowly(timeouts(Some(56), None), &[55, 57]).await, (1, idle, 111));
    assert_eq!(read_slowly(timeouts(None, Some(100)), &[57, 57]).await, (1, operation, 100));
    assert_eq!(read_slowly(timeouts(Some(56), Some(100)), &[50, 50, 50]).await, (1, operation, 100));
}

#[tokio::test(start_paused = true)]
async fn timeout_error_contains_the_received_events_and_the_setting_to_change() {
    let frame = frames(&[chunk("text")]).remove(0);
    let length = frame.len();
    let body = Slow { frames: [(1, frame.clone()), (61, frame)].into(), sleep: None };
    let fake = Fake::with_response(Ok(response(200, &HEADERS, ResponseBody::from_body(body))));
    let settings = fake.settings().timeout_config(timeouts(Some(60), None).unwrap());
    let client = invoke_model_client::Client::new(settings).unwrap();
    let call = client.invoke_model_with_response_stream().model_id(ID).body("{}");
    let (_, error) = read(&mut call.send().await.unwrap().events).await;
    let error = error.unwrap();
    let text = "read timed out: no data for 60s; raise `TimeoutConfig::idle` if the model may pause longer";
    assert!(error.to_string().contains(text), "{error}");
    assert!(error.to_string().contains(&format!("after 1 event ({length} bytes)")), "{error}");
    assert!(error.may_have_been_sent() && error.is_retryable());
}

#[tokio::test(start_paused = true)]
async fn recv_is_cancel_safe() {
    let body = Slow { frames: [(10, frames(&[chunk("text")]).remove(0))].into(), sleep: None };
    let mut events = call(ResponseBody::from_body(body)).await.events;
    for _ in 0..9 {
        assert!(tokio::time::timeout(Duration::from_secs(1), events.recv()).await.is_err());
    }
    assert_eq!(events.recv().await.unwrap(), Some(chunk("text")));
    assert!(events.recv().await.unwrap().is_none());
}
