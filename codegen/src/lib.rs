//! Lowers a Smithy model into Rust: Model + Config -> Files.

mod diagnostic;
pub mod model;
pub mod select;

pub use diagnostic::Diagnostic;
