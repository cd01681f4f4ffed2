//! The bodies that go out and come in.

mod boxed;
mod request;
mod response;
#[cfg(test)]
mod tests;

pub use request::RequestBody;
pub use response::ResponseBody;
