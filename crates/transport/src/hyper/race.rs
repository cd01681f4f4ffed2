//! Which of a host's addresses is used: the first that answers, tried a moment apart.
//! <https://www.rfc-editor.org/rfc/rfc8305>

use std::{future::poll_fn, io, net::SocketAddr, pin::Pin, task::Poll, time::Duration};

use tokio::time::timeout;

/// The Connection Attempt Delay, as it is recommended: <https://www.rfc-editor.org/rfc/rfc8305#section-5>
const DELAY: Duration = Duration::from_millis(250);

/// The first connection that is there. Attempts that are under way then are given up.
///
/// # Errors
/// The last one, when all attempts have failed.
pub(super) async fn race<T, F: Future<Output = io::Result<T>>>(
    addresses: Vec<SocketAddr>,
    connect: impl Fn(SocketAddr) -> F,
) -> io::Result<T> {
    let mut failure = io::ErrorKind::AddrNotAvailable.into();
    let mut attempts = Vec::new();
    for address in in_turn(addresses) {
        attempts.push(Box::pin(connect(address)));
        // The next one starts when it is time, or when one has failed.
        match timeout(DELAY, next(&mut attempts)).await {
            Ok(Ok(connection)) => return Ok(connection),
            Ok(Err(error)) => failure = error,
            Err(_) => {}
        }
    }
    while !attempts.is_empty() {
        match next(&mut attempts).await {
            Ok(connection) => return Ok(connection),
            Err(error) => failure = error,
        }
    }
    Err(failure)
}

/// The families in turn, each in the resolver's order, which begins with the preferred one:
/// <https://www.rfc-editor.org/rfc/rfc8305#section-4>
fn in_turn(addresses: Vec<SocketAddr>) -> Vec<SocketAddr> {
    let preferred = addresses.first().is_some_and(SocketAddr::is_ipv6);
    let (first, second): (Vec<_>, Vec<_>) =
        addresses.into_iter().partition(|address| address.is_ipv6() == preferred);
    let mut second = second.into_iter();
    let mut sorted: Vec<_> =
        first.into_iter().flat_map(|address| [Some(address), second.next()]).flatten().collect();
    sorted.extend(second);
    sorted
}

/// What comes of the attempt that ends next. It is taken out.
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

    /// What comes of an address, and after how many milliseconds.
    type Fate = (&'static str, u64, Result<(), &'static str>);

    /// Runs a race, and says what came of it and after how many milliseconds; and when each attempt began.
    async fn run(fates: &[Fate]) -> (Result<String, String>, u64, Vec<(String, u64)>) {
        let (start, began) = (Instant::now(), Mutex::new(Vec::new()));
        let elapsed = || u64::try_from(start.elapsed().as_millis()).unwrap();
        let addresses = fates.iter().map(|(address, ..)| address.parse().unwrap()).collect();
        let outcome = race(addresses, |address| {
            let (name, after, fate) =
                fates[fates.iter().position(|(it, ..)| *it == address.to_string()).unwrap()];
            began.lock().unwrap().push((name.to_owned(), elapsed()));
            async move {
                sleep(Duration::from_millis(after)).await;
                fate.map(|()| name.to_owned()).map_err(io::Error::other)
            }
        });
        let outcome = outcome.await.map_err(|error| error.to_string());
        let elapsed = elapsed();
        (outcome, elapsed, began.into_inner().unwrap())
    }

    async fn check(fates: &[Fate], outcome: Result<&str, &str>, after: u64, attempts: &[(&str, u64)]) {
        let (came, elapsed, began) = run(fates).await;
        assert_eq!(came.as_deref().map_err(String::as_str), outcome);
        assert_eq!(elapsed, after);
        let began: Vec<_> = began.iter().map(|(address, when)| (address.as_str(), *when)).collect();
        assert_eq!(began, attempts);
    }

    const SIX: &str = "[2001:db8::1]:443";
    const SIX_TOO: &str = "[2001:db8::2]:443";
    const FOUR: &str = "192.0.2.1:443";
    const FOUR_TOO: &str = "192.0.2.2:443";
    const NEVER: u64 = 1_000_000;

    #[tokio::test(start_paused = true)]
    async fn an_address_that_answers_in_time_is_the_only_one_that_is_tried() {
        check(&[(SIX, 200, Ok(())), (FOUR, 1, Ok(()))], Ok(SIX), 200, &[(SIX, 0)]).await;
    }

    #[tokio::test(start_paused = true)]
    async fn the_other_family_starts_after_the_delay_and_can_win() {
        check(&[(SIX, NEVER, Ok(())), (FOUR, 20, Ok(()))], Ok(FOUR), 270, &[(SIX, 0), (FOUR, 250)]).await;
    }

    #[tokio::test(start_paused = true)]
    async fn the_first_goes_on_meanwhile_and_can_win_too() {
        check(&[(SIX, 260, Ok(())), (FOUR, 20, Ok(()))], Ok(SIX), 260, &[(SIX, 0), (FOUR, 250)]).await;
    }

    #[tokio::test(start_paused = true)]
    async fn after_a_failure_the_next_one_starts_at_once() {
        check(&[(SIX, 10, Err("no")), (FOUR, 5, Ok(()))], Ok(FOUR), 15, &[(SIX, 0), (FOUR, 10)]).await;
    }

    #[tokio::test(start_paused = true)]
    async fn families_take_turns() {
        let fates =
            [(SIX, NEVER, Ok(())), (SIX_TOO, 5, Ok(())), (FOUR, NEVER, Ok(())), (FOUR_TOO, 5, Ok(()))];
        check(&fates, Ok(SIX_TOO), 505, &[(SIX, 0), (FOUR, 250), (SIX_TOO, 500)]).await;
        let fates = [(FOUR, 1, Err("a")), (FOUR_TOO, 1, Err("b")), (SIX, 1, Err("c"))];
        check(&fates, Err("b"), 3, &[(FOUR, 0), (SIX, 1), (FOUR_TOO, 2)]).await;
        let fates = [(FOUR, 1, Err("a")), (SIX, 1, Err("b")), (SIX_TOO, 1, Err("c"))];
        check(&fates, Err("c"), 3, &[(FOUR, 0), (SIX, 1), (SIX_TOO, 2)]).await;
    }

    #[tokio::test(start_paused = true)]
    async fn when_all_have_failed_the_last_one_says_why() {
        let fates = [(SIX, 400, Err("late")), (FOUR, 10, Err("early"))];
        check(&fates, Err("late"), 400, &[(SIX, 0), (FOUR, 250)]).await;
    }
}
