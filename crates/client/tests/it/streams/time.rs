//! Streams that are slow, by a clock that moves as the test says.

use std::time::Duration;

use invoke_model_client::{ErrorKind, TimeoutConfig, TimeoutKind, TransportErrorKind};
use tokio::time::{Instant, Sleep, sleep};

use super::*;

/// A frame comes so many seconds after the one before.
struct Slow {
    frames: VecDeque<(u64, Vec<u8>)>,
    coming: Option<Pin<Box<Sleep>>>,
}

impl Body for Slow {
    type Data = Bytes;
    type Error = std::io::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<std::io::Result<Frame<Bytes>>>> {
        let Some((seconds, frame)) = self.frames.front().cloned() else { return Poll::Ready(None) };
        let coming = self.coming.get_or_insert_with(|| Box::pin(sleep(Duration::from_secs(seconds))));
        std::task::ready!(coming.as_mut().poll(cx));
        self.coming = None;
        self.frames.pop_front();
        Poll::Ready(Some(Ok(Frame::data(frame.into()))))
    }
}

/// EventReceiver that come after pauses of so many seconds: how many are read, the deadline that passed, and the seconds.
async fn read_slowly(
    deadlines: Option<TimeoutConfig>,
    pauses: &[u64],
) -> (usize, Option<TransportErrorKind>, u64) {
    let start = Instant::now();
    let slow = pauses.iter().map(|seconds| (*seconds, frames(&[chunk("text")]).remove(0))).collect();
    let body = ResponseBody::from_body(Slow { frames: slow, coming: None });
    let fake = Fake::answering(Ok(response(200, &FIELDS, body)));
    let mut call = fake.client().invoke_model_with_response_stream().model_id(ID).body("{}");
    if let Some(deadlines) = deadlines {
        call = call.timeout_config(deadlines);
    }
    let (read, error) = read(&mut call.send().await.unwrap().body).await;
    let kind = error.map(|error| match error.kind() {
        ErrorKind::Transport(transport) => transport.kind(),
        other => panic!("{other:?}"),
    });
    (read.len(), kind, start.elapsed().as_secs())
}

fn timeouts(idle: Option<u64>, operation: Option<u64>) -> Option<TimeoutConfig> {
    let mut timeouts = TimeoutConfig::disabled();
    timeouts.idle = idle.map(Duration::from_secs);
    timeouts.operation = operation.map(Duration::from_secs);
    Some(timeouts)
}

#[tokio::test(start_paused = true)]
async fn a_healthy_slow_stream_is_not_ended() {
    // 57 seconds between two parts is what a model in use did; then ten minutes, then two hours in all.
    assert_eq!(read_slowly(None, &[57, 57, 600, 57]).await, (4, None, 771));
    assert_eq!(read_slowly(None, &[57; 127]).await, (127, None, 7239));
    assert_eq!(read_slowly(timeouts(Some(60), None), &[57; 127]).await, (127, None, 7239));
    assert_eq!(read_slowly(timeouts(None, Some(7200)), &[3600, 3599]).await, (2, None, 7199));
}

#[tokio::test(start_paused = true)]
async fn a_deadline_ends_what_it_is_named_for() {
    let idle = Some(TransportErrorKind::Timeout(TimeoutKind::Idle));
    let operation = Some(TransportErrorKind::Timeout(TimeoutKind::Operation));
    assert_eq!(read_slowly(None, &[57, 901]).await, (1, idle, 957));
    assert_eq!(read_slowly(timeouts(Some(56), None), &[55, 57]).await, (1, idle, 111));
    assert_eq!(read_slowly(timeouts(None, Some(100)), &[57, 57]).await, (1, operation, 100));
    assert_eq!(read_slowly(timeouts(Some(56), Some(100)), &[50, 50, 50]).await, (1, operation, 100));
}

#[tokio::test(start_paused = true)]
async fn a_deadline_says_what_came_and_what_to_set() {
    let frame = frames(&[chunk("text")]).remove(0);
    let length = frame.len();
    let body = Slow { frames: [(1, frame.clone()), (61, frame)].into(), coming: None };
    let fake = Fake::answering(Ok(response(200, &FIELDS, ResponseBody::from_body(body))));
    let settings = fake.settings().timeout_config(timeouts(Some(60), None).unwrap());
    let client = invoke_model_client::Client::new(settings).unwrap();
    let call = client.invoke_model_with_response_stream().model_id(ID).body("{}");
    let (_, error) = read(&mut call.send().await.unwrap().body).await;
    let error = error.unwrap();
    let words = "read timed out: no data for 60s; raise `TimeoutConfig::idle` if the model may pause longer";
    assert!(error.to_string().contains(words), "{error}");
    assert!(error.to_string().contains(&format!("after 1 event and {length} bytes")), "{error}");
    assert!(error.may_have_been_sent() && error.is_retryable());
}

#[tokio::test(start_paused = true)]
async fn recv_can_be_given_up_and_called_again() {
    let body = Slow { frames: [(10, frames(&[chunk("text")]).remove(0))].into(), coming: None };
    let mut events = answered(ResponseBody::from_body(body)).await.body;
    for _ in 0..9 {
        assert!(tokio::time::timeout(Duration::from_secs(1), events.recv()).await.is_err());
    }
    assert_eq!(events.recv().await.unwrap(), Some(chunk("text")));
    assert!(events.recv().await.unwrap().is_none());
}
