//! Tests of retries, with tokio's paused clock.

use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use http_body::Frame;
use invoke_model_client::types::{
    AsyncInvokeOutputDataConfig, AsyncInvokeS3OutputDataConfig, InvokeModelError,
};
use invoke_model_client::{
    Body, Client, Error, ErrorKind, FailureClass, ResponseBody, RetryConfig, TimeoutConfig, TimeoutKind,
    TransportError, TransportErrorKind, Usage,
};
use tokio::time::Instant;

use crate::fake::{Fake, SendResult, now, response};

const ID: &str = "amazon.titan-embed-text-v2:0";

fn ok() -> SendResult {
    let headers = [
        ("content-type", "application/json"),
        ("x-amzn-requestid", "last"),
        ("x-amzn-bedrock-input-token-count", "3"),
        ("x-amzn-bedrock-output-token-count", "0"),
        ("x-amzn-bedrock-invocation-latency", "12"),
    ];
    Ok(response(200, &headers, bytes::Bytes::from_static(b"{}").into()))
}

fn service_error(status: u16, code: &str, extra_headers: &[(&str, &str)]) -> SendResult {
    let headers = [&[("x-amzn-errortype", code), ("x-amzn-requestid", "first")], extra_headers].concat();
    Ok(response(status, &headers, bytes::Bytes::from_static(b"{\"message\":\"why\"}").into()))
}

fn throttled() -> SendResult {
    service_error(429, "ThrottlingException", &[])
}

fn transport_error(kind: TransportErrorKind) -> SendResult {
    Err(TransportError::new(kind, "cause"))
}

fn client(fake: &Fake) -> Client {
    Client::new(fake.settings().retry_config(RetryConfig::standard())).unwrap()
}

/// Makes one call. Returns its result and the number of requests.
async fn call<const N: usize>(responses: [SendResult; N]) -> (Result<(), Error<InvokeModelError>>, usize) {
    let fake = Fake::with_responses(responses);
    let result = client(&fake).invoke_model().model_id(ID).body("{}").send().await;
    (result.map(drop), fake.requests().len())
}

#[tokio::test(start_paused = true)]
async fn retries_failures_that_cannot_be_billed() {
    for response in [
        throttled(),
        service_error(503, "ServiceUnavailableException", &[]),
        service_error(500, "InternalServerException", &[]),
        transport_error(TransportErrorKind::Connect),
        transport_error(TransportErrorKind::ConnectTimeout),
    ] {
        let (result, requests) = call([response, ok()]).await;
        assert!(result.is_ok(), "{result:?}");
        assert_eq!(requests, 2);
    }
}

#[tokio::test(start_paused = true)]
async fn does_not_retry_failures_that_may_have_been_billed() {
    for response in [
        service_error(502, "", &[]),
        service_error(504, "", &[]),
        service_error(408, "ModelTimeoutException", &[]),
        service_error(424, "ModelErrorException", &[]),
        transport_error(TransportErrorKind::Send),
        transport_error(TransportErrorKind::ResponseHead),
    ] {
        let (result, requests) = call([response]).await;
        let error = result.unwrap_err();
        assert_eq!((error.class(), error.attempts(), requests), (FailureClass::Ambiguous, 1, 1), "{error}");
    }
}

#[tokio::test(start_paused = true)]
async fn retries_ambiguous_failures_if_the_caller_allows_it() {
    let retries = RetryConfig::standard().retry_ambiguous(true);
    let truncated = ResponseBody::from_body(ResetBody);
    let fake = Fake::with_responses([
        Ok(response(200, &[], truncated)),
        transport_error(TransportErrorKind::Send),
        ok(),
    ]);
    let call = fake.client().invoke_model().model_id(ID).body("{}").retry_config(retries);
    let (_, metadata) = call.send_with_metadata().await.unwrap();
    let classes: Vec<_> = metadata.earlier_attempts.iter().map(|attempt| attempt.class.unwrap()).collect();
    assert_eq!(classes, [FailureClass::Ambiguous; 2]);
    assert_eq!(metadata.attempts, 3);
}

