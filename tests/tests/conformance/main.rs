//! Protocol tests of `model/tests`, as tests of the types crate.
#![allow(non_snake_case, reason = "tests are named after the ids of their cases")]
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod generated;
