//! Tests of the gateway as a process, between clients and two local endpoints, with a real Redis or Valkey server. If no
//! server is installed, each test writes a line with its name, and does nothing else.

#![expect(clippy::unwrap_used, reason = "clippy does not treat helper functions as test code")]
#![expect(clippy::disallowed_methods, reason = "the regions start with the time of the system")]

mod calls;
mod platform;
mod restart;
#[allow(dead_code, reason = "these tests use only a part of the file")]
#[path = "../../../../crates/client/tests/redis/server.rs"]
mod server;
mod streams;
