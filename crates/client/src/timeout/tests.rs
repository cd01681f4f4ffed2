//! Tests the operation timer with tokio's paused clock.

use bytes::Bytes;
use http::{Request, Response};
use invoke_model_transport::{
    BoxFuture, RequestBody, ResponseBody, TimeoutKind, Transport, TransportError, TransportErrorKind,
};
use tokio::time::sleep;

use super::*;

const SECOND: Duration = Duration::from_secs(1);

/// A transport that responds after a delay.
#[derive(Debug)]
struct Slow(Duration);

impl Transport for Slow {
    fn send(&self, _: Request<RequestBody>) -> BoxFuture<Result<Response<ResponseBody>, TransportError>> {
        let delay = sleep(self.0);
        Box::pin(async move {
            delay.await;
            Ok(Response::new(ResponseBody::from(Bytes::from_static(b"{}"))))
        })
    }
}

fn operation(seconds: u32) -> TimeoutConfig {
    TimeoutConfig::disabled().operation(SECOND * seconds)
}

#[tokio::test(start_paused = true)]
async fn the_defaults_do_not_end_an_inference_of_a_day() {
    let timer = TimeoutConfig::default().start();
    timer.send(&Slow(SECOND * 86_400), Request::default()).await.unwrap();
    assert_eq!(timer.remaining(), None);
}

#[tokio::test(start_paused = true)]
async fn the_operation_timeout_bounds_all_attempts_together() {
    let timer = operation(60).start();
    timer.send(&Slow(SECOND * 40), Request::default()).await.unwrap();
    let error = timer.send(&Slow(SECOND * 40), Request::default()).await.unwrap_err();
    assert_eq!(error.kind(), TransportErrorKind::Timeout(TimeoutKind::Operation));
    assert!(error.may_have_been_sent());
}

#[tokio::test(start_paused = true)]
async fn a_wait_before_sending_counts_unless_the_timer_is_paused() {
    let mut timer = operation(60).start();
    timer.pause_during(sleep(SECOND * 3600)).await;
    assert_eq!(timer.remaining(), Some(SECOND * 60));
    timer.bound(sleep(SECOND * 59)).await.unwrap();
    assert_eq!(timer.remaining(), Some(SECOND));
    let error = timer.bound(sleep(SECOND * 2)).await.unwrap_err();
    assert_eq!(error.kind(), TransportErrorKind::Timeout(TimeoutKind::Operation));
    assert!(!error.may_have_been_sent(), "no request was sent during the wait");
    assert_eq!(timer.remaining(), Some(Duration::ZERO));
}

#[tokio::test(start_paused = true)]
async fn loading_credentials_counts_if_the_configuration_includes_it() {
    let mut timer = operation(60).start();
    timer.credentials(sleep(SECOND * 90)).await.unwrap();
    assert_eq!(timer.remaining(), Some(SECOND * 60));

    let mut timer = operation(60).operation_includes_credentials(true).start();
    timer.credentials(sleep(SECOND * 50)).await.unwrap();
    assert_eq!(timer.remaining(), Some(SECOND * 10));
    assert!(!timer.credentials(sleep(SECOND * 11)).await.unwrap_err().may_have_been_sent());
}
