//! Recorded exchanges. An exchange is a request to the service and its response. Each exchange has its own
//! file.

mod difference;
mod exchange;
mod recorder;
mod recordings;
mod tokens;

pub use recordings::ReplayError;

pub(crate) use recorder::Recorder;
pub(crate) use recordings::Recordings;
