//! Fault injection: rules that specify the faults of connections, requests and calls.

mod apply;
mod call;
mod effect;
mod error_form;
mod file;
mod rule;
mod rule_form;
mod rules;

pub use call::Fault;
pub use effect::{ConnectionEnd, FaultPoint, RetryAfter};
pub use file::{FaultFile, FaultFileError, TemporaryCredentials};
pub use rule::FaultRule;

pub(crate) use effect::{Drip, Replacement};
pub(crate) use error_form::{STREAM_ERRORS, one_of};
pub(crate) use rules::FaultRules;
