//! Tests the adaptive rate limiter with the test cases of the AWS SDKs and with property tests.

use std::time::Duration;

use proptest::prelude::*;

use super::AdaptiveRateLimiter;
use super::limiter::{Acquired, RateLimiter};

/// Runs the end-to-end test case of the AWS SDKs. In this test case, a response arrives every 200 ms. Each
/// entry contains `true` for a throttling error, and the expected measured rate and fill rate after the
/// response.
#[test]
fn limits_as_in_the_test_case_of_the_aws_sdks() {
    let responses = [
        (false, 0.0, 0.5),
        (false, 0.0, 0.5),
        (false, 4.8, 0.5),
        (false, 4.8, 0.5),
        (false, 4.16, 0.5),
        (false, 4.16, 0.691_2),
        (false, 4.16, 1.097_6),
        (false, 5.632, 1.638_4),
        (false, 5.632, 2.332_8),
        (true, 4.326_4, 3.028_48),
        (false, 4.326_4, 3.486_639),
        (false, 4.326_4, 3.821_874),
        (false, 5.665_28, 4.053_386),
        (false, 5.665_28, 4.200_373),
        (false, 4.333_056, 4.282_037),
        (true, 4.333_056, 2.997_426),
        (false, 4.333_056, 3.452_226),
    ];
    let mut limiter = RateLimiter::new();
    let mut now = Duration::ZERO;
    for (throttled, measured, rate) in responses {
        now += Duration::from_millis(200);
        limiter.update(now, throttled);
        assert!(
            (limiter.measured_rate() - measured).abs() < 1e-6,
            "{now:?}: measured {}",
            limiter.measured_rate()
        );
        assert!((limiter.fill_rate() - rate).abs() < 1e-6, "{now:?}: rate {}", limiter.fill_rate());
    }
}

#[test]
fn requests_do_not_wait_before_the_first_throttle() {
    let mut limiter = RateLimiter::new();
    let now = Duration::from_secs(1);
    for _ in 0..1_000 {
        assert_eq!(limiter.acquire(now), Acquired::Ready);
        limiter.update(now, false);
    }
    assert_eq!(limiter.limit(), None);
    limiter.update(now, true);
    assert!(limiter.limit().is_some());
}

#[derive(Clone, Debug)]
enum Step {
    /// Lets time pass.
    Wait(Duration),
    /// Takes a token for one request.
    Acquire,
    /// Updates the rate after a response.
    Update { throttled: bool },
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let step = prop_oneof![
        (0..5_000_u64).prop_map(|time| Step::Wait(Duration::from_millis(time))),
        (0..1_000_000_u64).prop_map(|time| Step::Wait(Duration::from_nanos(time))),
        Just(Step::Acquire),
        any::<bool>().prop_map(|throttled| Step::Update { throttled }),
    ];
    prop::collection::vec(step, 0..200)
}

proptest! {
    /// Checks that the rate is finite and at least 0.5. If the rate is above 0.5, it is at most twice the
    /// measured rate. A throttling error never raises the rate. A request is admitted after the returned
    /// wait, but not earlier.
    #[test]
    fn rate_and_waits_stay_within_their_bounds(steps in steps()) {
        let (mut limiter, mut now) = (RateLimiter::new(), Duration::ZERO);
        for step in steps {
            match step {
                Step::Wait(time) => now += time,
                Step::Update { throttled } => {
                    let before = limiter.limit();
                    limiter.update(now, throttled);
                    let rate = limiter.fill_rate();
                    prop_assert!(rate.is_finite() && rate >= 0.5, "{rate}");
                    prop_assert!(rate <= (2.0 * limiter.measured_rate()).max(0.5), "{rate} of {}", limiter.measured_rate());
                    if throttled {
                        prop_assert!(rate <= (0.7 * limiter.measured_rate()).max(0.5));
                        prop_assert!(before.is_none_or(|before| rate <= before));
                    }
                }
                Step::Acquire => {
                    if let Acquired::Wait(time) = limiter.acquire(now) {
                        // At the minimum rate, the bucket gains one token in two seconds.
                        prop_assert!(time <= Duration::from_secs(2) + Duration::from_nanos(2), "{time:?}");
                        let early = time.mul_f64(0.999).saturating_sub(Duration::from_nanos(2));
                        prop_assert!(matches!(limiter.clone().acquire(now + early), Acquired::Wait(_)));
                        prop_assert_eq!(limiter.clone().acquire(now + time), Acquired::Ready);
                    }
                }
            }
        }
    }

    /// Checks the number of admitted requests since the first throttling error. This number never exceeds the
    /// capacity of the bucket plus the tokens that the bucket has gained since that error.
    #[test]
    fn admits_no_more_than_the_rate_allows(waits in prop::collection::vec(0..400_u64, 1..300)) {
        let mut limiter = RateLimiter::new();
        for tenth in 1..=20 {
            limiter.update(Duration::from_millis(tenth * 100), tenth == 20);
        }
        let rate = limiter.fill_rate();
        let (mut now, start) = (Duration::from_secs(2), Duration::from_secs(2));
        let mut sent = 0;
        for wait in waits {
            now += Duration::from_millis(wait);
            sent += u32::from(limiter.acquire(now) == Acquired::Ready);
            let max = rate.max(1.0) + rate * (now - start).as_secs_f64();
            prop_assert!(f64::from(sent) <= max + 1e-6, "{sent} of {max}");
        }
    }
}

