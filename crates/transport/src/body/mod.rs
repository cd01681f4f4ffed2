//! Bodies of requests and responses.

mod boxed;
mod request;
mod response;
mod stubs;
#[cfg(test)]
mod tests;
#[cfg(feature = "timeouts")]
mod timer;

pub use request::RequestBody;
pub use response::ResponseBody;

#[cfg(feature = "timeouts")]
pub(crate) use timer::BodyTimer;

#[cfg(feature = "hyper")]
use crate::hyper::HyperBody;
#[cfg(not(feature = "timeouts"))]
use stubs::BodyTimer;
#[cfg(not(feature = "hyper"))]
use stubs::HyperBody;
