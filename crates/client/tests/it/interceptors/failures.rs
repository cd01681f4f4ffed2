//! Tests of interceptors that refuse, panic or take too long.

use std::error::Error as StdError;
use std::future::pending;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use http::{request, response};
use invoke_model_client::types::InvokeModelError;
use invoke_model_client::{
    Attempt, Client, Error, ErrorKind, FailureClass, Hook, Intercept, InterceptorContext, InterceptorError,
    InterceptorErrorKind, InterceptorFuture, QuotaLimiter, RetryConfig, TimeoutConfig, TimeoutKind,
    TransportErrorKind,
};
use tokio::time::Instant;

use super::{ID, Log, ok, throttled};
use crate::fake::Fake;

/// The behavior of an interceptor in one of its hooks.
#[derive(Clone, Copy, PartialEq)]
pub(crate) enum Action {
    Refuse,
    /// Panics when the hook is called.
    Panic,
    /// Panics in the future of the hook.
    PanicLater,
    /// Never finishes.
    Hang,
    /// Blocks the thread for longer than this time.
    Block(Duration),
}

pub(crate) struct Failing(pub(crate) &'static str, pub(crate) Action);

impl Failing {
    fn act(&self, hook: &str) -> Result<(), Box<dyn StdError + Send + Sync>> {
        if self.0 != hook {
            return Ok(());
        }
        match self.1 {
            Action::Refuse => Err("not on Sundays".into()),
            Action::Panic => panic!("a panic of a test"),
            Action::Block(limit) => {
                let started = Instant::now();
                while started.elapsed() <= limit {}
                Ok(())
            }
            Action::PanicLater | Action::Hang => Ok(()),
        }
    }

    fn future(&self, hook: &str) -> InterceptorFuture<'_> {
        let (result, action) = (self.act(hook), self.1);
        let is_this = self.0 == hook;
        Box::pin(async move {
            match action {
                Action::PanicLater if is_this => panic!("a panic of a test"),
                Action::Hang if is_this => pending().await,
                _ => result,
            }
        })
    }
}

impl Intercept for Failing {
    fn name(&self) -> &str {
        "failing"
    }

    fn before_sign<'a>(
        &'a self,
        _request: &'a mut request::Parts,
        _context: &'a mut InterceptorContext,
    ) -> InterceptorFuture<'a> {
        self.future("before_sign")
    }

    fn before_send<'a>(
        &'a self,
        _request: &'a request::Parts,
        _context: &'a mut InterceptorContext,
    ) -> InterceptorFuture<'a> {
        self.future("before_send")
    }

    fn after_response(
        &self,
        _response: &response::Parts,
        _context: &mut InterceptorContext,
    ) -> Result<(), Box<dyn StdError + Send + Sync>> {
        self.act("after_response")
    }

    fn after_attempt(&self, _attempt: &Attempt, _context: &mut InterceptorContext) {
        let _ = self.act("after_attempt");
    }
}

