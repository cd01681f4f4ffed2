//! A local Amazon Bedrock Runtime endpoint for tests: a mock server that implements the real protocol.
//!
//! The endpoint is a server for HTTP/1.1 and HTTP/2, by default on the loopback interface. It serves all
//! operations with the wire format of the service. The endpoint verifies SigV4 signatures and bearer tokens.
//! It checks the constraints of the Smithy model and of the API reference. Errors have the status, the code
//! and the message of the service. Requests, responses and streams of `InvokeModel` follow the JSON schema of
//! the vendor.
//!
//! The models are simulated: text models echo their input, and embeddings are computed from hashes (see
//! [`families`]). If a request forces the call of a tool, the model calls this tool. The arguments are the
//! smallest JSON value that fits the JSON Schema of the tool. The Nova Sonic models of
//! `InvokeModelWithBidirectionalStream` echo text and audio. This operation needs HTTP/2. With the feature
//! `tls`, the endpoint can also use TLS: see `LocalEndpointBuilder::tls`.
//!
//! # Use in tests
//!
//! Start an endpoint, configure any AWS client with its URL ([`LocalEndpoint::url`]) and its credentials, and
//! inspect the recorded calls:
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
//! // The next call fails with status 429, to test the retries of the client.
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
//! | respond to requests for the page and the records under `/_local/` | `admin` | 400, 403, 404, 405, 413 |
//! | route | `operation` | 404 `UnknownOperationException` |
//! | authenticate | `authentication` | 403 `InvalidSignatureException`, `UnrecognizedClientException`, `ExpiredTokenException`, `MissingAuthenticationTokenException`, `AccessDeniedException`; 400 `IncompleteSignatureException` |
//! | replace the response, if a [`Fault`] specifies a replacement | `fault` | any |
//! | return the error set by [`LocalEndpoint::fail_next`] | `handler` | any |
//! | check the constraints of the Smithy model | `operation` | 400 `ValidationException` |
//! | check the rules of the API reference | `operation` | 400 `ValidationException` |
//! | return the error that a call to [`ERROR_MODEL_ID`] specifies | `error_model` | any modeled error |
//! | resolve the model | [`families`] | 400 `ValidationException` |
//! | check access | [`AccessPolicy`] | 403 `AccessDeniedException` |
//! | find the guardrail | `guardrail` | 400 `ValidationException`, in `ApplyGuardrail` 404 `ResourceNotFoundException` |
//! | generate the response | [`families`], `conversation` | 400 `ValidationException` |
//! | check the quotas | [`Quotas`] | 429 `ThrottlingException` |
//! | modify the response, if a [`Fault`] specifies changes | `fault` | |
//! | write the response | `metered_socket`, and `http2_body` for HTTP/2 | none, the connection or the HTTP/2 stream ends |
//!
//! Each step is a function of the request, the state of the endpoint and the time. Only `server`, `service`,
//! `tls`, `metered_socket` and the sources of replies perform input and output. Every response to a call has the header
//! `x-amzn-requestid`. Responses of `InvokeModel` also have `x-amzn-bedrock-input-token-count`,
//! `x-amzn-bedrock-output-token-count` (except for embeddings) and `x-amzn-bedrock-invocation-latency`
//! (milliseconds).
//!
//! # Conversations
//!
//! `Converse` and `ConverseStream` work with every text model. The endpoint knows which features a model
//! supports. It rejects system prompts, images, documents, tools, cache points and stop sequences if the
//! model does not support the feature. It also checks the rules of the service for conversations. For
//! example, the messages must alternate between the roles, and each tool call must have a result in the next
//! message. The errors have the message of the service.
//!
//! * The model calls a tool only if `toolChoice` forces the call. With `any`, the model calls the first tool.
//!   If the last message contains results, the model calls the first tool that the conversation has not
//!   called yet. If all tools were called, the model replies with text. With `tool`, the model does not call
//!   the tool again if the last message contains its result. Therefore the loop of an agent ends.
//! * Cache points work as in the service: the usage counts the tokens that were written to the prompt cache
//!   and read from it. A cached prefix has at least 1,024 tokens. The cache keeps it for five minutes or one
//!   hour.
//! * The fields `thinking` of Claude models and `reasoningConfig` of Nova 2 turn on reasoning. The field
//!   `thinking` has the same effect and the same rules in the body of `InvokeModel`.
//! * If `outputConfig` has a JSON Schema, the model returns the smallest JSON value that fits the schema.
//! * `guardrailConfig` selects a guardrail of the [`GuardrailFile`].
//!
//! `CountTokens` returns the number of input tokens that a later call counts. As in the service, it supports
//! only the base model ids of Claude models.
//!
//! # Streams
//!
//! The endpoint sends a streaming response event by event. Each event is one HTTP chunk. The endpoint
//! generates an event when the connection has taken the previous event. Therefore the endpoint does not
//! generate events ahead of a slow reader, or after the client has disconnected.
//! [`LocalEndpointBuilder::pace`] sets a delay before each event. The delay uses Tokio's clock, which tests
//! can pause. The same request always yields the same bytes, except for the latencies and the cached tokens
//! in the last event. [`LocalEndpointBuilder::clock`] sets the clock that measures the latencies.
//! [`CallRecord::stream`] contains the progress of a stream. [`LocalEndpoint::wait_for_streams`] waits until
//! all streams have ended.
//!
//! [`LocalEndpoint::fail_next_stream`] and [`LocalEndpoint::break_next_stream`] break the next stream with an
//! error, a message of any kind, a wrong checksum or a closed connection.
//!
//! # Fault injection
//!
//! A [`FaultRule`] specifies a fault, and the connections, requests or calls to which the fault applies. Pass
//! rules to [`LocalEndpointBuilder::fault_rules`] or [`LocalEndpoint::inject`].
//!
//! | fault | set by |
//! |---|---|
//! | a connection that ends on accept or while the request is read | [`FaultRule::reject_connection`], [`FaultRule::break_request`] |
//! | a connection that ends before, during or after the response | [`Fault::break_at`] |
//! | the way in which the connection ends: closed, reset, half closed, stalled | [`ConnectionEnd`] |
//! | an error, a bare status, or garbage instead of the response | [`Fault::error`], [`Fault::status`], [`Fault::garbage`] |
//! | a different body, different headers, a wrong length | [`Fault::body`], [`Fault::header`], [`Fault::without_header`], [`Fault::content_length`] |
//! | a retry hint | [`Fault::retry_after`] |
//! | a slow response | [`Fault::delay`], [`Fault::pace`], [`Fault::drip`] |
//! | a broken stream | [`Fault::break_stream`] |
//! | a wrong clock | [`Fault::clock_skew`], [`Fault::date_skew`] |
//! | the calls that are affected | [`Fault::operation`], [`Fault::model`], [`FaultRule::first`], [`FaultRule::every`] |
//!
//! # Replies by rule
//!
//! A rule can also specify the reply of a text model. The rule can require an operation, a model, a prompt or
//! a tool. With such rules, tests of agents are deterministic. [`LocalEndpointBuilder::reply`] adds a rule
//! with a reply. [`When`] has the conditions, and [`ModelReply`] has the content. `docs/rules.md` describes
//! the rules. [`LocalEndpointBuilder::record`], [`LocalEndpointBuilder::replay`] and
//! [`LocalEndpointBuilder::upstream`] select other sources of replies.
//!
//! [`FaultFile`] parses the same rules from JSON. Pass a [`FaultFile`] to
//! [`LocalEndpointBuilder::fault_file`], or pass the JSON file to `invoke-model serve --faults`.
//! `docs/faults.md` describes the format.
//!
//! All delays and the refill of [`Quotas`] use Tokio's clock, which tests can pause.
//! [`LocalEndpointBuilder::clock`] sets the clock for the expiry of signatures and of temporary credentials
//! ([`LocalEndpointBuilder::temporary_credentials`], [`LocalEndpoint::add_temporary_credentials`]).
//!
//! # Guardrails and asynchronous invocations
//!
//! [`GuardrailFile`] contains the policies of guardrails: denied words, topics and personal data.
//! `ApplyGuardrail` evaluates these policies. Model calls that name a guardrail also evaluate them.
//! `docs/guardrails.md` describes the format. The results can differ from the results of the service, because
//! the service detects topics and personal data in other ways.
//!
//! `StartAsyncInvoke` starts a job. The job only has a status: the endpoint generates no video and writes
//! nothing to Amazon S3. The job completes after [`LocalEndpointBuilder::async_invoke_duration`]. A job of
//! [`ERROR_MODEL_ID`] fails with the `message` of its input. The endpoint keeps the latest 10,000 jobs.
//!
//! # Records
//!
//! [`LocalEndpoint::stats`] counts the connections, the requests and the responses that were sent completely.
//! It also counts the requests that were *worked on*. The endpoint generated a response to these requests, so
//! the service would bill these requests. [`LocalEndpoint::connections`] returns the same counters for each
//! connection. [`LocalEndpoint::calls`] returns the request and the outcome of each call.
//! [`LocalEndpoint::wait_for_calls`] waits until these records are final. [`LocalEndpointBuilder::on_call`]
//! passes each call to a function, for example to print a log.
//!
//! The endpoint also serves the records over HTTP under `/_local/`. A page at this path shows the calls as
//! they arrive. Requests to this path need no signature. `docs/local.md` lists these requests.

