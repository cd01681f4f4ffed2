//! Tests of the quota store in Redis, with a real server. Each test starts its own server. If no server is
//! installed, each test writes a line with its name, and does nothing else.

#![cfg(feature = "redis")]
#![expect(clippy::unwrap_used, reason = "clippy does not treat helper functions as test code")]
#![expect(
    clippy::disallowed_methods,
    reason = "tests of several processes use the system clock and the environment"
)]

mod connections;
mod outages;
mod processes;
mod server;
mod store;
