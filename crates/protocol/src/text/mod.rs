//! Conversion of simple values to and from text, for labels, query parameters and headers.
//!
//! <https://smithy.io/2.0/spec/http-bindings.html#httplabel-serialization-rules>

pub mod read;
pub mod write;
