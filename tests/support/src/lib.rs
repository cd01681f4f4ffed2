//! Support for tests: comparison of protocol test cases, and the test suites of other projects.
//!
//! | feature | content |
//! |---|---|
//! | `cases` (default) | what the generated protocol tests call |
//! | `suites` | module `suites`: locates and verifies the test suites of other projects |

#[cfg(feature = "cases")]
mod cases;
#[cfg(feature = "suites")]
pub mod suites;

#[cfg(feature = "cases")]
pub use cases::{
    Content, EventsResult, Failure, Frame, Request, Response, document, milliseconds, same, same_text, time,
};
