//! A local Amazon Bedrock Runtime endpoint: verifies signatures, answers, refuses.
//!
//! For tests and for trying things out: an HTTP/1.1 server on loopback that takes `InvokeModel` and
//! `InvokeModelWithResponseStream` as the service does. What is real is the wire: SigV4 and bearer authentication, the
//! model's constraints, what the operations document beside them, status and code of every error, and each vendor's
//! request, response and streaming JSON. What is not real is the intelligence: see [`families`]. Other operations are
//! not served, nor HTTP/2 or TLS.
//!
//! ```
//! use invoke_model_local::LocalEndpoint;
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let local = LocalEndpoint::start().await?;
//! println!("export AWS_ENDPOINT_URL_BEDROCK_RUNTIME={}", local.url());
//! println!("export AWS_ACCESS_KEY_ID={}", local.access_key_id());
//! // .. call it with any AWS client, then look at what arrived:
//! for call in local.calls() {
//!     println!("{} {} {:?} {}", call.method, call.target, call.model_id, call.status);
//! }
//! local.stop().await;
//! # Ok(())
//! # }
//! ```
//!
//! # The way of a request
//!
//! | step | module | refused with |
//! |---|---|---|
//! | the connection, and the bytes of the request | `line`, by the rules of `fault` | its end |
//! | route | `invocation` | 404 `UnknownOperationException` |
//! | authenticate | `authenticate` | 403 `InvalidSignatureException`, `UnrecognizedClientException`, `ExpiredTokenException`, `MissingAuthenticationTokenException`, `AccessDeniedException`; 400 `IncompleteSignatureException` |
//! | what a [`Fault`] says instead | `fault` | anything |
//! | errors asked for by [`LocalEndpoint::raise`] | `raise` | any |
//! | the model's constraints | `invocation` | 400 `ValidationException` |
//! | what the operations document | `rules` | 400 `ValidationException` |
//! | the errors that [`ERROR_MODEL_ID`] raises | `raise` | any of the eleven |
//! | the model | [`families`] | 404 `ResourceNotFoundException` |
//! | access | [`Policy`] | 403 `AccessDeniedException` |
//! | the answer | [`families`] | 400 `ValidationException` |
//! | quotas | [`Quotas`] | 429 `ThrottlingException` |
//! | what a [`Fault`] makes of it | `fault` | |
//! | the bytes of the answer | `line` | its end |
//!
//! Each is a function of the request, the endpoint's state and the time; only `server` and `line` do input and output.
//! Every answer has an `x-amzn-requestid`, a whole one also `x-amzn-bedrock-input-token-count`,
//! `-output-token-count` and `-invocation-latency` (milliseconds).
//!
//! # Streams
//!
//! A streamed answer leaves event by event: each is made when the connection has taken the one before it, and is an HTTP
//! chunk of its own, so that nothing is made ahead of a slow reader, or for one that is gone. [`Builder::pace`] sets how
//! long each waits, by Tokio's clock, which tests can pause. The same request is answered with the same bytes, but for
//! the latencies in the last chunk, which are of [`Builder::clock`]. [`CallRecord::stream`] says how far a stream came,
//! [`LocalEndpoint::streams_ended`] waits for its end.
//!
//! [`LocalEndpoint::raise_in_stream`] and [`LocalEndpoint::break_stream`] break the next stream: with an error, a message of any kind, a
//! wrong checksum or a connection that is cut.
//!
//! # Faults
//!
//! A [`FaultRule`] says what goes wrong, and when; [`Builder::faults`] and [`LocalEndpoint::inject`] take rules.
//!
//! | what | by |
//! |---|---|
//! | a connection that is refused, or breaks in its request | [`FaultRule::refuse`], [`FaultRule::break_request`] |
//! | a connection that breaks before, in or behind an answer | [`Fault::break_at`] |
//! | how it ends: closed, reset, half closed, silent | [`ConnectionEnd`] |
//! | an error, a status, or garbage in place of an answer | [`Fault::error`], [`Fault::status`], [`Fault::garbage`] |
//! | an answer with another body, other fields, a wrong length | [`Fault::body`], [`Fault::header`], [`Fault::without_header`], [`Fault::content_length`] |
//! | when to try again | [`Fault::retry_after`] |
//! | an answer that is slow | [`Fault::delay`], [`Fault::pace`], [`Fault::drip`] |
//! | a stream that breaks | [`Fault::break_stream`] |
//! | a clock that is off | [`Fault::clock_skew`], [`Fault::date_skew`] |
//! | for which calls, and how often | [`Fault::operation`], [`Fault::model`], [`FaultRule::first`], [`FaultRule::every`] |
//!
//! [`Faults`] reads the same from a file, for [`Builder::script`] and `invoke-model serve --faults`; `docs/faults.md` has the
//! format.
//!
//! All of it waits by Tokio's clock, which tests can pause. [`Quotas`] are refilled by it, too; credentials expire
//! ([`Builder::temporary_credentials`], [`LocalEndpoint::add_temporary_credentials`]) by [`Builder::clock`], as signatures do.
//!
//! # What the endpoint saw
//!
//! [`LocalEndpoint::stats`] counts connections, requests whose head arrived, requests read whole, requests *worked on* (an answer
//! was made, so that the service would bill them) and answers written whole; [`LocalEndpoint::connections`] says the same of each
//! connection, and [`LocalEndpoint::calls`] what became of each call, to the byte. [`LocalEndpoint::calls_ended`] waits until there is no
//! more to say.

mod answering;
mod authenticate;
mod body;
mod builder;
mod call_log;
mod connections;
mod date;
mod endpoint;
pub mod families;
mod fault;
mod invocation;
mod line;
mod pattern;
mod payload;
mod policy;
mod queue;
mod quotas;
mod raise;
mod refuse;
mod respond;
mod rules;
mod server;
mod stream;

#[cfg(test)]
mod tests;

pub use builder::Builder;
pub use call_log::CallRecord;
pub use connections::{ConnectionRecord, Stats};
pub use fault::{
    ConnectionEnd, Fault, FaultPoint, FaultRule, Faults, FaultsError, RetryAfter, TemporaryCredentials,
};
pub use policy::Policy;
pub use quotas::Quotas;
pub use raise::ERROR_MODEL_ID;
pub use server::{LocalEndpoint, StartError};
pub use stream::{StreamEnd, StreamFault, StreamRecord};
