//! Faults on demand, by rules: what happens to which connections, requests and calls.

mod apply;
mod call;
mod end;
mod error;
mod faults;
mod file;
mod retry_after;
mod rule;
mod script;

pub use call::Fault;
pub(crate) use call::{Drip, Instead};
pub use end::{At, End};
pub(crate) use error::{NAMES, STREAM_NAMES, in_stream, named};
pub use faults::{Faults, FaultsError, TemporaryCredentials};
pub use retry_after::RetryAfter;
pub use rule::FaultRule;
pub(crate) use script::Script;
