//! Streaming responses, which are generated and sent one event at a time. Injected faults can break them, and
//! their progress is recorded.

mod body;
mod fault;
mod frames;
mod padding;
mod progress;

pub use fault::StreamFault;
pub use progress::{StreamEnd, StreamRecord};

pub(crate) use body::{EventStreamBody, TrackedBytes};
pub(crate) use fault::PlannedStreamFault;
pub(crate) use frames::{BodyError, Frames};
#[cfg(test)]
pub(crate) use padding::padding;
pub(crate) use progress::StreamProgress;