/// Makes a call with three attempts, a quota limiter, an interceptor that fails, and an interceptor that logs.
/// Checks that the permit was released, and returns the error and the log.
async fn fail(
    fake: &Fake,
    failing: Failing,
    timeouts: TimeoutConfig,
) -> (Error<InvokeModelError>, Vec<String>) {
    let (log, quota) =
        (Log::default(), QuotaLimiter::builder().max_concurrency(1).tokens_per_minute(1000).build());
    let seen = Arc::new(Mutex::new(Vec::new()));
    let callback = Arc::clone(&seen);
    let settings = fake
        .settings()
        .retry_config(RetryConfig::standard().max_backoff(Duration::ZERO).retry_ambiguous(true))
        .timeout_config(timeouts)
        .quota_limiter(quota.clone())
        .on_attempt(move |attempt| callback.lock().unwrap().push(attempt.number))
        .interceptor(log.interceptor("log"))
        .interceptor(failing);
    let call = Client::new(settings).unwrap().invoke_model().model_id(ID).body(r#"{"max_tokens":10}"#);
    let error = call.send().await.unwrap_err();
    let usage = quota.usage();
    let (attempts, is_sent) = (error.attempts() as usize, error.may_have_been_sent());
    assert_eq!((usage.in_flight, usage.waiting), (0, 0));
    assert_eq!((usage.requests, usage.tokens > 0), (attempts, is_sent));
    assert_eq!((fake.requests().len(), seen.lock().unwrap().len()), (attempts, attempts));
    (error, log.take())
}

fn cause(error: &Error<InvokeModelError>) -> &InterceptorError {
    let ErrorKind::Interceptor(cause) = error.kind() else { panic!("{error}") };
    assert_eq!(cause.interceptor, "failing");
    cause
}

#[tokio::test(start_paused = true)]
async fn a_refused_request_is_not_sent_and_not_retried() {
    let hooks = [("before_sign", Hook::BeforeSign, 2), ("before_send", Hook::BeforeSend, 3)];
    for (name, hook, entries) in hooks {
        let failing = Failing(name, Action::Refuse);
        let (error, log) = fail(&Fake::default(), failing, TimeoutConfig::default()).await;
        assert_eq!(cause(&error).hook, hook);
        assert_eq!(
            (error.class(), error.attempts(), error.is_retryable()),
            (FailureClass::NotSent, 0, false)
        );
        let expected =
            format!("InvokeModel: request not sent: interceptor `failing`: {name}: not on Sundays (");
        assert!(error.to_string().starts_with(&expected), "{error}");
        let source = StdError::source(StdError::source(&error).unwrap()).unwrap();
        assert_eq!(source.to_string(), "not on Sundays");
        // The other interceptor learns about the failure.
        assert_eq!(log.len(), entries);
        assert_eq!(log[entries - 1], "log: attempt 1 not sent");
    }
}

#[tokio::test(start_paused = true)]
async fn a_refused_response_is_ambiguous_and_not_retried() {
    for response in [ok(), throttled()] {
        let fake = Fake::with_responses([response, ok()]);
        let failing = Failing("after_response", Action::Refuse);
        let (error, log) = fail(&fake, failing, TimeoutConfig::default()).await;
        assert_eq!(cause(&error).hook, Hook::AfterResponse);
        assert_eq!((error.class(), error.attempts()), (FailureClass::Ambiguous, 1));
        let text =
            "InvokeModel: response refused: interceptor `failing`: after_response: not on Sundays (HTTP ";
        assert!(error.to_string().starts_with(text), "{error}");
        // The hooks run in reverse order, so the other interceptor does not see the response.
        assert_eq!(log, ["log: sign 1", "log: send 1", "log: attempt 1 ambiguous"]);
    }
}

#[tokio::test(start_paused = true)]
async fn a_panic_becomes_an_error_that_names_the_interceptor() {
    for action in [Action::Panic, Action::PanicLater] {
        for name in ["before_sign", "before_send"] {
            let (error, _) = fail(&Fake::default(), Failing(name, action), TimeoutConfig::default()).await;
            assert!(matches!(cause(&error).kind, InterceptorErrorKind::Panicked));
            assert_eq!(error.class(), FailureClass::NotSent);
            assert!(
                error.to_string().contains(&format!("interceptor `failing`: {name} panicked")),
                "{error}"
            );
            assert!(!error.to_string().contains("a panic of a test"), "{error}");
        }
    }
    let failing = Failing("after_response", Action::Panic);
    let (error, _) = fail(&Fake::with_responses([ok()]), failing, TimeoutConfig::disabled()).await;
    assert!(matches!(cause(&error).kind, InterceptorErrorKind::Panicked));
    assert_eq!(error.class(), FailureClass::Ambiguous);
}

#[tokio::test]
async fn a_panic_after_an_attempt_does_not_change_its_outcome() {
    let fake = Fake::with_responses([ok(), throttled()]);
    let log = Log::default();
    let settings = fake.settings().interceptor(log.interceptor("log"));
    let client = Client::new(settings.interceptor(Failing("after_attempt", Action::Panic))).unwrap();
    client.invoke_model().model_id(ID).send().await.unwrap();
    let error = client.invoke_model().model_id(ID).send().await.unwrap_err();
    assert!(error.is_throttled(), "{error}");
    let attempts = log.take().into_iter().filter(|entry| entry.contains("attempt")).collect::<Vec<_>>();
    assert_eq!(attempts, ["log: attempt 1 success", "log: attempt 1 rejected"]);
}

#[tokio::test(start_paused = true)]
async fn a_slow_hook_times_out() {
    let limited = TimeoutConfig::disabled().interceptor(Duration::from_secs(5));
    for name in ["before_sign", "before_send"] {
        for (timeouts, limit) in [(TimeoutConfig::default(), "30s"), (limited, "5s")] {
            let (error, _) = fail(&Fake::default(), Failing(name, Action::Hang), timeouts).await;
            assert!(matches!(cause(&error).kind, InterceptorErrorKind::TimedOut(_)));
            let expected = format!(
                "request not sent: interceptor `failing`: {name} did not finish within {limit}; raise \
                 `TimeoutConfig::interceptor`"
            );
            assert!(error.to_string().contains(&expected), "{error}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn the_operation_timeout_limits_a_slow_hook() {
    let unlimited = TimeoutConfig::disabled();
    for timeouts in [TimeoutConfig::default(), unlimited] {
        let timeouts = timeouts.operation(Duration::from_secs(3));
        for name in ["before_sign", "before_send"] {
            let (error, _) = fail(&Fake::default(), Failing(name, Action::Hang), timeouts).await;
            let ErrorKind::Transport(cause) = error.kind() else { panic!("{error}") };
            assert_eq!(cause.kind(), TransportErrorKind::Timeout(TimeoutKind::Operation));
            assert_eq!(error.class(), FailureClass::NotSent);
        }
    }
}

#[tokio::test]
async fn a_hook_that_blocks_its_thread_for_too_long_sends_nothing() {
    let limit = Duration::from_millis(2);
    for name in ["before_sign", "before_send"] {
        let timeouts = TimeoutConfig::disabled().interceptor(limit);
        let (error, _) = fail(&Fake::default(), Failing(name, Action::Block(limit)), timeouts).await;
        assert!(matches!(cause(&error).kind, InterceptorErrorKind::TimedOut(_)));
        let timeouts = TimeoutConfig::disabled().operation(limit);
        let (error, _) = fail(&Fake::default(), Failing(name, Action::Block(limit * 2)), timeouts).await;
        assert!(error.is_timeout() && !error.may_have_been_sent(), "{error}");
    }
}
