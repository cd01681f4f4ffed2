//! Happy Eyeballs ([RFC 8305](https://www.rfc-editor.org/rfc/rfc8305)): connects to the first address of a
//! host that accepts a connection.
//!
//! This module replaces hyper-util's `HttpConnector`. `HttpConnector` races only the two address families,
//! and tries the addresses of one family one after another. Endpoints in AWS have several IPv4 addresses. If
//! the first of two IPv4 addresses does not respond, this module tries the second address after 250
//! milliseconds. `HttpConnector` tries the second address only after 5 seconds (half of the connect timeout).

use std::future::{Future, poll_fn};
use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::task::Poll;
use std::time::Duration;

use tokio::time::timeout;

/// The recommended Connection Attempt Delay: <https://www.rfc-editor.org/rfc/rfc8305#section-5>
const DELAY: Duration = Duration::from_millis(250);

/// Returns the first connection that is established, and drops the other attempts. Starts the next attempt
/// when an attempt has failed, or [`DELAY`] after the start of the previous attempt.
///
/// # Errors
///
/// If all attempts fail, returns the error of the attempt that failed last.
pub(super) async fn race<T, F: Future<Output = io::Result<T>>>(
    addresses: Vec<SocketAddr>,
    connect: impl Fn(SocketAddr) -> F,
) -> io::Result<T> {
    let mut last_error = io::ErrorKind::AddrNotAvailable.into();
    let mut attempts = Vec::new();
    for address in interleave(addresses) {
        attempts.push(Box::pin(connect(address)));
        match timeout(DELAY, next(&mut attempts)).await {
            Ok(Ok(connection)) => return Ok(connection),
            Ok(Err(error)) => last_error = error,
            Err(_) => {}
        }
    }
    while !attempts.is_empty() {
        match next(&mut attempts).await {
            Ok(connection) => return Ok(connection),
            Err(error) => last_error = error,
        }
    }
    Err(last_error)
}

/// Orders the addresses with alternating address families, beginning with the family of the first address.
/// Within a family, the addresses keep the order of the resolver:
/// <https://www.rfc-editor.org/rfc/rfc8305#section-4>
fn interleave(addresses: Vec<SocketAddr>) -> Vec<SocketAddr> {
    let preferred = addresses.first().is_some_and(SocketAddr::is_ipv6);
    let (first, second): (Vec<_>, Vec<_>) =
        addresses.into_iter().partition(|address| address.is_ipv6() == preferred);
    let mut second = second.into_iter();
    let mut sorted: Vec<_> =
        first.into_iter().flat_map(|address| [Some(address), second.next()]).flatten().collect();
    sorted.extend(second);
    sorted
}