mod access_policy;
mod admin;
mod async_jobs;
mod authentication;
mod backend;
mod base_path;
mod bidirectional;
mod builder;
mod call_log;
mod call_record;
mod call_totals;
mod client_activity;
mod clock;
mod connections;
mod conversation;
mod delivery;
mod error_model;
pub mod families;
mod fault;
mod gauge;
mod guardrail;
mod handler;
mod http2_body;
mod http2_upgrade;
mod json_form;
mod local_endpoint;
mod metered_socket;
mod numbered_list;
mod operation;
mod payload;
mod prompt_cache;
mod quotas;
mod recording;
mod response_body;
mod server;
mod service;
mod service_error;
mod signature_claims;
mod sonic;
mod state;
mod stream;
#[cfg(feature = "tls")]
mod tls;
mod upstream;
pub mod wildcard;

#[cfg(test)]
mod tests;

pub use access_policy::AccessPolicy;
pub use backend::{BoxError, Forward, ForwardFuture, ForwardedBody};
pub use builder::LocalEndpointBuilder;
pub use call_record::{CallRecord, SignatureVerdict};
pub use connections::{ConnectionRecord, Stats};
pub use error_model::ERROR_MODEL_ID;
pub use fault::{
    ConnectionEnd, Fault, FaultFile, FaultFileError, FaultPoint, FaultRule, ModelReply, RetryAfter,
    TemporaryCredentials, When,
};
pub use guardrail::{GuardrailFile, GuardrailFileError};
pub use local_endpoint::{LocalEndpoint, StartError};
pub use quotas::Quotas;
pub use recording::ReplayError;
pub use service_error::ServiceError;
pub use stream::{StreamEnd, StreamFault, StreamRecord};
pub use upstream::UpstreamError;
