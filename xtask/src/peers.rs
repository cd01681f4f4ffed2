//! `cargo xtask peers`.

use crate::Failure;

pub(crate) fn run() -> Result<(), Failure> {
    Err(Failure::new("not here yet"))
}
