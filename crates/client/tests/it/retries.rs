//! Calls that are sent again, and calls that are not, by a clock that moves by itself.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use invoke_model_client::types::InvokeModelError;
use invoke_model_client::{
    Body, Client, Error, ErrorKind, FailureClass, ResponseBody, RetryConfig, TimeoutConfig, TimeoutKind,
    TransportError, TransportErrorKind,
};
use tokio::time::Instant;

use crate::fake::{Answer, Fake, now, response};

const ID: &str = "amazon.titan-embed-text-v2:0";

fn ok() -> Answer {
    let fields = [
        ("content-type", "application/json"),
        ("x-amzn-requestid", "last"),
        ("x-amzn-bedrock-input-token-count", "3"),
        ("x-amzn-bedrock-output-token-count", "0"),
        ("x-amzn-bedrock-invocation-latency", "12"),
    ];
    Ok(response(200, &fields, bytes::Bytes::from_static(b"{}").into()))
}

fn refused(status: u16, code: &str, fields: &[(&str, &str)]) -> Answer {
    let fields = [&[("x-amzn-errortype", code), ("x-amzn-requestid", "first")], fields].concat();
    Ok(response(status, &fields, bytes::Bytes::from_static(b"{\"message\":\"why\"}").into()))
}

fn throttled() -> Answer {
    refused(429, "ThrottlingException", &[])
}

fn lost(kind: TransportErrorKind) -> Answer {
    Err(TransportError::new(kind, "cause"))
}

fn client(fake: &Fake) -> Client {
    Client::new(fake.settings().retry_config(RetryConfig::default())).unwrap()
}

/// Calls once, and says how often it was sent.
async fn call<const N: usize>(answers: [Answer; N]) -> (Result<(), Error<InvokeModelError>>, usize) {
    let fake = Fake::answers(answers);
    let sent = client(&fake).invoke_model().model_id(ID).body("{}").send().await;
    (sent.map(drop), fake.requests().len())
}

#[tokio::test(start_paused = true)]
async fn what_passes_is_sent_again() {
    for answer in [
        throttled(),
        refused(503, "ServiceUnavailableException", &[]),
        refused(500, "InternalServerException", &[]),
        lost(TransportErrorKind::Connect),
        lost(TransportErrorKind::ConnectTimeout),
    ] {
        let (sent, times) = call([answer, ok()]).await;
        assert!(sent.is_ok(), "{sent:?}");
        assert_eq!(times, 2);
    }
}

#[tokio::test(start_paused = true)]
async fn what_may_have_been_billed_is_not_sent_again() {
    for answer in [
        refused(502, "", &[]),
        refused(504, "", &[]),
        refused(408, "ModelTimeoutException", &[]),
        refused(424, "ModelErrorException", &[]),
        lost(TransportErrorKind::Send),
        lost(TransportErrorKind::ResponseHead),
    ] {
        let (sent, times) = call([answer]).await;
        let error = sent.unwrap_err();
        assert_eq!((error.class(), error.attempts(), times), (FailureClass::Ambiguous, 1, 1), "{error}");
    }
}

#[tokio::test(start_paused = true)]
async fn unless_the_caller_says_so() {
    let mut retries = RetryConfig::default();
    retries.retry_ambiguous = true;
    let cut = ResponseBody::from_body(lost::Body);
    let fake = Fake::answers([Ok(response(200, &[], cut)), lost(TransportErrorKind::Send), ok()]);
    let call = fake.client().invoke_model().model_id(ID).body("{}").retry_config(retries);
    let (_, metadata) = call.send_with_metadata().await.unwrap();
    let classes: Vec<_> = metadata.earlier_attempts.iter().map(|attempt| attempt.class.unwrap()).collect();
    assert_eq!(classes, [FailureClass::Ambiguous; 2]);
    assert_eq!(metadata.attempts, 3);
}

mod lost {
    //! A body that is lost at once.

    use std::pin::Pin;
    use std::task::{Context, Poll};

    use bytes::Bytes;
    use http_body::Frame;

    pub(super) struct Body;

    impl http_body::Body for Body {
        type Data = Bytes;
        type Error = std::io::Error;

