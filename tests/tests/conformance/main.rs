//! The protocol tests that `model/tests` states for our own operations, each as a test of the types crate.
#![allow(non_snake_case, reason = "a test is named by the id of its case")]
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod generated;
