//! One binary for every test that needs more than one crate.
#![allow(clippy::unwrap_used, reason = "a test ends where it finds what it does not expect")]

mod architecture;
mod client_requests;
mod codec;
mod end_to_end;
mod endpoint;
mod frames;
mod fuzz_corpus;
mod goldens;
mod pages;
mod properties;
mod proxied;
mod traced;
mod wire;
