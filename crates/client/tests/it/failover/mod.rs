//! Tests of calls through several targets, with tokio's paused clock.

mod outputs;

use std::time::Duration;

use futures_util::FutureExt;
use invoke_model_client::types::{InvokeModel, InvokeModelError};
use invoke_model_client::{
    Call, CircuitBreakerConfig, CircuitState, Client, ConfigBuilder, Credentials, Error, ErrorKind, Failover,
    FailoverBuilder, FailoverError, FailoverTarget, FailureClass, OtherTargetReason, QuotaLimiter,
    ResponseBody, RetryConfig, TransportError, TransportErrorKind,
};
use tokio::time::Instant;

use crate::fake::{Fake, SendResult, response};

const ID: &str = "amazon.titan-embed-text-v2:0";

fn ok() -> SendResult {
    let headers = [("content-type", "application/json"), ("x-amzn-requestid", "last")];
    Ok(response(200, &headers, bytes::Bytes::from_static(b"{\"embedding\":[1]}").into()))
}

fn refused(status: u16, code: &str, extra: &[(&str, &str)]) -> SendResult {
    let headers = [&[("x-amzn-errortype", code), ("x-amzn-requestid", "first")], extra].concat();
    Ok(response(status, &headers, bytes::Bytes::from_static(b"{\"message\":\"why\"}").into()))
}

fn throttled() -> SendResult {
    refused(429, "ThrottlingException", &[])
}

fn lost(kind: TransportErrorKind) -> SendResult {
    Err(TransportError::new(kind, "cause"))
}

fn settings(fake: &Fake, region: &str) -> ConfigBuilder {
    fake.settings().region(region).retry_config(RetryConfig::standard())
}

fn target(name: &str, fake: &Fake, region: &str) -> FailoverTarget {
    FailoverTarget::new(name, Client::new(settings(fake, region)).unwrap())
}

/// A failover with the targets `east` and `west`.
struct Two {
    east: Fake,
    west: Fake,
    failover: Failover,
}

impl Two {
    fn new(change: impl FnOnce(FailoverBuilder) -> FailoverBuilder) -> Self {
        let (east, west) = (Fake::default(), Fake::default());
        let builder = Failover::builder()
            .target(target("east", &east, "us-east-1"))
            .target(target("west", &west, "us-west-2").model_id("west-model"));
        Self { failover: change(builder).build().unwrap(), east, west }
    }

    /// Sends a call. Each target returns the responses in order.
    async fn send<const N: usize, const M: usize>(
        &self,
        east: [SendResult; N],
        west: [SendResult; M],
    ) -> Result<String, Error> {
        self.east.push(east);
        self.west.push(west);
        self.failover.send(self.call()).await.map(|answer| answer.target)
    }

    fn call(&self) -> Call<InvokeModel> {
        self.failover.client().invoke_model().model_id(ID).body("{}")
    }

    fn requests(&self) -> (usize, usize) {
        (self.east.requests().len(), self.west.requests().len())
    }

    fn states(&self) -> Vec<CircuitState> {
        self.failover.status().into_iter().map(|status| status.state).collect()
    }
}

#[tokio::test(start_paused = true)]
async fn moves_on_if_the_target_has_done_no_work() {
    let daily = || {
        let body =
            ResponseBody::from(bytes::Bytes::from_static(b"{\"message\":\"Too many tokens per day\"}"));
        Ok(response(429, &[("x-amzn-errortype", "ThrottlingException")], body))
    };
    let failures = [
        throttled(),
        daily(),
        refused(429, "ModelNotReadyException", &[]),
        refused(503, "ServiceUnavailableException", &[]),
        refused(400, "ServiceQuotaExceededException", &[]),
        lost(TransportErrorKind::Resolve),
        lost(TransportErrorKind::Connect),
        lost(TransportErrorKind::Tls),
        lost(TransportErrorKind::Proxy),
    ];
    for failure in failures {
        let (two, start) = (Two::new(|builder| builder), Instant::now());
        assert_eq!(two.send([failure], [ok()]).await.unwrap(), "west");
        assert_eq!(two.requests(), (1, 1));
        assert_eq!(start.elapsed(), Duration::ZERO, "the call does not wait for a backoff");
        let request = two.west.request();
        assert_eq!(request.uri().path(), "/model/west-model/invoke");
        assert_eq!(request.uri().host(), Some("bedrock-runtime.us-west-2.amazonaws.com"));
        let authorization = request.headers()["authorization"].to_str().unwrap();
        assert!(authorization.contains("/us-west-2/bedrock/aws4_request"), "{authorization}");
    }
}

