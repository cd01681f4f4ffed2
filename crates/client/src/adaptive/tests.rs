//! The limiter against the published cases, and what holds of it whatever happens.

use std::time::Duration;

use proptest::prelude::*;

use super::AdaptiveRateLimiter;
use super::limiter::{Acquired, RateLimiter};

/// An answer each fifth of a second; which are throttles, and measured rate and limit after each: the end-to-end case
/// that the AWS SDKs test theirs with.
#[test]
fn limits_as_in_the_published_case() {
    let answers = [
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
    for (throttled, measured, rate) in answers {
        now += Duration::from_millis(200);
        limiter.update(now, throttled);
        assert!((limiter.measured() - measured).abs() < 1e-6, "{now:?}: measured {}", limiter.measured());
        assert!((limiter.fill_rate() - rate).abs() < 1e-6, "{now:?}: rate {}", limiter.fill_rate());
    }
}

#[test]
fn nobody_waits_before_the_first_throttle() {
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

/// What happens next: time passes, a request asks, an answer comes.
#[derive(Clone, Debug)]
enum Step {
    Pass(Duration),
    Acquire,
    Answer { throttled: bool },
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let step = prop_oneof![
        (0..5_000_u64).prop_map(|time| Step::Pass(Duration::from_millis(time))),
        (0..1_000_000_u64).prop_map(|time| Step::Pass(Duration::from_nanos(time))),
        Just(Step::Acquire),
        any::<bool>().prop_map(|throttled| Step::Answer { throttled }),
    ];
    prop::collection::vec(step, 0..200)
}

proptest! {
    /// The rate is finite, at least a half, and at most twice the measured one; a throttle never raises it; who waits as
    /// long as told is let through, and no sooner.
    #[test]
    fn stays_within_its_bounds(steps in steps()) {
        let (mut limiter, mut now) = (RateLimiter::new(), Duration::ZERO);
        for step in steps {
            match step {
                Step::Pass(time) => now += time,
                Step::Answer { throttled } => {
                    let before = limiter.limit();
                    limiter.update(now, throttled);
                    let rate = limiter.fill_rate();
                    prop_assert!(rate.is_finite() && rate >= 0.5, "{rate}");
                    prop_assert!(rate <= (2.0 * limiter.measured()).max(0.5), "{rate} of {}", limiter.measured());
                    if throttled {
                        prop_assert!(rate <= (0.7 * limiter.measured()).max(0.5));
                        prop_assert!(before.is_none_or(|before| rate <= before));
                    }
                }
                Step::Acquire => {
                    if let Acquired::Wait(time) = limiter.acquire(now) {
                        // A token takes two seconds at the least rate.
                        prop_assert!(time <= Duration::from_secs(2) + Duration::from_nanos(2), "{time:?}");
                        let early = time.mul_f64(0.999).saturating_sub(Duration::from_nanos(2));
                        prop_assert!(matches!(limiter.clone().acquire(now + early), Acquired::Wait(_)));
                        prop_assert_eq!(limiter.clone().acquire(now + time), Acquired::Ready);
                    }
                }
            }
        }
    }

    /// Over any time from the first throttle on, no more is let through than the bucket held and what came since.
    #[test]
    fn lets_through_what_the_rate_allows(waits in prop::collection::vec(0..400_u64, 1..300)) {
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
            let most = rate.max(1.0) + rate * (now - start).as_secs_f64();
            prop_assert!(f64::from(sent) <= most + 1e-6, "{sent} of {most}");
        }
    }
}

/// A rate with a limit of a half, and an empty bucket.
async fn throttled() -> AdaptiveRateLimiter {
    let rate = AdaptiveRateLimiter::new();
    rate.answered(true);
    rate.ready_within(Duration::from_secs(5)).await;
    assert_eq!(rate.limit(), Some(0.5));
    rate
}

impl AdaptiveRateLimiter {
    /// Waits until a request may be sent, in a test that must not hang.
    async fn ready_within(&self, time: Duration) {
        tokio::time::timeout(time, self.ready()).await.expect("it is let through");
    }
}

#[tokio::test(start_paused = true)]
async fn requests_go_in_the_order_they_came_in() {
    let rate = throttled().await;
    let start = tokio::time::Instant::now();
    let (sender, mut order) = tokio::sync::mpsc::unbounded_channel();
    for number in 0..4 {
        let (rate, sender) = (rate.clone(), sender.clone());
        tokio::spawn(async move {
            rate.ready().await;
            sender.send((number, start.elapsed().as_secs())).unwrap();
        });
        tokio::task::yield_now().await;
    }
    for number in 0..4 {
        assert_eq!(order.recv().await, Some((number, 2 * (number + 1))));
    }
}

#[tokio::test(start_paused = true)]
async fn who_comes_later_does_not_go_first() {
    let rate = throttled().await;
    let waiter = tokio::spawn({
        let rate = rate.clone();
        async move { rate.ready().await }
    });
    tokio::task::yield_now().await;
    // The token is there, but the waiter is not awake yet: its timer has whole milliseconds.
    tokio::time::advance(Duration::from_secs(2)).await;
    let later = tokio::time::timeout(Duration::ZERO, rate.ready()).await;
    assert!(later.is_err());
    waiter.await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_request_that_is_given_up_takes_no_token() {
    let rate = throttled().await;
    let start = tokio::time::Instant::now();
    let given_up = tokio::time::timeout(Duration::from_secs(1), rate.ready());
    assert!(given_up.await.is_err());
    rate.ready().await;
    assert_eq!(start.elapsed().as_secs(), 2);
}

#[tokio::test(start_paused = true)]
async fn a_waiter_hears_of_a_better_rate() {
    let rate = throttled().await;
    let start = tokio::time::Instant::now();
    let waiter = tokio::spawn({
        let rate = rate.clone();
        async move { rate.ready().await }
    });
    tokio::task::yield_now().await;
    // 200 answers in half a second are 320 a second, but the curve stands at its foot: the limit is 0.4 t³.
    tokio::time::advance(Duration::from_millis(1_500)).await;
    (0..200).for_each(|_| rate.answered(false));
    assert!(rate.limit() > Some(0.5), "{rate:?}");
    waiter.await.unwrap();
    assert!(start.elapsed() < Duration::from_secs(2), "{:?}", start.elapsed());
}
