//! IR to text, one folder a language.

pub(crate) mod rust;