#[tokio::test(start_paused = true)]
async fn does_not_move_on_without_permission() {
    let check = async |failure: fn() -> SendResult, option: fn(FailoverBuilder) -> FailoverBuilder| {
        let two = Two::new(|builder| builder);
        let error = two.send([failure(), failure(), failure()], []).await.unwrap_err();
        assert_eq!((error.target(), error.other_targets().len()), (Some("east"), 0), "{error}");
        assert_eq!(two.west.requests().len(), 0);
        let two = Two::new(option);
        let result = two.send([failure(), failure(), failure()], [ok()]).await;
        assert_eq!(result.unwrap(), "west");
    };
    check(|| refused(403, "AccessDeniedException", &[]), |builder| builder.on_access_denied(true)).await;
    check(|| refused(401, "UnrecognizedClientException", &[]), |builder| builder.on_access_denied(true))
        .await;
    check(|| refused(500, "InternalServerException", &[]), |builder| builder.on_server_error(true)).await;
    let ambiguous: [fn() -> SendResult; 5] = [
        || lost(TransportErrorKind::Send),
        || lost(TransportErrorKind::ResponseTimeout),
        || refused(408, "ModelTimeoutException", &[]),
        || refused(424, "ModelErrorException", &[]),
        || Ok(response(502, &[], bytes::Bytes::new().into())),
    ];
    for failure in ambiguous {
        check(failure, |builder| builder.on_ambiguous(true)).await;
    }
}

#[tokio::test(start_paused = true)]
async fn never_moves_on_after_a_mistake_of_the_caller() {
    let all = || Two::new(|builder| builder.on_access_denied(true).on_server_error(true).on_ambiguous(true));
    for (status, code) in [(400, "ValidationException"), (404, "ResourceNotFoundException")] {
        let error = all().send([refused(status, code, &[])], []).await.unwrap_err();
        assert_eq!((error.code(), error.target()), (Some(code), Some("east")));
        let service = error.as_service_error().unwrap();
        assert!(service.downcast_ref::<InvokeModelError>().is_some());
    }
    let two = all();
    let calls = [two.call().header("host", "a"), two.failover.client().invoke_model()];
    for call in calls {
        let error = two.failover.send(call).await.unwrap_err();
        assert_eq!((error.class(), error.target()), (FailureClass::NotSent, Some("east")), "{error}");
    }
    let missing = two.call().body(invoke_model_client::Body::from_path("/a/missing/file"));
    let error = two.failover.send(missing).await.unwrap_err();
    assert!(matches!(error.kind(), ErrorKind::Body(_)), "{error}");
    assert_eq!(two.requests(), (0, 0));
}

#[tokio::test(start_paused = true)]
async fn credentials_and_quotas_belong_to_a_target() {
    let limiter = QuotaLimiter::builder().requests_per_minute(1).max_wait(Duration::ZERO).build();
    let (east, west) = (Fake::default(), Fake::default());
    let without_credentials = east.bare().region("us-east-1");
    let limited = settings(&west, "us-west-2").quota_limiter(limiter.clone());
    let builder = Failover::builder()
        .target(FailoverTarget::new("no credentials", Client::new(without_credentials).unwrap()))
        .target(FailoverTarget::new("limited", Client::new(limited).unwrap()))
        .target(target("free", &west, "eu-west-1"));
    let failover = builder.build().unwrap();
    let call = failover.client().invoke_model().model_id(ID).body("{}");
    west.push([ok(), ok()]);
    assert_eq!(failover.send(call.clone()).await.unwrap().target, "limited");
    let answer = failover.send(call).await.unwrap();
    assert_eq!(answer.target, "free");
    let names: Vec<_> = answer.other_targets.iter().map(|other| other.name.as_str()).collect();
    assert_eq!(names, ["no credentials", "limited"]);
    let OtherTargetReason::Failed(error) = &answer.other_targets[1].reason else { panic!() };
    assert!(matches!(error.kind(), ErrorKind::Quota(_)), "{error}");
    // An exhausted limiter says nothing about the target.
    assert_eq!(failover.status()[1].last_failure, None);
    assert!(failover.status()[0].last_failure.is_some());
}

