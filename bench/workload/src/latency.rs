//! The time from the write of an event to its arrival at the caller.

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use bytes::Bytes;
use nix::time::{ClockId, clock_gettime};

use crate::{Arrival, Client, REQUEST, paced};

/// Start of the part of a model in an event that contains its time.
const TIMED: &str = r#"{"sent":"#;

/// Start of the part of a model in the frame of an event.
const ENCODED: &[u8] = br#"{"bytes":""#;

/// Returns the time of a clock that all processes share, in nanoseconds.
pub fn monotonic_time() -> u64 {
    let time = clock_gettime(ClockId::CLOCK_MONOTONIC).expect("a monotonic clock");
    time.tv_sec().unsigned_abs() * 1_000_000_000 + time.tv_nsec().unsigned_abs()
}

/// Returns the part of a model in an event that is sent at this time.
pub fn timed_part() -> String {
    format!("{TIMED}{}}}", monotonic_time())
}

/// Reads one stream of `events` events. Returns the median and the 99th percentile of the latencies, in nanoseconds.
pub(crate) async fn measured<C: Client>(client: &C, events: usize) -> String {
    let arrivals = client.arrivals(&paced(events), Bytes::from_static(REQUEST)).await;
    assert_eq!(arrivals.len(), events);
    let mut latencies: Vec<_> = arrivals.iter().map(|arrival| arrival.time - sent(arrival)).collect();
    latencies.sort_unstable();
    let [median, percentile] = [50, 99].map(|part| latencies[(latencies.len() - 1) * part / 100]);
    format!("{median} {percentile}")
}

/// Returns the time at which the server sent the event.
fn sent(Arrival { bytes, .. }: &Arrival) -> u64 {
    let part = match bytes.windows(ENCODED.len()).position(|window| window == ENCODED) {
        None => bytes.to_vec(),
        Some(start) => {
            let encoded = &bytes[start + ENCODED.len()..];
            let end = encoded.iter().position(|byte| *byte == b'"').expect("the end of a string");
            BASE64_STANDARD.decode(&encoded[..end]).expect("base64")
        }
    };
    let part = String::from_utf8(part).expect("text");
    let digits =
        part.strip_prefix(TIMED).and_then(|rest| rest.strip_suffix('}')).expect("a part with a time");
    digits.parse().expect("a time")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_the_time_in_an_event_and_in_a_frame() {
        let (before, part) = (monotonic_time(), timed_part());
        let frame =
            format!("\0\u{1}:event-type{{\"bytes\":\"{}\",\"p\":\"a\"}}\0", BASE64_STANDARD.encode(&part));
        for bytes in [part, frame] {
            let arrival = Arrival::now(bytes.into());
            assert!((before..=arrival.time).contains(&sent(&arrival)));
        }
    }
}
