//! The first line in which two canonical requests differ.

use std::fmt;

/// A line that differs. Values of sensitive fields are not in it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Difference {
    pub(crate) number: usize,
    pub(crate) ours: Option<String>,
    pub(crate) theirs: Option<String>,
}

impl Difference {
    /// The number of the line; the first is 1.
    pub fn number(&self) -> usize {
        self.number
    }

    /// The line as computed here; none if the other text has more lines.
    pub fn ours(&self) -> Option<&str> {
        self.ours.as_deref()
    }

    /// The line as the client has it; none if it has fewer lines.
    pub fn theirs(&self) -> Option<&str> {
        self.theirs.as_deref()
    }
}

impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // `Debug` of the line, so that blanks and carriage returns at its end can be seen.
        let line = |line: Option<&str>| line.map_or("missing".to_owned(), |line| format!("{line:?}"));
        write!(
            f,
            "line {} is {} here and {} at the client",
            self.number,
            line(self.ours()),
            line(self.theirs())
        )
    }
}
