//! Bulk runs against the local endpoint.
#![allow(clippy::unwrap_used, reason = "an unexpected result fails the test")]

mod bad_input;
mod batches;
mod resume;
mod run;
mod streams;
mod support;
mod tables;
