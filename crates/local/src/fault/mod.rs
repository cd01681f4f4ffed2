//! Rules that specify the faults of connections, requests and calls, and the replies of models.

mod apply;
mod call;
mod effect;
mod error_form;
mod file;
mod frame_form;
mod header_form;
mod model_reply;
mod reply_form;
mod rule;
mod rule_form;
mod rules;
mod when;

pub use call::Fault;
pub use effect::{ConnectionEnd, FaultPoint, RetryAfter};
pub use file::{FaultFile, FaultFileError, TemporaryCredentials};
pub use model_reply::ModelReply;
pub use rule::FaultRule;
pub use when::When;

pub(crate) use effect::{Drip, Replacement};
pub(crate) use error_form::{STREAM_ERRORS, one_of};
pub(crate) use rules::FaultRules;
pub(crate) use when::CallFacts;
