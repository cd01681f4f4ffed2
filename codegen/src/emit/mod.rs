//! Prints the intermediate representation (IR) as source code. Each target language has a submodule.

pub(crate) mod python;
pub(crate) mod rust;
mod wrap;
