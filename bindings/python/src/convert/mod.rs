//! Conversion between Python objects and the types of the operations, through `serde`.
//!
//! Neither direction is human-readable, so a blob is `bytes`, and not base64 text.

mod access;
mod de;
mod path;
mod report;
mod ser;

pub(crate) use de::{Input, from_python, members};
pub(crate) use ser::{member_name, to_python};
