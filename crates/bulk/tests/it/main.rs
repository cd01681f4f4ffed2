//! Bulk runs against the local endpoint.

mod bad_input;
mod resume;
mod run;
mod support;
