//! Limits before a request is sent: the line, its order, its end; on a clock that stands still until all wait.

use std::future::Future;
use std::time::Duration;

use invoke_model_client::{
    FailureClass, QuotaError, QuotaLimit, QuotaLimiter, QuotaLimiterBuilder, QuotaPermit, TokenEstimate,
    Usage,
};
use proptest::prelude::*;
use tokio::sync::mpsc;
use tokio::task::yield_now;
use tokio::time::{Instant, advance, sleep, timeout};

const NOTHING: TokenEstimate = TokenEstimate { input_tokens: 0, max_output_tokens: None };

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

/// Whether a request is admitted now, without waiting.
async fn now(admission: &QuotaLimiter, demand: TokenEstimate) -> Option<QuotaPermit> {
    timeout(Duration::ZERO, admission.admit(demand)).await.ok().map(Result::unwrap)
}

/// Requests that stand in line in this order, each with its number; those that are admitted give number, second, and
/// permit.
async fn line(
    admission: &QuotaLimiter,
    demands: &[TokenEstimate],
) -> mpsc::UnboundedReceiver<(usize, u64, QuotaPermit)> {
    let (sender, receiver) = mpsc::unbounded_channel();
    let start = Instant::now();
    for (number, demand) in demands.iter().copied().enumerate() {
        let (admission, sender) = (admission.clone(), sender.clone());
        tokio::spawn(async move {
            if let Ok(permit) = admission.admit(demand).await {
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
fn a_permit_can_go_with_a_stream_anywhere() {
    fn check<T: Send + Sync + 'static>() {}
    fn check_future(_: impl Future + Send) {}
    check::<QuotaPermit>();
    check::<QuotaLimiter>();
    check_future(QuotaLimiter::builder().build().admit(NOTHING));
}

#[tokio::test(start_paused = true)]
async fn without_limits_nobody_waits() {
    let admission = limited(|limits| limits);
    assert!(!admission.counts_tokens());
    let start = Instant::now();
    let mut permits = Vec::new();
    for _ in 0..1_000 {
        permits.push(admission.admit(tokens(u64::MAX, u64::MAX)).await.unwrap());
    }
    assert_eq!(start.elapsed(), Duration::ZERO);
    assert_eq!(admission.load().in_flight, 1_000);
}

#[tokio::test(start_paused = true)]
async fn concurrency_is_freed_by_every_end() {
    let admission = limited(|limits| limits.max_concurrency(2));
    let other_client = admission.clone();
    for round in 0..9 {
        let first = admission.admit(NOTHING).await.unwrap();
        let second = other_client.admit(NOTHING).await.unwrap();
        assert!(now(&admission, NOTHING).await.is_none());
        match round % 3 {
            0 => first.release(),
            1 => first.settle(Usage::default()),
            _ => drop(first),
        }
        assert!(now(&admission, NOTHING).await.is_some());
        drop(second);
    }
    assert_eq!(admission.load().in_flight, 0);
}

#[tokio::test(start_paused = true)]
async fn requests_go_in_the_order_they_came_in() {
    let admission = limited(|limits| limits.max_concurrency(1));
    let held = admission.admit(NOTHING).await.unwrap();
    let mut admitted = line(&admission, &[NOTHING; 5]).await;
    assert_eq!(admission.load().waiting, 5);
    drop(held);
    for expected in 0..5 {
        let (number, _, permit) = admitted.recv().await.unwrap();
        assert_eq!((number, admission.load().waiting), (expected, 4 - expected));
        // Who comes while others wait does not go before them.
        assert!(now(&admission, NOTHING).await.is_none());
        drop(permit);
    }
}

#[tokio::test(start_paused = true)]
async fn a_large_request_is_not_overtaken_for_ever() {
    let admission = limited(|limits| limits.tokens_per_minute(100).max_wait(seconds(300)));
    drop(admission.admit(tokens(10, 50)).await.unwrap());
    let mut admitted = line(&admission, &[tokens(0, 100), tokens(1, 0), tokens(1, 0)]).await;
    let (number, second, permit) = admitted.recv().await.unwrap();
    assert_eq!((number, second), (0, 60));
    permit.settle(used(0, 20));
    assert_eq!(admitted.recv().await.map(|(number, second, _)| (number, second)), Some((1, 60)));
    assert_eq!(admitted.recv().await.map(|(number, second, _)| (number, second)), Some((2, 60)));
}

#[tokio::test(start_paused = true)]
async fn a_minute_is_any_sixty_seconds() {
    let admission = limited(|limits| limits.requests_per_minute(3).max_wait(seconds(300)));
    let start = Instant::now();
    let mut at = Vec::new();
    for _ in 0..7 {
        drop(admission.admit(NOTHING).await.unwrap());
        at.push(start.elapsed().as_secs());
        sleep(seconds(10)).await;
    }
    // No burst of the whole limit in the second after a minute is over.
    assert_eq!(at, [0, 10, 20, 60, 70, 80, 120]);
}

#[tokio::test(start_paused = true)]
async fn what_was_used_takes_the_place_of_what_was_reserved() {
    let admission = limited(|limits| limits.tokens_per_minute(1_000).output_token_weight(5));
    let permit = admission.admit(tokens(100, 900)).await.unwrap();
    assert_eq!(permit.reserved(), 1_000);
    assert!(now(&admission, tokens(1, 0)).await.is_none());
    let mut usage = used(10, 20);
    (usage.cache_read_input_tokens, usage.cache_write_input_tokens) = (Some(70), Some(7));
    permit.settle(usage);
    assert_eq!(admission.load().tokens, 10 + 7 + 20 * 5);
    // More than was reserved: the others wait for it.
    now(&admission, tokens(0, 10)).await.unwrap().settle(used(0, 400));
    assert_eq!(admission.load().tokens, 117 + 2_000);
    let start = Instant::now();
    drop(admission.admit(tokens(1, 0)).await.unwrap());
    assert_eq!(start.elapsed(), seconds(60));
}

#[tokio::test(start_paused = true)]
async fn what_counts_when_a_request_has_ended() {
    let admission = limited(|limits| limits.tokens_per_minute(100).requests_per_minute(10));
    let check = |requests, tokens| {
        let load = admission.load();
        assert_eq!((load.in_flight, load.requests, load.tokens), (0, requests, tokens));
    };
    now(&admission, tokens(10, 10)).await.unwrap().release();
    now(&admission, tokens(10, 10)).await.unwrap().failed(FailureClass::NotSent);
    check(0, 0);
    now(&admission, tokens(10, 10)).await.unwrap().failed(FailureClass::Rejected);
    check(1, 0);
    now(&admission, tokens(10, 10)).await.unwrap().settle(used(3, 4));
    check(2, 7);
    // What used an unknown part of its reservation may have used all of it.
    now(&admission, tokens(10, 0)).await.unwrap().settle(Usage::default());
    now(&admission, tokens(0, 10)).await.unwrap().failed(FailureClass::ServerError);
    now(&admission, tokens(10, 0)).await.unwrap().failed(FailureClass::Ambiguous);
    drop(now(&admission, tokens(0, 10)).await.unwrap());
    check(6, 47);
    advance(seconds(60)).await;
    check(0, 0);
}

#[tokio::test(start_paused = true)]
async fn a_stream_holds_its_place_but_not_its_minute() {
    let admission =
        limited(|limits| limits.max_concurrency(1).tokens_per_minute(100).max_wait(seconds(3_600)));
    let stream = admission.admit(tokens(0, 100)).await.unwrap();
    advance(seconds(90)).await;
    assert_eq!((admission.load().in_flight, admission.load().tokens), (1, 0));
    assert!(now(&admission, NOTHING).await.is_none());
    stream.settle(used(0, 80));
    // The minute in which it was admitted is over.
    assert_eq!((admission.load().in_flight, admission.load().tokens), (0, 0));
}

#[tokio::test(start_paused = true)]
async fn an_unstated_output_is_what_the_settings_say() {
    let admission = limited(|limits| limits.tokens_per_minute(100).default_output_tokens(30));
    assert_eq!(
        now(&admission, TokenEstimate { input_tokens: 5, max_output_tokens: None }).await.unwrap().reserved(),
        35
    );
    assert_eq!(now(&admission, tokens(5, 0)).await.unwrap().reserved(), 5);
}

#[tokio::test(start_paused = true)]
async fn who_leaves_the_line_leaves_no_hole() {
    let admission = limited(|limits| limits.requests_per_minute(1).max_wait(seconds(300)));
    drop(admission.admit(NOTHING).await.unwrap());
    let waiters: Vec<_> = (0..4)
        .map(|number| {
            let admission = admission.clone();
            tokio::spawn(async move { (number, admission.admit(NOTHING).await.unwrap(), Instant::now()) })
        })
        .collect();
    yield_now().await;
    assert_eq!(admission.load().waiting, 4);
    let start = Instant::now();
    // The first in line, and one in its middle.
    waiters[0].abort();
    waiters[2].abort();
    let mut admitted = Vec::new();
    for waiter in waiters {
        if let Ok((number, _permit, at)) = waiter.await {
            admitted.push((number, (at - start).as_secs()));
        }
    }
    assert_eq!(admitted, [(1, 60), (3, 120)]);
    assert_eq!((admission.load().waiting, admission.load().in_flight), (0, 0));
}

#[tokio::test(start_paused = true)]
async fn a_wait_has_an_end() {
    let admission = limited(|limits| limits.max_concurrency(1).max_wait(seconds(7)));
    let held = admission.admit(NOTHING).await.unwrap();
    let admitted = line(&admission, &[NOTHING]).await;
    advance(seconds(1)).await;
    let start = Instant::now();
    let error = admission.admit(NOTHING).await.unwrap_err();
    assert_eq!(start.elapsed(), seconds(7));
    let expected =
        QuotaError::TimedOut { waited: seconds(7), limit: Some(QuotaLimit::Concurrency), others: 0 };
    assert_eq!(error, expected);
    assert_eq!(
        error.to_string(),
        "there was no room under max_concurrency within 7s: send less at a time, raise the limit, or raise max_wait"
    );
    let more = QuotaError::TimedOut { waited: seconds(7), limit: None, others: 2 };
    assert!(more.to_string().starts_with("there was no room within 7s, and 2 more wait: "), "{more}");
    drop((held, admitted));
    assert!(now(&admission, NOTHING).await.is_some());
    assert_eq!(admission.load().waiting, 0);
}

#[tokio::test(start_paused = true)]
async fn without_a_wait_a_request_is_admitted_at_once_or_refused() {
    let admission = limited(|limits| limits.tokens_per_minute(10).max_wait(Duration::ZERO));
    let start = Instant::now();
    drop(admission.admit(tokens(4, 6)).await.unwrap());
    let error = admission.admit(tokens(1, 0)).await.unwrap_err();
    assert!(
        matches!(error, QuotaError::TimedOut { limit: Some(QuotaLimit::TokensPerMinute), .. }),
        "{error:?}"
    );
    assert_eq!(start.elapsed(), Duration::ZERO);
}

#[tokio::test(start_paused = true)]
async fn what_never_fits_is_refused_at_once() {
    let check = async |admission: QuotaLimiter, demand, expected: &str| {
        let start = Instant::now();
        assert_eq!(admission.admit(demand).await.unwrap_err().to_string(), expected);
        assert_eq!((start.elapsed(), admission.load().requests), (Duration::ZERO, 0));
    };
    check(
        limited(|limits| limits.tokens_per_minute(1_000)),
        tokens(1, 1_000),
        "it would reserve 1001 tokens (1 of input, as estimated, and 1000 of output), but tokens_per_minute is 1000: \
         lower max_tokens in the body, send less, or raise the limit",
    )
    .await;
    let zero = "max_concurrency is 0, which admits no request: raise the limit";
    check(limited(|limits| limits.max_concurrency(0)), NOTHING, zero).await;
    let zero = "requests_per_minute is 0, which admits no request: raise the limit";
    check(limited(|limits| limits.requests_per_minute(0)), NOTHING, zero).await;
    let all = limited(|limits| limits.tokens_per_minute(1_000));
    assert!(now(&all, tokens(0, 1_000)).await.is_some());
}

/// A caller: when it comes, what it asks for, how long its request takes, how it ends, when it loses patience.
#[derive(Clone, Debug)]
struct Caller {
    comes: u64,
    tokens: u64,
    takes: u64,
    ends: u8,
    patience: u64,
}

fn callers() -> impl Strategy<Value = Vec<Caller>> {
    let caller = (0..90_000_u64, 0..=50_u64, 0..20_000_u64, 0..3_u8, 0..120_000_u64)
        .prop_map(|(comes, tokens, takes, ends, patience)| Caller { comes, tokens, takes, ends, patience });
    prop::collection::vec(caller, 1..60)
}

/// Each admitted request: when, and its tokens if they count.
async fn run(admission: &QuotaLimiter, callers: Vec<Caller>) -> Vec<(Duration, Option<u64>)> {
    let start = Instant::now();
    let running: Vec<_> = callers
        .into_iter()
        .map(|caller| {
            let admission = admission.clone();
            tokio::spawn(async move {
                sleep(Duration::from_millis(caller.comes)).await;
                let admitted = timeout(
                    Duration::from_millis(caller.patience),
                    admission.admit(tokens(0, caller.tokens)),
                );
                let Ok(Ok(permit)) = admitted.await else { return None };
                let at = start.elapsed();
                assert!(admission.load().in_flight <= 3);
                sleep(Duration::from_millis(caller.takes)).await;
                match caller.ends {
                    0 => {
                        permit.release();
                        return Some((at, None));
                    }
                    1 => permit.settle(used(0, caller.tokens / 2)),
                    _ => drop(permit),
                }
                let counted = if caller.ends == 1 { caller.tokens / 2 } else { caller.tokens };
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

    /// Whoever comes, waits, leaves, and however it ends: no minute has more than the limits, and nothing is left over.
    #[test]
    fn the_limits_hold_and_nothing_leaks(callers in callers()) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build().unwrap();
        runtime.block_on(async {
            let admission = limited(|limits| {
                limits.max_concurrency(3).requests_per_minute(10).tokens_per_minute(100).max_wait(seconds(45))
            });
            let admitted = run(&admission, callers).await;
            for (start, _) in &admitted {
                let minute = || admitted.iter().filter(|(at, _)| at >= start && *at < *start + seconds(60));
                assert!(minute().filter(|(_, counted)| counted.is_some()).count() <= 10);
                assert!(minute().filter_map(|(_, counted)| *counted).sum::<u64>() <= 100);
            }
            let load = admission.load();
            assert_eq!((load.in_flight, load.waiting), (0, 0));
            advance(seconds(60)).await;
            let load = admission.load();
            assert_eq!((load.requests, load.tokens), (0, 0));
            // The line is open, and the whole budget is there.
            assert!(now(&admission, tokens(0, 100)).await.is_some());
        });
    }
}
