//! Tests of the transports against servers on loopback. The tests control every byte that a server sends.

#![allow(clippy::unwrap_used, reason = "a failed `unwrap` fails the test, also in a helper function")]

#[cfg(feature = "hyper")]
mod certificates;
#[cfg(feature = "hyper")]
mod connections;
#[cfg(feature = "hyper")]
mod failures;
#[cfg(feature = "hyper")]
mod hostile;
#[cfg(feature = "http2")]
mod http2;
#[cfg(feature = "hyper")]
mod open_connections;
#[cfg(feature = "hyper")]
mod pool;
#[cfg(feature = "hyper")]
mod proxies;
#[cfg(feature = "hyper")]
mod requests;
#[cfg(feature = "hyper")]
mod responses;
#[cfg(feature = "hyper")]
mod runtimes;
#[cfg(feature = "hyper")]
mod server;
#[cfg(feature = "smithy")]
mod smithy;
#[cfg(feature = "hyper")]
mod socks;
#[cfg(feature = "hyper")]
mod stages;
#[cfg(feature = "hyper")]
mod tls;
#[cfg(all(feature = "hyper", feature = "tower"))]
mod tower;
