//! Prints the intermediate representation (IR) as source code, with one folder for each language.

pub(crate) mod rust;
