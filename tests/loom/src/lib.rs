//! Tests of concurrent code with [loom](https://docs.rs/loom), which runs all interleavings of the threads of a
//! test. `cargo xtask loom` runs these tests.
//!
//! The tested module is part of the transport. This package includes its source, because the transport itself
//! does not compile with `cfg(loom)`: its dependencies have no types for loom.

#[cfg(test)]
#[path = "../../../crates/transport/src/hyper/relay.rs"]
mod relay;
#[cfg(test)]
mod tests;
