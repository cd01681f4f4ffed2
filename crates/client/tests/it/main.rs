//! Tests of the public API of the client, over a scripted transport.

#![expect(clippy::unwrap_used, reason = "clippy does not treat helper functions as test code")]

#[cfg(feature = "aws-credential-types")]
mod aws;
#[cfg(feature = "http2")]
mod bidirectional;
mod body;
mod bounds;
#[cfg(feature = "credentials-chain")]
mod chain;
mod converse;
mod docs;
mod encodings;
mod errors;
mod failover;
mod fake;
mod fallback;
mod identity;
mod interceptors;
mod json;
mod limits;
#[cfg(feature = "opentelemetry")]
mod metrics;
#[cfg(feature = "opentelemetry")]
mod open_connections;
mod quota;
mod raw;
mod retries;
mod secrets;
mod sequences;
mod settings;
mod socket;
mod spans;
mod streams;
mod tags;
#[cfg(feature = "tower")]
mod tower;
mod visitor;
mod waits;
mod wire;
