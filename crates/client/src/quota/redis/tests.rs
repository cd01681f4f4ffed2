//! The property test of the stores, with the store in Redis.

#[path = "../../../tests/redis/server.rs"]
mod server;

use std::cell::Cell;
use std::time::Duration;

use server::Server;

use super::script::{Acquired, Settings};
use super::worker::wait_after_start;
use crate::quota::store::{QuotaOutcome, QuotaRequest};
use crate::quota::tests::{Memory, Refusal, TimedStore, check_stores};
use crate::quota::window::WINDOW;

/// The script with the time of the test instead of the time of the server.
struct TimedRedis {
    runtime: tokio::runtime::Runtime,
    connection: redis::aio::MultiplexedConnection,
    settings: Settings,
    admitted: Vec<QuotaRequest>,
}

impl TimedRedis {
    /// Returns a store with its own namespace.
    fn new(server: &Server, number: u32) -> Self {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        // A busy machine must not cause an error.
        let config =
            redis::AsyncConnectionConfig::new().set_connection_timeout(None).set_response_timeout(None);
        let client = server.client();
        let connecting = client.get_multiplexed_async_connection_with_config(&config);
        let connection = runtime.block_on(connecting).unwrap();
        // No lease expires in the time of a test.
        let lease = Duration::from_secs(2_000_000_000);
        let settings = Settings { namespace: format!("test {number}"), window: WINDOW, lease, now: None };
        Self { runtime, connection, settings, admitted: Vec::new() }
    }
}

impl TimedStore for TimedRedis {
    fn admit(&mut self, now: Duration, request: &QuotaRequest) -> Result<(), Refusal> {
        self.settings.now = Some(now);
        let id = self.admitted.len().to_string();
        let acquired = self.settings.acquire(&mut self.connection, &id, request);
        match self.runtime.block_on(acquired).unwrap() {
            Acquired::Admitted => self.admitted.push(request.clone()),
            Acquired::Blocked { key, limit, wait } => return Err(Refusal::Limit { key, limit, wait }),
            Acquired::OverBudget { key, used } => return Err(Refusal::OverBudget { key, used }),
            other => panic!("{other:?}"),
        }
        Ok(())
    }

    fn end(&mut self, number: usize, outcome: QuotaOutcome) {
        let id = number.to_string();
        let end = self.settings.end(&mut self.connection, &id, &self.admitted[number], outcome);
        self.runtime.block_on(end).unwrap();
    }
}

#[test]
fn redis_and_memory_decide_alike() {
    let Some(server) = Server::start("redis_and_memory_decide_alike") else { return };
    let number = Cell::new(0);
    check_stores(64, || {
        number.set(number.get() + 1);
        vec![Box::new(Memory::new()), Box::new(TimedRedis::new(&server, number.get()))]
    });
}

#[test]
fn the_uptime_of_a_server_can_be_a_second_too_long() {
    let check =
        |uptime, expected| assert_eq!(wait_after_start(WINDOW, uptime).as_secs(), expected, "{uptime}");
    check(0, 61);
    check(1, 61);
    check(2, 60);
    check(61, 1);
    check(62, 0);
    check(u64::MAX, 0);
}
