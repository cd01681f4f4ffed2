//! Support for tests: checks protocol test cases, and locates the test suites of other projects.
//!
//! | feature | content |
//! |---|---|
//! | `cases` (default) | types and functions that the generated protocol tests use |
//! | `suites` | module `suites`, which locates and verifies the test suites of other projects |

#[cfg(feature = "cases")]
mod cases;
#[cfg(feature = "suites")]
pub mod suites;

#[cfg(feature = "cases")]
pub use cases::{
    Content, Failure, Frame, Request, Response, StreamResult, document, milliseconds, same, same_text, time,
    with_defaults,
};
