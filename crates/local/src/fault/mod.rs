//! Faults on demand, by rules: what happens to which connections, requests and calls.

mod apply;
mod call;
mod end;
mod retry_after;
mod rule;
mod script;

pub use call::Fault;
pub(crate) use call::{Drip, Instead};
pub use end::{At, End};
pub use retry_after::RetryAfter;
pub use rule::FaultRule;
pub(crate) use script::Script;
