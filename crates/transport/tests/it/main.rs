//! The adapters against peers on loopback that are written byte by byte.

#![allow(clippy::unwrap_used, reason = "a test stops at what it does not expect, in its helpers too")]

#[cfg(feature = "hyper")]
mod answers;
#[cfg(feature = "hyper")]
mod connections;
#[cfg(feature = "hyper")]
mod failures;
#[cfg(feature = "http2")]
mod http2;
#[cfg(feature = "hyper")]
mod pool;
#[cfg(feature = "hyper")]
mod proxies;
#[cfg(feature = "hyper")]
mod requests;
#[cfg(feature = "hyper")]
mod server;
#[cfg(feature = "smithy")]
mod smithy;
#[cfg(feature = "hyper")]
mod tls;
