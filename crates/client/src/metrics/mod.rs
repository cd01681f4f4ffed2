//! Metrics of calls, through the API of OpenTelemetry.
//!
//! [`ClientMetrics`] contains the instruments of a client. [`CallMetrics`] records the facts of one call. The
//! module `connections` reports the connections of the transports.
//! Without the feature `opentelemetry`, both types are empty.

#[cfg(feature = "opentelemetry")]
mod call;
#[cfg(feature = "opentelemetry")]
mod connections;
#[cfg(feature = "opentelemetry")]
mod definitions;
#[cfg(not(feature = "opentelemetry"))]
mod disabled;
#[cfg(feature = "opentelemetry")]
mod instruments;
#[cfg(feature = "opentelemetry")]
mod labels;
#[cfg(all(test, feature = "opentelemetry"))]
mod tests;

#[cfg(feature = "opentelemetry")]
pub(crate) use self::{
    call::CallMetrics, call::QuotaWait, connections::ClientMeter, instruments::ClientMetrics,
};
#[cfg(not(feature = "opentelemetry"))]
pub(crate) use disabled::{CallMetrics, ClientMetrics, QuotaWait};

/// Compiles and runs the Rust blocks of `docs/metrics.md` as documentation tests.
#[cfg(all(doctest, feature = "opentelemetry", feature = "tower"))]
#[doc = include_str!("../../../../docs/metrics.md")]
struct Page;