#[tokio::test(start_paused = true)]
async fn retries_ambiguous_failures_of_idempotent_operations() {
    let truncated = ResponseBody::from_body(ResetBody);
    let fake = Fake::with_responses([
        Ok(response(200, &[], truncated)),
        service_error(502, "", &[]),
        Ok(response(200, &[], Bytes::from_static(b"{\"invocationArn\":\"arn\"}").into())),
    ]);
    let output = AsyncInvokeS3OutputDataConfig::new("s3://amzn-s3-demo-bucket");
    let call = client(&fake)
        .start_async_invoke()
        .model_id("amazon.nova-reel-v1:0")
        .model_input(serde_json::json!({}))
        .output_data_config(AsyncInvokeOutputDataConfig::S3OutputDataConfig(output));
    let (output, metadata) = call.send_with_metadata().await.unwrap();
    assert_eq!((output.invocation_arn.as_str(), metadata.attempts), ("arn", 3));
    let requests = fake.requests();
    let token = |request: &http::Request<Bytes>| {
        let body: serde_json::Value = serde_json::from_slice(request.body()).unwrap();
        body["clientRequestToken"].as_str().unwrap().to_owned()
    };
    assert!(!token(&requests[0]).is_empty());
    assert_eq!(token(&requests[0]), token(&requests[1]));
    assert_eq!(token(&requests[0]), token(&requests[2]));
}

