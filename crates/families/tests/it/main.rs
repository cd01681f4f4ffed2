//! Tests of the public API of the crate.
#![expect(clippy::unwrap_used, reason = "clippy does not treat helper functions as test code")]

mod model_id;
mod model_response;
mod stream_part;
mod token_estimate;
mod usage;