/// Returns a limiter with a limit of 0.5 and an empty bucket.
async fn throttled() -> AdaptiveRateLimiter {
    let limiter = AdaptiveRateLimiter::new();
    limiter.record_outcome(true);
    tokio::time::timeout(Duration::from_secs(5), limiter.ready()).await.expect("a token");
    assert_eq!(limiter.limit(), Some(0.5));
    limiter
}

#[tokio::test(start_paused = true)]
async fn admits_requests_in_arrival_order() {
    let limiter = throttled().await;
    let start = tokio::time::Instant::now();
    let (sender, mut order) = tokio::sync::mpsc::unbounded_channel();
    for number in 0..4 {
        let (limiter, sender) = (limiter.clone(), sender.clone());
        tokio::spawn(async move {
            limiter.ready().await;
            sender.send((number, start.elapsed().as_secs())).unwrap();
        });
        tokio::task::yield_now().await;
    }
    for number in 0..4 {
        assert_eq!(order.recv().await, Some((number, 2 * (number + 1))));
    }
}

#[tokio::test(start_paused = true)]
async fn new_request_does_not_overtake_a_waiting_one() {
    let limiter = throttled().await;
    let waiter = tokio::spawn({
        let limiter = limiter.clone();
        async move { limiter.ready().await }
    });
    tokio::task::yield_now().await;
    // A token is available, but the waiting task has not woken up, because timers round up to milliseconds.
    tokio::time::advance(Duration::from_secs(2)).await;
    let later = tokio::time::timeout(Duration::ZERO, limiter.ready()).await;
    assert!(later.is_err());
    waiter.await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn cancelled_request_takes_no_token() {
    let limiter = throttled().await;
    let start = tokio::time::Instant::now();
    let cancelled = tokio::time::timeout(Duration::from_secs(1), limiter.ready());
    assert!(cancelled.await.is_err());
    limiter.ready().await;
    assert_eq!(start.elapsed().as_secs(), 2);
}

#[tokio::test(start_paused = true)]
async fn waiting_request_is_admitted_earlier_when_the_rate_rises() {
    let limiter = throttled().await;
    let start = tokio::time::Instant::now();
    let waiter = tokio::spawn({
        let limiter = limiter.clone();
        async move { limiter.ready().await }
    });
    tokio::task::yield_now().await;
    // `throttled` has recorded one response, and has waited two seconds. Therefore the first of the 200
    // responses is the second response in 3.5 seconds. It ends the measured period, and the measured rate rises
    // to 0.46 per second. The limit is twice the measured rate.
    tokio::time::advance(Duration::from_millis(1_500)).await;
    (0..200).for_each(|_| limiter.record_outcome(false));
    assert!(limiter.limit() > Some(0.5), "{limiter:?}");
    waiter.await.unwrap();
    assert!(start.elapsed() < Duration::from_secs(2), "{:?}", start.elapsed());
}