        fn poll_frame(
            self: Pin<&mut Self>,
            _: &mut Context<'_>,
        ) -> Poll<Option<Result<Frame<Bytes>, Self::Error>>> {
            Poll::Ready(Some(Err(std::io::ErrorKind::ConnectionReset.into())))
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_call_is_sent_three_times_and_five_while_a_model_is_loaded() {
    let (sent, times) = call([throttled(), throttled(), throttled()]).await;
    let error = sent.unwrap_err();
    assert_eq!((error.attempts(), times), (3, 3));
    assert!(error.to_string().contains("3 attempts, rejected)"), "{error}");
    let earlier: Vec<_> = error.earlier_attempts().iter().map(|attempt| attempt.number).collect();
    assert_eq!(earlier, [1, 2]);
    assert_eq!(error.earlier_attempts()[0].code.as_deref(), Some("ThrottlingException"));

    let loading = || refused(429, "ModelNotReadyException", &[]);
    let (sent, times) = call([loading(), loading(), loading(), loading(), ok()]).await;
    assert!(sent.is_ok(), "{sent:?}");
    assert_eq!(times, 5);
}

#[tokio::test(start_paused = true)]
async fn each_attempt_is_signed_anew() {
    let fake = Fake::answers([throttled(), ok()]);
    let time = Arc::new(Mutex::new(now()));
    let clock = Arc::clone(&time);
    let clock = move || {
        let mut time = clock.lock().unwrap();
        *time += Duration::from_secs(1);
        *time
    };
    let client =
        Client::new(fake.settings().time_source(clock).retry_config(RetryConfig::default())).unwrap();
    client.invoke_model().model_id(ID).body("{}").send().await.unwrap();
    let requests = fake.requests();
    let fields = |name: &str| (requests[0].headers()[name].clone(), requests[1].headers()[name].clone());
    let (first, second) = fields("x-amz-date");
    assert_ne!(first, second);
    let (first, second) = fields("authorization");
    assert_ne!(first, second);
    assert_eq!(requests[0].body(), requests[1].body());
}

#[tokio::test(start_paused = true)]
async fn a_file_is_sent_again() {
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), "{\"a\":1}").unwrap();
    let fake = Fake::answers([throttled(), throttled(), ok()]);
    let call = client(&fake).invoke_model().model_id(ID).body(Body::from_path(file.path()));
    call.send().await.unwrap();
    assert!(fake.requests().iter().all(|request| request.body() == "{\"a\":1}"));
    assert_eq!(fake.requests().len(), 3);
}

#[tokio::test(start_paused = true)]
async fn the_service_says_when() {
    let start = Instant::now();
    let (sent, _) = call([refused(429, "ThrottlingException", &[("retry-after", "42")]), ok()]).await;
    assert!(sent.is_ok());
    assert_eq!(start.elapsed().as_secs(), 42);

    let (sent, times) = call([refused(429, "ThrottlingException", &[("retry-after", "3600")])]).await;
    assert_eq!((sent.unwrap_err().attempts(), times), (1, 1));
}

#[tokio::test(start_paused = true)]
async fn the_total_deadline_bounds_attempts_and_waits() {
    let mut deadlines = TimeoutConfig::disabled();
    deadlines.operation = Some(Duration::from_secs(30));
    let start = Instant::now();
    let fake = Fake::answers([refused(429, "ThrottlingException", &[("retry-after", "31")])]);
    let call = client(&fake).invoke_model().model_id(ID).timeout_config(deadlines);
    let error = call.send().await.unwrap_err();
    // The wait would end behind the deadline, so the reason is told at once.
    assert_eq!(error.code(), Some("ThrottlingException"));
    assert_eq!(start.elapsed().as_secs(), 0);

    let slow = |seconds| async move {
        tokio::time::sleep(Duration::from_secs(seconds)).await;
        throttled()
    };
    let fake = Fake::slow([Box::pin(slow(20)), Box::pin(slow(20))]);
    let error = client(&fake).invoke_model().model_id(ID).timeout_config(deadlines).send().await.unwrap_err();
    let ErrorKind::Transport(transport) = error.kind() else { panic!("{error}") };
    assert_eq!(transport.kind(), TransportErrorKind::Timeout(TimeoutKind::Operation));
    assert_eq!((error.attempts(), start.elapsed().as_secs()), (2, 30));
}

#[tokio::test(start_paused = true)]
async fn a_wrong_clock_is_corrected_once() {
    let wrong = || refused(403, "InvalidSignatureException", &[("date", "Sun, 30 Aug 2015 15:00:00 GMT")]);
    let fake = Fake::answers([wrong(), ok(), ok()]);
    let client = client(&fake);
    let call = || client.invoke_model().model_id(ID).body("{}").send();
    let start = Instant::now();
    call().await.unwrap();
    assert_eq!(start.elapsed(), Duration::ZERO, "nothing is overloaded");
    call().await.unwrap();
    let dates: Vec<_> = fake
        .requests()
        .iter()
        .map(|request| request.headers()["x-amz-date"].to_str().unwrap().to_owned())
        .collect();
    assert_eq!(dates, ["20150830T123600Z", "20150830T150000Z", "20150830T150000Z"]);

    let (sent, times) = self::call([wrong(), wrong()]).await;
    assert_eq!(
        (sent.unwrap_err().code().map(str::to_owned), times),
        (Some("InvalidSignatureException".into()), 2)
    );
}

#[tokio::test(start_paused = true)]
async fn retries_of_all_calls_are_paid_from_one_bucket() {
    let fake = Fake::default();
    let client = client(&fake);
    let mut sent = Vec::new();
    for _ in 0..60 {
        fake.push([throttled(), throttled(), throttled()]);
        let before = fake.requests().len();
        client.invoke_model().model_id(ID).body("{}").send().await.unwrap_err();
        sent.push(fake.requests().len() - before);
        fake.forget_answers();
    }
    // 500 pay for 100 retries: two for each of 50 calls, and none for the rest.
    assert_eq!(sent, [[3; 50].as_slice(), &[1; 10]].concat());
}

#[tokio::test(start_paused = true)]
async fn what_ends_before_it_is_sent_is_no_attempt() {
    let file = tempfile::NamedTempFile::new().unwrap();
    let (path, seen) = (file.path().to_owned(), Arc::new(Mutex::new(Vec::new())));
    let hook = (Arc::clone(&seen), path.clone());
    let fake = Fake::answers([throttled(), ok()]);
    let settings = fake.settings().retry_config(RetryConfig::default()).on_attempt(move |attempt| {
        hook.0.lock().unwrap().push(attempt.number);
        // The next attempt does not find it any more.
        std::fs::remove_file(&hook.1).unwrap();
    });
    let call = Client::new(settings).unwrap().invoke_model().model_id(ID).body(Body::from_path(path));
    let error = call.send().await.unwrap_err();
    assert!(matches!(error.kind(), ErrorKind::Body(_)), "{error:?}");
    assert_eq!((error.attempts(), *seen.lock().unwrap() == [1]), (1, true));
    assert_eq!(error.earlier_attempts().iter().map(|attempt| attempt.number).collect::<Vec<_>>(), [1]);
}

#[tokio::test(start_paused = true)]
async fn attempts_are_seen_on_success_and_by_a_hook() {
    let seen = Arc::new(Mutex::new(Vec::new()));
    let hook = Arc::clone(&seen);
    let fake = Fake::answers([throttled(), lost(TransportErrorKind::Connect), ok()]);
    let settings = fake.settings().retry_config(RetryConfig::default());
    let settings = settings.on_attempt(move |attempt| hook.lock().unwrap().push(attempt.clone()));
    let call = Client::new(settings).unwrap().invoke_model().model_id(ID).body("{}");
    let (_, metadata) = call.send_with_metadata().await.unwrap();
    assert_eq!((metadata.attempts, metadata.request_id.as_deref()), (3, Some("last")));
    assert_eq!((metadata.usage.input_tokens, metadata.usage.output_tokens), (Some(3), Some(0)));
    assert_eq!(metadata.latency, Some(Duration::from_millis(12)));
    let seen = seen.lock().unwrap();
    assert_eq!(seen[..2], metadata.earlier_attempts[..]);
    let told: Vec<_> = seen
        .iter()
        .map(|attempt| (attempt.number, attempt.class, attempt.status.map(|status| status.as_u16())))
        .collect();
    use FailureClass::{NotSent, Rejected};
    assert_eq!(told, [(1, Some(Rejected), Some(429)), (2, Some(NotSent), None), (3, None, Some(200))]);
    assert_eq!(seen[0].request_id.as_deref(), Some("first"));
    assert!(seen[1].waited <= Duration::from_secs(1) && seen[0].waited == Duration::ZERO);
}
