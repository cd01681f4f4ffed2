//! Streams in which client and model send events at the same time.
//!
//! `input` reads and verifies the events of the request. `body` is the body of the response. The endpoint
//! reads the request while it sends this body.

mod body;
mod input;

pub(crate) use body::{BidirectionalBody, RequestBody};
pub(crate) use input::EventInput;
