//! An answer as a stream of events: made and sent one at a time, broken where that is asked for, and recorded.

mod events;
mod fault;
mod frames;
mod padding;
mod progress;

pub(crate) use events::Events;
pub(crate) use fault::Planned;
pub use fault::StreamFault;
pub(crate) use frames::{Broken, Frames};
pub(crate) use progress::Progress;
pub use progress::{StreamEnd, StreamRecord};