#[tokio::test(start_paused = true)]
async fn credentials_of_the_call_apply_to_all_targets() {
    let two = Two::new(|builder| builder);
    two.east.push([throttled()]);
    two.west.push([ok()]);
    let credentials = Credentials::new("AKIDOFCALL", "secret", None);
    two.failover.send(two.call().credentials_provider(credentials)).await.unwrap();
    for (fake, region) in [(&two.east, "us-east-1"), (&two.west, "us-west-2")] {
        let authorization = fake.request().headers()["authorization"].to_str().unwrap().to_owned();
        assert!(authorization.contains("Credential=AKIDOFCALL/"), "{authorization}");
        assert!(authorization.contains(region), "{authorization}");
    }
}

#[tokio::test(start_paused = true)]
async fn the_last_available_target_has_all_attempts() {
    let two = Two::new(|builder| builder);
    assert_eq!(two.send([throttled()], [throttled(), throttled(), ok()]).await.unwrap(), "west");
    assert_eq!(two.requests(), (1, 3));
    let two = Two::new(|builder| builder.max_attempts_per_target(2));
    assert_eq!(two.send([throttled(), throttled()], [ok()]).await.unwrap(), "west");
    // A failure after which the call does not move on is retried on the target.
    let two = Two::new(|builder| builder);
    let internal = || refused(500, "InternalServerException", &[]);
    assert_eq!(two.send([internal(), internal(), ok()], []).await.unwrap(), "east");
}

#[tokio::test(start_paused = true)]
async fn an_earlier_ambiguous_attempt_keeps_the_call_on_its_target() {
    let (east, west) = (Fake::default(), Fake::default());
    let retries = RetryConfig::standard().retry_ambiguous(true);
    let first = Client::new(settings(&east, "us-east-1").retry_config(retries)).unwrap();
    let builder = Failover::builder().target(FailoverTarget::new("east", first));
    let failover = builder.target(target("west", &west, "us-west-2")).build().unwrap();
    east.push([lost(TransportErrorKind::Send), throttled(), throttled()]);
    let error = failover.send(failover.client().invoke_model().model_id(ID)).await.unwrap_err();
    assert_eq!((error.class(), error.target()), (FailureClass::Ambiguous, Some("east")));
    assert_eq!((east.requests().len(), west.requests().len()), (3, 0));
}

#[tokio::test(start_paused = true)]
async fn the_operation_timeout_covers_all_targets() {
    let two = Two::new(|builder| builder);
    let second = Duration::from_secs(1);
    let slow = Fake::slow([Box::pin(async move {
        tokio::time::sleep(second * 40).await;
        throttled()
    })]);
    let stuck = Fake::slow([Box::pin(std::future::pending())]);
    let failover = Failover::builder()
        .target(target("slow", &slow, "us-east-1"))
        .target(target("stuck", &stuck, "us-west-2"))
        .target(target("unused", &two.west, "eu-west-1"))
        .build()
        .unwrap();
    let start = Instant::now();
    let call = failover.client().invoke_model().model_id(ID).timeout(second * 60);
    let error = failover.send(call).await.unwrap_err();
    assert_eq!(start.elapsed(), second * 60);
    assert_eq!((error.target(), error.is_timeout()), (Some("stuck"), true));
    assert!(error.to_string().contains("not complete after 60s"), "{error}");
    assert_eq!(two.west.requests().len(), 0);
}

