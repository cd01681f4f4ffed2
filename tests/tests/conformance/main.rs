//! Runs the Smithy protocol tests of `model/tests` with the types of `invoke-model-types`.
#![allow(non_snake_case, reason = "tests are named after the ids of their cases")]
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod generated;