/// Waits until an attempt ends, removes this attempt and returns its outcome.
async fn next<F: Future>(attempts: &mut Vec<Pin<Box<F>>>) -> F::Output {
    poll_fn(|cx| {
        for index in 0..attempts.len() {
            if let Poll::Ready(outcome) = attempts[index].as_mut().poll(cx) {
                drop(attempts.remove(index));
                return Poll::Ready(outcome);
            }
        }
        Poll::Pending
    })
    .await
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use tokio::time::{Instant, sleep};

    use super::*;

    /// An address, the milliseconds until its attempt ends, and the outcome of that attempt.
    type Attempt = (&'static str, u64, Result<(), &'static str>);

    /// Runs a race. Returns its outcome, its duration in milliseconds, and the address and the start time of
    /// each attempt.
    async fn run(attempts: &[Attempt]) -> (Result<String, String>, u64, Vec<(String, u64)>) {
        let (start, started) = (Instant::now(), Mutex::new(Vec::new()));
        let elapsed = || u64::try_from(start.elapsed().as_millis()).unwrap();
        let addresses = attempts.iter().map(|(address, ..)| address.parse().unwrap()).collect();
        let outcome = race(addresses, |address| {
            let (name, duration, outcome) =
                attempts[attempts.iter().position(|(name, ..)| *name == address.to_string()).unwrap()];
            started.lock().unwrap().push((name.to_owned(), elapsed()));
            async move {
                sleep(Duration::from_millis(duration)).await;
                outcome.map(|()| name.to_owned()).map_err(io::Error::other)
            }
        });
        let outcome = outcome.await.map_err(|error| error.to_string());
        let elapsed = elapsed();
        (outcome, elapsed, started.into_inner().unwrap())
    }

    async fn check(
        attempts: &[Attempt],
        expected: Result<&str, &str>,
        duration: u64,
        starts: &[(&str, u64)],
    ) {
        let (outcome, elapsed, started) = run(attempts).await;
        assert_eq!(outcome.as_deref().map_err(String::as_str), expected);
        assert_eq!(elapsed, duration);
        let started: Vec<_> = started.iter().map(|(address, start)| (address.as_str(), *start)).collect();
        assert_eq!(started, starts);
    }

    const V6_A: &str = "[2001:db8::1]:443";
    const V6_B: &str = "[2001:db8::2]:443";
    const V4_A: &str = "192.0.2.1:443";
    const V4_B: &str = "192.0.2.2:443";
    const NEVER: u64 = 1_000_000;

    #[tokio::test(start_paused = true)]
    async fn no_other_address_is_tried_if_the_first_is_fast() {
        check(&[(V6_A, 200, Ok(())), (V4_A, 1, Ok(()))], Ok(V6_A), 200, &[(V6_A, 0)]).await;
    }

    #[tokio::test(start_paused = true)]
    async fn the_other_family_starts_after_the_delay_and_can_win() {
        let starts = [(V6_A, 0), (V4_A, 250)];
        check(&[(V6_A, NEVER, Ok(())), (V4_A, 20, Ok(()))], Ok(V4_A), 270, &starts).await;
    }

    #[tokio::test(start_paused = true)]
    async fn the_first_attempt_continues_and_can_still_win() {
        let starts = [(V6_A, 0), (V4_A, 250)];
        check(&[(V6_A, 260, Ok(())), (V4_A, 20, Ok(()))], Ok(V6_A), 260, &starts).await;
    }

    #[tokio::test(start_paused = true)]
    async fn the_next_attempt_starts_immediately_after_a_failure() {
        let starts = [(V6_A, 0), (V4_A, 10)];
        check(&[(V6_A, 10, Err("no")), (V4_A, 5, Ok(()))], Ok(V4_A), 15, &starts).await;
    }

    #[tokio::test(start_paused = true)]
    async fn address_families_alternate() {
        let attempts = [(V6_A, NEVER, Ok(())), (V6_B, 5, Ok(())), (V4_A, NEVER, Ok(())), (V4_B, 5, Ok(()))];
        check(&attempts, Ok(V6_B), 505, &[(V6_A, 0), (V4_A, 250), (V6_B, 500)]).await;
        let attempts = [(V4_A, 1, Err("a")), (V4_B, 1, Err("b")), (V6_A, 1, Err("c"))];
        check(&attempts, Err("b"), 3, &[(V4_A, 0), (V6_A, 1), (V4_B, 2)]).await;
        let attempts = [(V4_A, 1, Err("a")), (V6_A, 1, Err("b")), (V6_B, 1, Err("c"))];
        check(&attempts, Err("c"), 3, &[(V4_A, 0), (V6_A, 1), (V6_B, 2)]).await;
    }

    #[tokio::test(start_paused = true)]
    async fn a_second_address_of_the_same_family_starts_after_the_delay() {
        let starts = [(V4_A, 0), (V4_B, 250)];
        check(&[(V4_A, NEVER, Ok(())), (V4_B, 5, Ok(()))], Ok(V4_B), 255, &starts).await;
    }

    #[tokio::test(start_paused = true)]
    async fn the_last_error_is_returned() {
        let attempts = [(V6_A, 400, Err("late")), (V4_A, 10, Err("early"))];
        check(&attempts, Err("late"), 400, &[(V6_A, 0), (V4_A, 250)]).await;
    }
}
