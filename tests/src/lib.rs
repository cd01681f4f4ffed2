//! End-to-end, conformance, snapshot, drift and architecture tests
