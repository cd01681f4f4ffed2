//! Tests that use more than one crate, in one binary.
#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod architecture;
mod bidirectional;
mod client_requests;
mod codec;
mod converse_requests;
mod end_to_end;
mod endpoint;
mod families;
mod frames;
mod fuzz_corpus;
mod goldens;
mod guardrails_and_jobs;
mod hosts;
mod local;
mod model;
mod pages;
mod properties;
mod proxied;
mod recorded;
mod runtimes;
mod storm;
mod traced;
mod wire;
