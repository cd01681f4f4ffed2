//! The placeholder for sensitive members in `Debug` output.

use std::fmt;

/// A value whose `Debug` output is `** redacted **`.
///
/// <https://smithy.io/2.0/spec/documentation-traits.html#sensitive-trait>
pub struct Redacted;

impl fmt::Debug for Redacted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("** redacted **")
    }
}