#[tokio::test(start_paused = true)]
async fn timeouts_and_retries_of_each_client_or_of_the_call() {
    let (east, west) = (Fake::default(), Fake::default());
    let disabled = settings(&west, "us-west-2").retry_config(RetryConfig::disabled());
    let failover = Failover::builder()
        .target(target("east", &east, "us-east-1"))
        .target(FailoverTarget::new("west", Client::new(disabled).unwrap()))
        .build()
        .unwrap();
    let call = failover.client().invoke_model().model_id(ID);
    east.push([throttled(), throttled()]);
    west.push([throttled(), throttled(), ok()]);
    let error = failover.send(call.clone()).await.unwrap_err();
    assert_eq!((error.target(), error.attempts()), (Some("west"), 1));
    let retried = call.retry_config(RetryConfig::standard().max_attempts(2));
    assert_eq!(failover.send(retried).await.unwrap().metadata.attempts, 2);
}

#[tokio::test(start_paused = true)]
async fn the_error_names_each_target() {
    let breaker = CircuitBreakerConfig::default().consecutive_failures(1);
    let two = Two::new(|builder| builder.circuit_breaker(breaker));
    let error = two.send([throttled()], [throttled(), throttled(), throttled()]).await.unwrap_err();
    assert_eq!((error.target(), error.region(), error.attempts()), (Some("west"), Some("us-west-2"), 3));
    let expected = "InvokeModel: request failed: ThrottlingException: why (HTTP 429, request id first, region us-west-2, \
                    modelId west-model, 3 attempts, rejected); this is the error of target `west`; target `east`: \
                    InvokeModel: request failed: ThrottlingException: why (HTTP 429, request id first, region us-east-1, \
                    modelId amazon.titan-embed-text-v2:0, 1 attempt, rejected)";
    assert_eq!(error.to_string(), expected);
    assert_eq!(format!("{error:#}"), expected.replace("; target `east`", "\ntarget `east`"));
    // Both breakers are open, so the next call goes to the target whose breaker opened first.
    let error = two.send([throttled(), throttled(), throttled()], []).await.unwrap_err();
    assert_eq!(error.target(), Some("east"));
    let text = error.to_string();
    let skipped = "; target `west` skipped: its circuit breaker is open for another 30 s; its last failure: InvokeModel";
    assert!(text.contains(skipped), "{text}");
}

#[tokio::test(start_paused = true)]
async fn a_breaker_skips_the_target_and_probes_it() {
    let breaker = CircuitBreakerConfig::default().consecutive_failures(2);
    let two = Two::new(|builder| builder.circuit_breaker(breaker));
    for _ in 0..2 {
        assert_eq!(two.states()[0], CircuitState::Closed);
        assert_eq!(two.send([throttled()], [ok()]).await.unwrap(), "west");
    }
    assert_eq!(two.send([], [ok()]).await.unwrap(), "west");
    assert_eq!(two.requests(), (2, 3));
    tokio::time::advance(Duration::from_secs(30)).await;
    assert_eq!(two.states()[0], CircuitState::HalfOpen);
    assert_eq!(two.send([throttled()], [ok()]).await.unwrap(), "west");
    assert_eq!(two.states()[0], CircuitState::Open { remaining: Duration::from_secs(30) });
    tokio::time::advance(Duration::from_secs(30)).await;
    assert_eq!(two.send([ok()], []).await.unwrap(), "east");
    assert_eq!(two.states()[0], CircuitState::Closed);
}

#[tokio::test(start_paused = true)]
async fn only_one_call_is_the_probe() {
    let breaker = CircuitBreakerConfig::default().consecutive_failures(1);
    let (slow, west) = (Fake::default(), Fake::default());
    let failover = Failover::builder()
        .target(target("east", &slow, "us-east-1"))
        .target(target("west", &west, "us-west-2"))
        .circuit_breaker(breaker)
        .build()
        .unwrap();
    let call = failover.client().invoke_model().model_id(ID);
    slow.push([throttled()]);
    west.push([ok(), ok()]);
    failover.send(call.clone()).await.unwrap();
    tokio::time::advance(Duration::from_secs(30)).await;
    // The probe waits for its response, and is then cancelled.
    slow.push_slow(Box::pin(std::future::pending()));
    let mut probe = Box::pin(failover.send(call.clone()));
    assert!(probe.as_mut().now_or_never().is_none());
    let answer = failover.send(call.clone()).await.unwrap();
    assert_eq!(answer.target, "west");
    let reason = &answer.other_targets[0].reason;
    assert!(matches!(reason, OtherTargetReason::Skipped { state: CircuitState::HalfOpen, .. }), "{reason:?}");
    drop(probe);
    slow.push([ok()]);
    assert_eq!(failover.send(call).await.unwrap().target, "east");
}

