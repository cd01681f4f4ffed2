//! Tests of the quota limiter: limits, arrival order, timeouts and cancellation. They use tokio's paused
//! clock.

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use invoke_model_client::{
    FailureClass, MemoryQuotaStore, QuotaDecision, QuotaError, QuotaKey, QuotaLimit, QuotaLimiter,
    QuotaLimiterBuilder, QuotaLimits, QuotaOutcome, QuotaPermit, QuotaRequest, TokenEstimate, Usage,
};
use proptest::prelude::*;
use tokio::sync::mpsc;
use tokio::task::yield_now;
use tokio::time::{Instant, advance, sleep, timeout};

const NO_TOKENS: TokenEstimate = TokenEstimate { input_tokens: 0, max_output_tokens: None };

fn seconds(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

fn tokens(input_tokens: u64, output: u64) -> TokenEstimate {
    TokenEstimate { input_tokens, max_output_tokens: Some(output) }
}

fn used(input_tokens: u64, output_tokens: u64) -> Usage {
    let mut usage = Usage::default();
    (usage.input_tokens, usage.output_tokens) = (Some(input_tokens), Some(output_tokens));
    usage
}

/// Returns a permit, or `None` if the request would have to wait.
async fn try_acquire(limiter: &QuotaLimiter, estimate: TokenEstimate) -> Option<QuotaPermit> {
    timeout(Duration::ZERO, limiter.acquire(estimate)).await.ok().map(Result::unwrap)
}

/// Queues requests in the order of `estimates`. For each admitted request, the receiver returns the number of
/// the request, the second at which it was admitted, and its permit.
async fn queue(
    limiter: &QuotaLimiter,
    estimates: &[TokenEstimate],
) -> mpsc::UnboundedReceiver<(usize, u64, QuotaPermit)> {
    let (sender, receiver) = mpsc::unbounded_channel();
    let start = Instant::now();
    for (number, estimate) in estimates.iter().copied().enumerate() {
        let (limiter, sender) = (limiter.clone(), sender.clone());
        tokio::spawn(async move {
            if let Ok(permit) = limiter.acquire(estimate).await {
                sender.send((number, start.elapsed().as_secs(), permit)).unwrap();
            }
        });
        yield_now().await;
    }
    receiver
}

fn limited(set: impl FnOnce(QuotaLimiterBuilder) -> QuotaLimiterBuilder) -> QuotaLimiter {
    set(QuotaLimiter::builder()).build()
}

#[test]
fn permits_and_limiters_are_send_and_sync() {
    fn check<T: Send + Sync + 'static>() {}
    fn check_future(_: impl Future + Send) {}
    check::<QuotaPermit>();
    check::<QuotaLimiter>();
    check_future(QuotaLimiter::builder().build().acquire(NO_TOKENS));
}

#[tokio::test(start_paused = true)]
async fn without_limits_requests_do_not_wait() {
    let limiter = limited(|limits| limits);
    assert!(!limiter.limits_tokens());
    let start = Instant::now();
    let mut permits = Vec::new();
    for _ in 0..1_000 {
        permits.push(limiter.acquire(tokens(u64::MAX, u64::MAX)).await.unwrap());
    }
    assert_eq!(start.elapsed(), Duration::ZERO);
    assert_eq!(limiter.usage().in_flight, 1_000);
}

#[tokio::test(start_paused = true)]
async fn every_outcome_allows_another_concurrent_request() {
    let limiter = limited(|limits| limits.max_concurrency(2));
    let other_client = limiter.clone();
    for round in 0..9 {
        let first = limiter.acquire(NO_TOKENS).await.unwrap();
        let second = other_client.acquire(NO_TOKENS).await.unwrap();
        assert!(try_acquire(&limiter, NO_TOKENS).await.is_none());
        match round % 3 {
            0 => first.release(),
            1 => first.complete(Usage::default()),
            _ => drop(first),
        }
        assert!(try_acquire(&limiter, NO_TOKENS).await.is_some());
        drop(second);
    }
    assert_eq!(limiter.usage().in_flight, 0);
}

#[tokio::test(start_paused = true)]
async fn admits_requests_in_arrival_order() {
    let limiter = limited(|limits| limits.max_concurrency(1));
    let held = limiter.acquire(NO_TOKENS).await.unwrap();
    let mut admitted = queue(&limiter, &[NO_TOKENS; 5]).await;
    assert_eq!(limiter.usage().waiting, 5);
    drop(held);
    for expected in 0..5 {
        let (number, _, permit) = admitted.recv().await.unwrap();
        assert_eq!((number, limiter.usage().waiting), (expected, 4 - expected));
        // A new request does not overtake the waiting requests.
        assert!(try_acquire(&limiter, NO_TOKENS).await.is_none());
        drop(permit);
    }
}

#[tokio::test(start_paused = true)]
async fn small_requests_do_not_overtake_a_large_one() {
    let limiter = limited(|limits| limits.tokens_per_minute(100).max_wait(seconds(300)));
    drop(limiter.acquire(tokens(10, 50)).await.unwrap());
    let mut admitted = queue(&limiter, &[tokens(0, 100), tokens(1, 0), tokens(1, 0)]).await;
    let (number, second, permit) = admitted.recv().await.unwrap();
    assert_eq!((number, second), (0, 61));
    permit.complete(used(0, 20));
    assert_eq!(admitted.recv().await.map(|(number, second, _)| (number, second)), Some((1, 61)));
    assert_eq!(admitted.recv().await.map(|(number, second, _)| (number, second)), Some((2, 61)));
}

#[tokio::test(start_paused = true)]
async fn per_minute_limit_is_a_sliding_window() {
    let limiter = limited(|limits| limits.requests_per_minute(3).max_wait(seconds(300)));
    let start = Instant::now();
    let mut at = Vec::new();
    for _ in 0..7 {
        drop(limiter.acquire(NO_TOKENS).await.unwrap());
        at.push(start.elapsed().as_secs());
        sleep(seconds(10)).await;
    }
    // The limiter does not admit a burst of three requests at the start of each minute.
    assert_eq!(at, [0, 10, 20, 61, 71, 81, 122]);
}

#[tokio::test(start_paused = true)]
async fn usage_replaces_the_reservation() {
    let limiter = limited(|limits| limits.tokens_per_minute(1_000).output_token_weight(5));
    let permit = limiter.acquire(tokens(100, 900)).await.unwrap();
    assert_eq!(permit.reserved_tokens(), 1_000);
    assert!(try_acquire(&limiter, tokens(1, 0)).await.is_none());
    let mut usage = used(10, 20);
    (usage.cache_read_input_tokens, usage.cache_write_input_tokens) = (Some(70), Some(7));
    permit.complete(usage);
    assert_eq!(limiter.usage().tokens, 10 + 7 + 20 * 5);
    // The usage is larger than the reservation, so later requests wait longer.
    try_acquire(&limiter, tokens(0, 10)).await.unwrap().complete(used(0, 400));
    assert_eq!(limiter.usage().tokens, 117 + 2_000);
    let start = Instant::now();
    drop(limiter.acquire(tokens(1, 0)).await.unwrap());
    assert_eq!(start.elapsed(), seconds(61));
}

#[tokio::test(start_paused = true)]
async fn counted_requests_and_tokens_depend_on_the_outcome() {
    let limiter = limited(|limits| limits.tokens_per_minute(100).requests_per_minute(10));
    let check = |requests, tokens| {
        let usage = limiter.usage();
        assert_eq!((usage.in_flight, usage.requests, usage.tokens), (0, requests, tokens));
    };
    try_acquire(&limiter, tokens(10, 10)).await.unwrap().release();
    try_acquire(&limiter, tokens(10, 10)).await.unwrap().fail(FailureClass::NotSent);
    check(0, 0);
    try_acquire(&limiter, tokens(10, 10)).await.unwrap().fail(FailureClass::Rejected);
    check(1, 0);
    try_acquire(&limiter, tokens(10, 10)).await.unwrap().complete(used(3, 4));
    check(2, 7);
    // If the usage is unknown, the entire reservation counts.
    try_acquire(&limiter, tokens(10, 0)).await.unwrap().complete(Usage::default());
    try_acquire(&limiter, tokens(0, 10)).await.unwrap().fail(FailureClass::ServerError);
    try_acquire(&limiter, tokens(10, 0)).await.unwrap().fail(FailureClass::Ambiguous);
    drop(try_acquire(&limiter, tokens(0, 10)).await.unwrap());
    check(6, 47);
    advance(seconds(61)).await;
    check(0, 0);
}

#[tokio::test(start_paused = true)]
async fn reservation_of_a_long_stream_expires_but_the_stream_stays_in_flight() {
    let limiter = limited(|limits| limits.max_concurrency(1).tokens_per_minute(100).max_wait(seconds(3_600)));
    let stream = limiter.acquire(tokens(0, 100)).await.unwrap();
    advance(seconds(90)).await;
    assert_eq!((limiter.usage().in_flight, limiter.usage().tokens), (1, 0));
    assert!(try_acquire(&limiter, NO_TOKENS).await.is_none());
    stream.complete(used(0, 80));
    // The reservation has expired, so the usage does not count.
    assert_eq!((limiter.usage().in_flight, limiter.usage().tokens), (0, 0));
}

#[tokio::test(start_paused = true)]
async fn default_output_tokens_apply_if_the_body_has_no_limit() {
    let limiter = limited(|limits| limits.tokens_per_minute(100).default_output_tokens(30));
    assert_eq!(
        try_acquire(&limiter, TokenEstimate { input_tokens: 5, max_output_tokens: None })
            .await
            .unwrap()
            .reserved_tokens(),
        35
    );
    assert_eq!(try_acquire(&limiter, tokens(5, 0)).await.unwrap().reserved_tokens(), 5);
}

#[tokio::test(start_paused = true)]
async fn cancelled_requests_leave_the_queue() {
    let limiter = limited(|limits| limits.requests_per_minute(1).max_wait(seconds(300)));
    drop(limiter.acquire(NO_TOKENS).await.unwrap());
    let waiters: Vec<_> = (0..4)
        .map(|number| {
            let limiter = limiter.clone();
            tokio::spawn(async move { (number, limiter.acquire(NO_TOKENS).await.unwrap(), Instant::now()) })
        })
        .collect();
    yield_now().await;
    assert_eq!(limiter.usage().waiting, 4);
    let start = Instant::now();
    // Cancels the first request in the queue, and one request in the middle.
    waiters[0].abort();
    waiters[2].abort();
    let mut admitted = Vec::new();
    for waiter in waiters {
        if let Ok((number, _permit, at)) = waiter.await {
            admitted.push((number, (at - start).as_secs()));
        }
    }
    assert_eq!(admitted, [(1, 61), (3, 122)]);
    assert_eq!((limiter.usage().waiting, limiter.usage().in_flight), (0, 0));
}

#[tokio::test(start_paused = true)]
async fn request_fails_after_max_wait() {
    let limiter = limited(|limits| limits.max_concurrency(1).max_wait(seconds(7)));
    let held = limiter.acquire(NO_TOKENS).await.unwrap();
    let admitted = queue(&limiter, &[NO_TOKENS]).await;
    advance(seconds(1)).await;
    let start = Instant::now();
    let error = limiter.acquire(NO_TOKENS).await.unwrap_err();
    assert_eq!(start.elapsed(), seconds(7));
    let expected = QuotaError::TimedOut {
        waited: seconds(7),
        limit: Some(QuotaLimit::Concurrency),
        key: None,
        of_tag: false,
        waiting: 0,
    };
    assert_eq!(error, expected);
    assert_eq!(
        error.to_string(),
        "not admitted within 7s because of max_concurrency: send fewer requests at a time, raise the limit, or raise \
         max_wait"
    );
    let more = QuotaError::TimedOut { waited: seconds(7), limit: None, key: None, of_tag: false, waiting: 2 };
    assert!(more.to_string().starts_with("not admitted within 7s, 2 more requests are waiting: "), "{more}");
    drop((held, admitted));
    assert!(try_acquire(&limiter, NO_TOKENS).await.is_some());
    assert_eq!(limiter.usage().waiting, 0);
}

#[tokio::test(start_paused = true)]
async fn longest_max_wait_does_not_overflow() {
    let limiter = limited(|limits| limits.requests_per_minute(1).max_wait(Duration::MAX));
    let start = Instant::now();
    drop(limiter.acquire(NO_TOKENS).await.unwrap());
    drop(limiter.acquire(NO_TOKENS).await.unwrap());
    assert_eq!(start.elapsed(), seconds(61));
}

#[tokio::test(start_paused = true)]
async fn limiters_share_a_key_of_one_store() {
    let store = MemoryQuotaStore::default();
    let account = QuotaLimits::default().max_concurrency(2);
    let tenant = |name: &str| {
        let limits = QuotaLimits::default().requests_per_minute(1);
        QuotaLimiter::builder().memory_store(&store).key("account", account).key(name, limits).build()
    };
    let (first, second, third) = (tenant("tenant 1"), tenant("tenant 2"), tenant("tenant 3"));
    let held = first.acquire(NO_TOKENS).await.unwrap();
    assert!(try_acquire(&first, NO_TOKENS).await.is_none());
    let other = second.acquire(NO_TOKENS).await.unwrap();
    let waiting =
        tokio::spawn(async move { third.acquire(NO_TOKENS).await.map(|permit| (permit, Instant::now())) });
    yield_now().await;
    advance(seconds(5)).await;
    assert!(!waiting.is_finished());
    let ended = Instant::now();
    drop(held);
    // A request of another limiter waits for the account, and is admitted when a request of the account ends.
    assert_eq!(waiting.await.unwrap().unwrap().1, ended);
    drop(other);
}

#[tokio::test(start_paused = true)]
async fn a_store_in_memory_decides_for_other_processes() {
    let store = MemoryQuotaStore::default();
    let limits = QuotaLimits::default().max_concurrency(2).requests_per_minute(2).tokens_per_minute(10);
    let keys: Arc<[QuotaKey]> = [QuotaKey::new("model", limits)].into();
    let decide = |tokens| store.decide(&QuotaRequest::new(keys.clone(), tokens));
    let admitted = |decision| match decision {
        QuotaDecision::Admitted(reservation) => reservation,
        other => panic!("{other:?}"),
    };
    let check_blocked = |decision, limit, after: Duration| match decision {
        QuotaDecision::Blocked { key: 0, limit: found, retry_after } => {
            assert_eq!((found, retry_after), (limit, after));
        }
        other => panic!("{other:?}"),
    };
    let first = admitted(decide(6));
    check_blocked(decide(5), QuotaLimit::TokensPerMinute, seconds(61));
    drop(admitted(decide(4)));
    admitted(decide(4)).end(QuotaOutcome::Used { tokens: 1, cost: 0 });
    check_blocked(decide(1), QuotaLimit::RequestsPerMinute, seconds(61));
    advance(seconds(61)).await;
    let second = admitted(decide(10));
    check_blocked(decide(1), QuotaLimit::Concurrency, Duration::from_millis(100));
    drop((first, second));
}

#[tokio::test(start_paused = true)]
async fn with_zero_max_wait_a_request_never_waits() {
    let limiter = limited(|limits| limits.tokens_per_minute(10).max_wait(Duration::ZERO));
    let start = Instant::now();
    drop(limiter.acquire(tokens(4, 6)).await.unwrap());
    let error = limiter.acquire(tokens(1, 0)).await.unwrap_err();
    assert!(
        matches!(error, QuotaError::TimedOut { limit: Some(QuotaLimit::TokensPerMinute), .. }),
        "{error:?}"
    );
    assert_eq!(start.elapsed(), Duration::ZERO);
}

#[tokio::test(start_paused = true)]
async fn request_that_can_never_be_admitted_fails_immediately() {
    let check = async |limiter: QuotaLimiter, estimate, expected: &str| {
        let start = Instant::now();
        assert_eq!(limiter.acquire(estimate).await.unwrap_err().to_string(), expected);
        assert_eq!((start.elapsed(), limiter.usage().requests), (Duration::ZERO, 0));
    };
    check(
        limited(|limits| limits.tokens_per_minute(1_000)),
        tokens(1, 1_000),
        "the request would reserve 1001 tokens (1 estimated input and 1000 output tokens), but tokens_per_minute is 1000: \
         lower max_tokens in the body, shorten the input, or raise the limit",
    )
    .await;
    let zero = "max_concurrency is 0, which admits no request: raise the limit";
    check(limited(|limits| limits.max_concurrency(0)), NO_TOKENS, zero).await;
    let zero = "requests_per_minute is 0, which admits no request: raise the limit";
    check(limited(|limits| limits.requests_per_minute(0)), NO_TOKENS, zero).await;
    let all = limited(|limits| limits.tokens_per_minute(1_000));
    assert!(try_acquire(&all, tokens(0, 1_000)).await.is_some());
}

/// A caller of the limiter. All times are in milliseconds.
#[derive(Clone, Debug)]
struct Caller {
    starts_at: u64,
    tokens: u64,
    request_duration: u64,
    outcome: u8,
    max_wait: u64,
}

fn callers() -> impl Strategy<Value = Vec<Caller>> {
    let caller = (0..90_000_u64, 0..=50_u64, 0..20_000_u64, 0..3_u8, 0..120_000_u64).prop_map(
        |(starts_at, tokens, request_duration, outcome, max_wait)| Caller {
            starts_at,
            tokens,
            request_duration,
            outcome,
            max_wait,
        },
    );
    prop::collection::vec(caller, 1..60)
}

/// Runs the callers. Returns two values for each admitted caller: the admission time, and the number of
/// tokens. The number is `None` if the tokens do not count.
async fn run(limiter: &QuotaLimiter, callers: Vec<Caller>) -> Vec<(Duration, Option<u64>)> {
    let start = Instant::now();
    let running: Vec<_> = callers
        .into_iter()
        .map(|caller| {
            let limiter = limiter.clone();
            tokio::spawn(async move {
                sleep(Duration::from_millis(caller.starts_at)).await;
                let admitted = timeout(
                    Duration::from_millis(caller.max_wait),
                    limiter.acquire(tokens(0, caller.tokens)),
                );
                let Ok(Ok(permit)) = admitted.await else { return None };
                let at = start.elapsed();
                assert!(limiter.usage().in_flight <= 3);
                sleep(Duration::from_millis(caller.request_duration)).await;
                match caller.outcome {
                    0 => {
                        permit.release();
                        return Some((at, None));
                    }
                    1 => permit.complete(used(0, caller.tokens / 2)),
                    _ => drop(permit),
                }
                let counted = if caller.outcome == 1 { caller.tokens / 2 } else { caller.tokens };
                Some((at, Some(counted)))
            })
        })
        .collect();
    let mut admitted = Vec::new();
    for caller in running {
        admitted.extend(caller.await.unwrap());
    }
    admitted
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// Checks random orders of arrivals, cancellations and outcomes.
    #[test]
    fn no_minute_exceeds_the_limits_and_nothing_leaks(callers in callers()) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build().unwrap();
        runtime.block_on(async {
            let limiter = limited(|limits| {
                limits.max_concurrency(3).requests_per_minute(10).tokens_per_minute(100).max_wait(seconds(45))
            });
            let admitted = run(&limiter, callers).await;
            for (start, _) in &admitted {
                let minute = || admitted.iter().filter(|(at, _)| at >= start && *at < *start + seconds(60));
                assert!(minute().filter(|(_, counted)| counted.is_some()).count() <= 10);
                assert!(minute().filter_map(|(_, counted)| *counted).sum::<u64>() <= 100);
            }
            let usage = limiter.usage();
            assert_eq!((usage.in_flight, usage.waiting), (0, 0));
            advance(seconds(61)).await;
            let usage = limiter.usage();
            assert_eq!((usage.requests, usage.tokens), (0, 0));
            // The queue is empty, and the entire limit is available.
            assert!(try_acquire(&limiter, tokens(0, 100)).await.is_some());
        });
    }
}
