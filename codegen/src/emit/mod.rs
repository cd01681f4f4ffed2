//! Prints the IR as text, with one folder for each language.

pub(crate) mod rust;