#[tokio::test(start_paused = true)]
async fn retry_after_opens_the_breaker() {
    let two = Two::new(|builder| builder);
    let failure = refused(429, "ThrottlingException", &[("retry-after", "7")]);
    assert_eq!(two.send([failure], [ok()]).await.unwrap(), "west");
    assert_eq!(two.states()[0], CircuitState::Open { remaining: Duration::from_secs(7) });
}

#[tokio::test(start_paused = true)]
async fn ambiguous_failures_open_the_breaker_for_later_calls() {
    let breaker = CircuitBreakerConfig::default().consecutive_failures(2);
    let two = Two::new(|builder| builder.circuit_breaker(breaker));
    for _ in 0..2 {
        two.send([lost(TransportErrorKind::Send)], []).await.unwrap_err();
    }
    assert_eq!(two.send([], [ok()]).await.unwrap(), "west");
    // The failures of requests that the model cannot process do not count, and a rejected request shows that the
    // target works.
    let two = Two::new(|builder| builder.circuit_breaker(breaker));
    for code in ["ModelErrorException", "ModelErrorException", "ModelErrorException"] {
        two.send([refused(424, code, &[])], []).await.unwrap_err();
    }
    two.send([lost(TransportErrorKind::Send)], []).await.unwrap_err();
    two.send([refused(400, "ValidationException", &[])], []).await.unwrap_err();
    two.send([lost(TransportErrorKind::Send)], []).await.unwrap_err();
    assert_eq!(two.states()[0], CircuitState::Closed);
}

#[test]
fn invalid_lists_are_named() {
    let fake = Fake::default();
    let east = || target("east", &fake, "us-east-1");
    let check = |targets: Vec<FailoverTarget>, expected: &str| {
        let builder = targets.into_iter().fold(Failover::builder(), FailoverBuilder::target);
        let error = builder.build().unwrap_err();
        assert_eq!(error.to_string(), expected);
        error
    };
    check(vec![], "the list of targets is empty: add a target with `FailoverBuilder::target`");
    check(
        vec![east(), target("", &fake, "us-east-1")],
        "target 2 has an empty name: metadata and errors contain the name, so give it one",
    );
    check(
        vec![east(), target("east", &fake, "us-west-2")],
        "two targets have the name `east`: metadata and errors contain the name, so choose different names",
    );
    let circular = |model| {
        format!(
            "the list of targets is circular: target `b` is equal to target `east` \
             (https://bedrock-runtime.us-east-1.amazonaws.com, region us-east-1, {model}, the same credentials): remove it, \
             or change its endpoint, region, model id or credentials"
        )
    };
    check(vec![east(), target("b", &fake, "us-east-1")], &circular("the model of the call"));
    let error = check(
        vec![east().model_id("a"), target("b", &fake, "us-east-1").model_id("a")],
        &circular("model a"),
    );
    assert!(matches!(error, FailoverError::DuplicateTarget { .. }));
    let other = Credentials::new("AKIDOTHER", "secret", None);
    let other = Client::new(settings(&fake, "us-east-1").credentials_provider(other)).unwrap();
    let valid = [
        east(),
        FailoverTarget::new("another model", east().client).model_id("a"),
        target("another region", &fake, "us-west-2"),
        FailoverTarget::new("another account", other),
    ];
    let failover = valid.into_iter().fold(Failover::builder(), FailoverBuilder::target).build().unwrap();
    assert_eq!(failover.status().len(), 4);
    assert_eq!(fake.requests().len(), 0);
}
