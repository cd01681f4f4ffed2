//! Streaming responses.
//!
//! The endpoint generates and sends one event at a time, and records the progress of each stream. Injected
//! faults can break a stream.

mod body;
mod events;
mod fault;
mod frames;
mod padding;
mod progress;

pub use fault::StreamFault;
pub use progress::{StreamEnd, StreamRecord};

pub(crate) use body::{EventStreamBody, TrackedBytes};
pub(crate) use events::{Events, Latency};
pub(crate) use fault::PlannedStreamFault;
pub(crate) use frames::{BodyError, FrameSource, Frames, encode};
pub(crate) use padding::pad;
#[cfg(test)]
pub(crate) use padding::padding;
pub(crate) use progress::StreamProgress;
