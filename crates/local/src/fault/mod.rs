//! Faults on demand, by rules: what happens to which connections, requests and calls.

mod apply;
mod call;
mod error;
mod faults;
mod file;
mod point;
mod retry_after;
mod rule;
mod script;

pub use call::Fault;
pub(crate) use call::{Drip, Instead};
pub(crate) use error::{NAMES, STREAM_NAMES, in_stream, named};
pub use faults::{Faults, FaultsError, TemporaryCredentials};
pub use point::{ConnectionEnd, FaultPoint};
pub use retry_after::RetryAfter;
pub use rule::FaultRule;
pub(crate) use script::Script;