#[tokio::test(start_paused = true)]
async fn the_settings_of_the_caller_limit_retries_of_idempotent_operations() {
    for (retries, expected) in [
        (RetryConfig::standard().max_attempts(2), 2),
        (RetryConfig::standard().retry_ambiguous(false), 3),
        (RetryConfig::disabled(), 1),
    ] {
        let fake = Fake::with_responses([(); 3].map(|()| transport_error(TransportErrorKind::Send)));
        let call = client(&fake).list_async_invokes().retry_config(retries);
        let error = call.send().await.unwrap_err();
        let attempts = (error.class(), error.attempts(), fake.requests().len());
        assert_eq!(attempts, (FailureClass::Ambiguous, expected, expected as usize), "{retries:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn an_ambiguous_attempt_makes_the_failure_of_the_call_ambiguous() {
    let fake = Fake::with_responses([
        transport_error(TransportErrorKind::Send),
        transport_error(TransportErrorKind::Connect),
    ]);
    let retries = RetryConfig::standard().max_attempts(2).retry_ambiguous(true);
    let call = fake.client().invoke_model().model_id(ID).body("{}").retry_config(retries);
    let error = call.send().await.unwrap_err();
    assert_eq!((error.class(), error.may_have_been_sent()), (FailureClass::Ambiguous, true));
    let expected = "InvokeModel: request failed: cannot connect: cause; the service may have processed an earlier attempt \
                    (region us-east-1, modelId amazon.titan-embed-text-v2:0, 2 attempts, ambiguous)";
    assert_eq!(error.to_string(), expected);

    let (result, _) = call_twice_not_sent().await;
    let error = result.unwrap_err();
    assert_eq!((error.class(), error.may_have_been_sent()), (FailureClass::NotSent, false));
}

/// Makes a call whose attempts all fail before they are sent.
async fn call_twice_not_sent() -> (Result<(), Error<InvokeModelError>>, usize) {
    call([(); 3].map(|()| transport_error(TransportErrorKind::Connect))).await
}

/// A body whose connection is reset immediately.
struct ResetBody;

impl http_body::Body for ResetBody {
    type Data = Bytes;
    type Error = std::io::Error;

    fn poll_frame(
        self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Self::Error>>> {
        Poll::Ready(Some(Err(std::io::ErrorKind::ConnectionReset.into())))
    }
}

#[tokio::test(start_paused = true)]
async fn makes_three_attempts_or_five_while_a_model_is_loading() {
    let (result, requests) = call([throttled(), throttled(), throttled()]).await;
    let error = result.unwrap_err();
    assert_eq!((error.attempts(), requests), (3, 3));
    assert!(error.to_string().contains("3 attempts, rejected)"), "{error}");
    let earlier: Vec<_> = error.earlier_attempts().iter().map(|attempt| attempt.number).collect();
    assert_eq!(earlier, [1, 2]);
    assert_eq!(error.earlier_attempts()[0].code.as_deref(), Some("ThrottlingException"));

    let loading = || service_error(429, "ModelNotReadyException", &[]);
    let (result, requests) = call([loading(), loading(), loading(), loading(), ok()]).await;
    assert!(result.is_ok(), "{result:?}");
    assert_eq!(requests, 5);
}

#[tokio::test(start_paused = true)]
async fn signs_each_attempt() {
    let fake = Fake::with_responses([throttled(), ok()]);
    let time = Arc::new(Mutex::new(now()));
    let clock = Arc::clone(&time);
    let clock = move || {
        let mut time = clock.lock().unwrap();
        *time += Duration::from_secs(1);
        *time
    };
    let client =
        Client::new(fake.settings().time_source(clock).retry_config(RetryConfig::standard())).unwrap();
    client.invoke_model().model_id(ID).body("{}").send().await.unwrap();
    let requests = fake.requests();
    let headers = |name: &str| (requests[0].headers()[name].clone(), requests[1].headers()[name].clone());
    let (first, second) = headers("x-amz-date");
    assert_ne!(first, second);
    let (first, second) = headers("authorization");
    assert_ne!(first, second);
    assert_eq!(requests[0].body(), requests[1].body());
}

#[tokio::test(start_paused = true)]
async fn sends_a_body_file_with_each_attempt() {
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), "{\"a\":1}").unwrap();
    let fake = Fake::with_responses([throttled(), throttled(), ok()]);
    let call = client(&fake).invoke_model().model_id(ID).body(Body::from_path(file.path()));
    call.send().await.unwrap();
    assert!(fake.requests().iter().all(|request| request.body() == "{\"a\":1}"));
    assert_eq!(fake.requests().len(), 3);
}

#[tokio::test(start_paused = true)]
async fn waits_for_the_duration_in_retry_after() {
    let start = Instant::now();
    let (result, _) = call([service_error(429, "ThrottlingException", &[("retry-after", "42")]), ok()]).await;
    assert!(result.is_ok());
    assert_eq!(start.elapsed().as_secs(), 42);

    let (result, requests) =
        call([service_error(429, "ThrottlingException", &[("retry-after", "3600")])]).await;
    assert_eq!((result.unwrap_err().attempts(), requests), (1, 1));
}

#[tokio::test(start_paused = true)]
async fn operation_timeout_includes_attempts_and_backoff() {
    let timeouts = TimeoutConfig::disabled().operation(Duration::from_secs(30));
    let start = Instant::now();
    let fake = Fake::with_responses([service_error(429, "ThrottlingException", &[("retry-after", "31")])]);
    let call = client(&fake).invoke_model().model_id(ID).timeout_config(timeouts);
    let error = call.send().await.unwrap_err();
    // The backoff would end after the timeout, so the call fails immediately.
    assert_eq!(error.code(), Some("ThrottlingException"));
    assert_eq!(start.elapsed().as_secs(), 0);

    let slow = |seconds| async move {
        tokio::time::sleep(Duration::from_secs(seconds)).await;
        throttled()
    };
    let fake = Fake::slow([Box::pin(slow(20)), Box::pin(slow(20))]);
    let error = client(&fake).invoke_model().model_id(ID).timeout_config(timeouts).send().await.unwrap_err();
    let ErrorKind::Transport(transport) = error.kind() else { panic!("{error}") };
    assert_eq!(transport.kind(), TransportErrorKind::Timeout(TimeoutKind::Operation));
    assert_eq!((error.attempts(), start.elapsed().as_secs()), (2, 30));
}

#[tokio::test(start_paused = true)]
async fn corrects_a_wrong_clock_once() {
    let wrong_clock =
        || service_error(403, "InvalidSignatureException", &[("date", "Sun, 30 Aug 2015 15:00:00 GMT")]);
    let fake = Fake::with_responses([wrong_clock(), ok(), ok()]);
    let client = client(&fake);
    let call = || client.invoke_model().model_id(ID).body("{}").send();
    let start = Instant::now();
    call().await.unwrap();
    assert_eq!(start.elapsed(), Duration::ZERO, "expected no backoff, because the service is not overloaded");
    call().await.unwrap();
    let dates: Vec<_> = fake
        .requests()
        .iter()
        .map(|request| request.headers()["x-amz-date"].to_str().unwrap().to_owned())
        .collect();
    assert_eq!(dates, ["20150830T123600Z", "20150830T150000Z", "20150830T150000Z"]);

    let (result, requests) = self::call([wrong_clock(), wrong_clock()]).await;
    assert_eq!(
        (result.unwrap_err().code().map(str::to_owned), requests),
        (Some("InvalidSignatureException".into()), 2)
    );
}

#[tokio::test(start_paused = true)]
async fn retries_of_all_calls_share_a_token_bucket() {
    let fake = Fake::default();
    let client = client(&fake);
    let mut requests = Vec::new();
    for _ in 0..60 {
        fake.push([throttled(), throttled(), throttled()]);
        let before = fake.requests().len();
        client.invoke_model().model_id(ID).body("{}").send().await.unwrap_err();
        requests.push(fake.requests().len() - before);
        fake.clear_responses();
    }
    // The 500 tokens of the bucket allow 100 retries. The first 50 calls use two retries each, so the
    // remaining calls make no retries.
    assert_eq!(requests, [[3; 50].as_slice(), &[1; 10]].concat());
}

#[tokio::test(start_paused = true)]
async fn failure_before_sending_is_not_an_attempt() {
    let file = tempfile::NamedTempFile::new().unwrap();
    let (path, seen) = (file.path().to_owned(), Arc::new(Mutex::new(Vec::new())));
    let callback = (Arc::clone(&seen), path.clone());
    let fake = Fake::with_responses([throttled(), ok()]);
    let settings = fake.settings().retry_config(RetryConfig::standard()).on_attempt(move |attempt| {
        callback.0.lock().unwrap().push(attempt.number);
        // Removes the body file, so the next attempt cannot read it.
        std::fs::remove_file(&callback.1).unwrap();
    });
    let call = Client::new(settings).unwrap().invoke_model().model_id(ID).body(Body::from_path(path));
    let error = call.send().await.unwrap_err();
    assert!(matches!(error.kind(), ErrorKind::Body(_)), "{error:?}");
    assert_eq!((error.attempts(), *seen.lock().unwrap() == [1]), (1, true));
    assert_eq!(error.earlier_attempts().iter().map(|attempt| attempt.number).collect::<Vec<_>>(), [1]);
}

#[tokio::test(start_paused = true)]
async fn reports_attempts_in_the_metadata_and_to_the_callback() {
    let seen = Arc::new(Mutex::new(Vec::new()));
    let callback = Arc::clone(&seen);
    let fake = Fake::with_responses([throttled(), transport_error(TransportErrorKind::Connect), ok()]);
    let settings = fake.settings().retry_config(RetryConfig::standard());
    let settings = settings.on_attempt(move |attempt| callback.lock().unwrap().push(attempt.clone()));
    let call = Client::new(settings).unwrap().invoke_model().model_id(ID).body("{}");
    let (_, metadata) = call.send_with_metadata().await.unwrap();
    assert_eq!((metadata.attempts, metadata.request_id.as_deref()), (3, Some("last")));
    assert_eq!((metadata.usage.input_tokens, metadata.usage.output_tokens), (Some(3), Some(0)));
    assert_eq!(metadata.latency, Some(Duration::from_millis(12)));
    let seen = seen.lock().unwrap();
    assert_eq!(seen[..2], metadata.earlier_attempts[..]);
    let outcomes: Vec<_> = seen
        .iter()
        .map(|attempt| (attempt.number, attempt.class, attempt.status.map(|status| status.as_u16())))
        .collect();
    use FailureClass::{NotSent, Rejected};
    assert_eq!(outcomes, [(1, Some(Rejected), Some(429)), (2, Some(NotSent), None), (3, None, Some(200))]);
    assert_eq!(seen[0].request_id.as_deref(), Some("first"));
    assert!(seen[1].backoff <= Duration::from_secs(1) && seen[0].backoff == Duration::ZERO);
}

#[tokio::test(start_paused = true)]
async fn timeout_of_a_call_keeps_its_other_timeouts() {
    let timeouts = TimeoutConfig::disabled().first_byte(Duration::from_secs(20));
    let slow = || async {
        tokio::time::sleep(Duration::from_secs(60)).await;
        ok()
    };
    let check = async |timeout: u64, expected| {
        let fake = Fake::slow([Box::pin(slow())]);
        let call = client(&fake).invoke_model().model_id(ID).timeout_config(timeouts);
        let error = call.timeout(Duration::from_secs(timeout)).send().await.unwrap_err();
        let ErrorKind::Transport(error) = error.kind() else { panic!("{error}") };
        assert_eq!(error.kind(), TransportErrorKind::Timeout(expected));
    };
    check(10, TimeoutKind::Operation).await;
    check(30, TimeoutKind::FirstByte).await;
}

#[tokio::test(start_paused = true)]
async fn metadata_serializes_with_numbers() {
    let fake =
        Fake::with_responses([service_error(429, "ThrottlingException", &[("retry-after", "2")]), ok()]);
    let call = client(&fake).invoke_model().model_id(ID).body("{}");
    let (_, metadata) = call.send_with_metadata().await.unwrap();
    let expected = serde_json::json!({
        "status": 200,
        "request_id": "last",
        "usage": {
            "input_tokens": 3,
            "output_tokens": 0,
            "cache_read_input_tokens": null,
            "cache_write_input_tokens": null,
        },
        "latency_ms": 12,
        "stop_reason": null,
        "attempts": 2,
        "earlier_attempts": [{
            "operation": "InvokeModel",
            "number": 1,
            "class": "rejected",
            "status": 429,
            "code": "ThrottlingException",
            "request_id": "first",
            "backoff_ms": 0,
            "duration_ms": 0,
        }],
    });
    assert_eq!(serde_json::to_value(&metadata).unwrap(), expected);
    let usage = serde_json::to_string(&metadata.usage).unwrap();
    assert_eq!(serde_json::from_str::<Usage>(&usage).unwrap(), metadata.usage);
    let class: FailureClass = serde_json::from_str("\"not_sent\"").unwrap();
    assert_eq!(class, FailureClass::NotSent);
}
