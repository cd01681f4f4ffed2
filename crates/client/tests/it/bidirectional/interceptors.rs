//! Interceptors of calls that send and receive events at the same time.

use std::time::Duration;

use invoke_model_client::types::ServiceUnavailableException;
use invoke_model_client::{ErrorKind, FailureClass, QuotaLimiter, RetryConfig};

use super::server::StreamServer;
use super::{Clock, call, echo_server, input, output, read, settings};
use crate::interceptors::Log;
use crate::interceptors::failures::{Action, Failing};

#[tokio::test]
async fn run_once() {
    let (server, log) = (echo_server(Clock::default()).await, Log::default());
    let settings = settings(&server, &Clock::default()).interceptor(log.interceptor("a"));
    let mut stream = call(settings).send().await.unwrap();
    stream.sender.send(input("one")).await.unwrap();
    stream.sender.close().await.unwrap();
    let mut events = stream.response.await.unwrap().events;
    assert_eq!(read(&mut events).await, [output("one")]);
    assert_eq!(log.take(), ["a: sign 1", "a: send 1", "a: response 200", "a: attempt 1 success"]);
}

#[tokio::test]
async fn see_an_error_response() {
    let server = StreamServer::start(Clock::default(), |mut call| async move {
        call.fail(&ServiceUnavailableException::default().into());
    })
    .await;
    let log = Log::default();
    let settings = settings(&server, &Clock::default()).interceptor(log.interceptor("a"));
    call(settings).send().await.unwrap().response.await.unwrap_err();
    assert_eq!(log.take(), ["a: sign 1", "a: send 1", "a: response 503", "a: attempt 1 rejected"]);
}

#[tokio::test]
async fn refuse_a_request_and_a_response() {
    let server = echo_server(Clock::default()).await;
    let retries = RetryConfig::standard().max_backoff(Duration::ZERO).retry_ambiguous(true);
    for hook in ["before_sign", "before_send", "after_response"] {
        let quota = QuotaLimiter::builder().max_concurrency(1).build();
        let settings =
            settings(&server, &Clock::default()).retry_config(retries).quota_limiter(quota.clone());
        let (class, error) = match call(settings.interceptor(Failing(hook, Action::Refuse))).send().await {
            Ok(stream) => (FailureClass::Ambiguous, stream.response.await.unwrap_err()),
            Err(error) => (FailureClass::NotSent, error),
        };
        assert!(
            matches!(error.kind(), ErrorKind::Interceptor(cause) if cause.hook.as_str() == hook),
            "{error}"
        );
        assert_eq!((error.class(), class == FailureClass::Ambiguous), (class, hook == "after_response"));
        assert_eq!(quota.usage().in_flight, 0);
    }
    assert_eq!(server.calls(), 1);
}
