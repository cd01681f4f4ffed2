//! Metrics of calls, through the API of OpenTelemetry.
//!
//! [`ClientMetrics`] contains the instruments of a client. [`CallMetrics`] records the facts of one call.
//! Without the feature `opentelemetry`, both types are empty.

#[cfg(feature = "opentelemetry")]
mod call;
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
pub(crate) use self::{call::CallMetrics, call::QuotaWait, instruments::ClientMetrics, instruments::meter};
#[cfg(not(feature = "opentelemetry"))]
pub(crate) use disabled::{CallMetrics, ClientMetrics, QuotaWait};

/// Compiles and runs the Rust block of `docs/metrics.md` as a documentation test.
#[cfg(all(doctest, feature = "opentelemetry"))]
#[doc = include_str!("../../../../docs/metrics.md")]
struct Page;
