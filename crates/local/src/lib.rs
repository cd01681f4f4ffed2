//! A local Amazon Bedrock Runtime endpoint for tests: a mock server that speaks the real protocol.
//!
//! An HTTP/1.1 server on loopback that serves `InvokeModel` and `InvokeModelWithResponseStream`. The wire
//! format is that of the service: SigV4 and bearer authentication, the constraints of the Smithy model and of
//! the API reference, status and code of every error, and the request, response and streaming JSON of each
//! vendor. The models are not real: text models echo, embeddings are hashes (see [`families`]). Other
//! operations, HTTP/2 and TLS are not supported.
//!
//! # Use in tests
//!
//! Start an endpoint, point any AWS client at [`LocalEndpoint::url`] with its credentials, and look at the
//! calls:
//!
//! ```
//! use invoke_model_local::LocalEndpoint;
//! use invoke_model_types::ThrottlingException;
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let local = LocalEndpoint::start().await?;
//! println!("AWS_ENDPOINT_URL_BEDROCK_RUNTIME={}", local.url());
//! println!("AWS_ACCESS_KEY_ID={}", local.access_key_id());
//! println!("AWS_SECRET_ACCESS_KEY={}", local.secret_access_key());
//!
//! // The next call fails with 429, so that the retries of the client can be tested.
//! local.fail_next(ThrottlingException::default());
//!
//! // .. call the endpoint here ..
//!
//! local.wait_for_calls().await;
//! for call in local.calls() {
//!     println!("{} {} {:?} {}", call.method, call.target, call.model_id, call.status);
//! }
//! assert_eq!(local.stats().worked_on, 0, "number of calls that the service would bill");
//! local.stop().await;
//! # Ok(())
//! # }
//! ```
//!
//! Each endpoint listens on a free port, so tests that start their own endpoint can run in parallel.
//!
//! # Request processing
//!
//! | step | module | error response |
//! |---|---|---|
//! | accept the connection, read the request | `metered_socket`, by the rules of `fault` | none, the connection ends |
//! | route | `invocation` | 404 `UnknownOperationException` |
//! | authenticate | `authentication` | 403 `InvalidSignatureException`, `UnrecognizedClientException`, `ExpiredTokenException`, `MissingAuthenticationTokenException`, `AccessDeniedException`; 400 `IncompleteSignatureException` |
//! | replace the response, if a [`Fault`] says so | `fault` | any |
//! | return the error set by [`LocalEndpoint::fail_next`] | `handler` | any |
//! | check the constraints of the Smithy model | `invocation` | 400 `ValidationException` |
//! | check the rules of the API reference | `validation` | 400 `ValidationException` |
//! | return the error that a call of [`ERROR_MODEL_ID`] asks for | `error_model` | any of the eleven modeled errors |
//! | resolve the model | [`families`] | 404 `ResourceNotFoundException` |
//! | check access | [`AccessPolicy`] | 403 `AccessDeniedException` |
//! | generate the response | [`families`] | 400 `ValidationException` |
//! | check the quotas | [`Quotas`] | 429 `ThrottlingException` |
//! | modify the response as a [`Fault`] says | `fault` | |
//! | write the response | `metered_socket` | none, the connection ends |
//!
//! Each step is a function of the request, the state of the endpoint and the time; only `server` and
//! `metered_socket` do input and output. Every response has the header `x-amzn-requestid`. Responses of
//! `InvokeModel` also have `x-amzn-bedrock-input-token-count`, `x-amzn-bedrock-output-token-count` and
//! `x-amzn-bedrock-invocation-latency` (milliseconds).
//!
//! # Streams
//!
//! A streaming response is sent event by event. Each event is generated when the connection has taken the
//! previous one and is one HTTP chunk. Therefore nothing is generated ahead of a slow reader, or after the
//! client has disconnected. [`LocalEndpointBuilder::pace`] sets a delay before each event, by Tokio's clock,
//! which tests can pause. The same request always yields the same bytes, except for the latencies in the last
//! chunk, which are measured by [`LocalEndpointBuilder::clock`]. [`CallRecord::stream`] tells how far a
//! stream came; [`LocalEndpoint::wait_for_streams`] waits for the end of all streams.
//!
//! [`LocalEndpoint::fail_next_stream`] and [`LocalEndpoint::break_next_stream`] break the next stream: with
//! an error, a message of any kind, a wrong checksum or a closed connection.
//!
//! # Fault injection
//!
//! A [`FaultRule`] says which fault happens, and when. Pass rules to [`LocalEndpointBuilder::fault_rules`] or
//! [`LocalEndpoint::inject`].
//!
//! | fault | set by |
//! |---|---|
//! | a connection that ends on accept or while the request is read | [`FaultRule::reject_connection`], [`FaultRule::break_request`] |
//! | a connection that ends before, during or after the response | [`Fault::break_at`] |
//! | the way in which it ends: closed, reset, half closed, stalled | [`ConnectionEnd`] |
//! | an error, a bare status, or garbage instead of the response | [`Fault::error`], [`Fault::status`], [`Fault::garbage`] |
//! | another body, other headers, a wrong length | [`Fault::body`], [`Fault::header`], [`Fault::without_header`], [`Fault::content_length`] |
//! | a retry hint | [`Fault::retry_after`] |
//! | a slow response | [`Fault::delay`], [`Fault::pace`], [`Fault::drip`] |
//! | a broken stream | [`Fault::break_stream`] |
//! | a wrong clock | [`Fault::clock_skew`], [`Fault::date_skew`] |
//! | the calls that are affected | [`Fault::operation`], [`Fault::model`], [`FaultRule::first`], [`FaultRule::every`] |
//!
//! [`FaultFile`] reads the same rules from JSON, for [`LocalEndpointBuilder::fault_file`] and
//! `invoke-model serve --faults`; `docs/faults.md` describes the format.
//!
//! All delays use Tokio's clock, which tests can pause, and so does the refill of [`Quotas`]. Credentials
//! ([`LocalEndpointBuilder::temporary_credentials`], [`LocalEndpoint::add_temporary_credentials`]) and
//! signatures expire by [`LocalEndpointBuilder::clock`].
//!
//! # Records
//!
//! [`LocalEndpoint::stats`] counts connections, requests, the requests that were *worked on* (a response was
//! generated, so the service would bill them) and the responses that were sent completely.
//! [`LocalEndpoint::connections`] has the same counts for each connection, [`LocalEndpoint::calls`] has the
//! request and the outcome of each call. [`LocalEndpoint::wait_for_calls`] waits until these records are
//! final.

mod access_policy;
mod authentication;
mod builder;
mod call_log;
mod clock;
mod connections;
mod delivery;
mod error_model;
mod error_response;
pub mod families;
mod fault;
mod gauge;
mod handler;
mod invocation;
mod local_endpoint;
mod metered_socket;
mod payload;
mod quotas;
mod response_body;
mod server;
mod state;
mod stream;
mod validation;
mod wildcard;

#[cfg(test)]
mod tests;

pub use access_policy::AccessPolicy;
pub use builder::LocalEndpointBuilder;
pub use call_log::CallRecord;
pub use connections::{ConnectionRecord, Stats};
pub use error_model::ERROR_MODEL_ID;
pub use fault::{
    ConnectionEnd, Fault, FaultFile, FaultFileError, FaultPoint, FaultRule, RetryAfter, TemporaryCredentials,
};
pub use local_endpoint::{LocalEndpoint, StartError};
pub use quotas::Quotas;
pub use stream::{StreamEnd, StreamFault, StreamRecord};
