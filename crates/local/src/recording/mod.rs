//! Recorded exchanges: requests to the service with their responses, one file each.

mod difference;
mod exchange;
mod recorder;
mod recordings;

pub use recordings::ReplayError;

pub(crate) use recorder::Recorder;
pub(crate) use recordings::Recordings;
