//! The path to a value in an input.

use std::fmt;

/// The path to a value. It is a list on the stack, and becomes text only for an error.
#[derive(Clone, Copy, Debug)]
pub(super) enum Path<'a> {
    Input,
    Member(&'a Path<'a>, &'a str),
    Index(&'a Path<'a>, usize),
    /// A key of a map.
    Key(&'a Path<'a>, &'a str),
}

impl Path<'_> {
    fn write(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Input => Ok(()),
            Self::Member(Self::Input, name) => f.write_str(name),
            Self::Member(parent, name) => {
                parent.write(f)?;
                write!(f, ".{name}")
            }
            Self::Index(parent, index) => {
                parent.write(f)?;
                write!(f, "[{index}]")
            }
            Self::Key(parent, key) => {
                parent.write(f)?;
                write!(f, " (key: {key})")
            }
        }
    }
}

/// Writes the path as botocore does: `messages[0].content[1].text`, or `input` for the input itself.
impl fmt::Display for Path<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Input => f.write_str("input"),
            path => path.write(f),
        }
    }
}
