//! Tests of the public API, with a scripted transport, an environment and a home directory.

#![cfg(feature = "chain")]
#![expect(clippy::unwrap_used, reason = "clippy does not treat helper functions as test code")]

mod alone;
mod clock;
mod endpoints;
mod fake;
mod files;
mod home;
mod machines;
mod order;
mod profiles;
mod responses;
mod retries;
mod roles;
mod secrets;
mod sso;
mod stability;
