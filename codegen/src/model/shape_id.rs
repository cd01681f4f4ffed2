//! Shape ids: `namespace#Name`, and `namespace#Name$member` for a member.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer};

/// An absolute shape id. <https://smithy.io/2.0/spec/model.html#shape-id>
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ShapeId(String);

impl ShapeId {
    /// Returns the namespace, which is the part before `#`.
    pub fn namespace(&self) -> &str {
        self.0.split('#').next().unwrap_or_default()
    }

    /// Returns the name of the shape, which is the part after `#` and before `$`.
    pub fn name(&self) -> &str {
        let relative = self.0.split('#').nth(1).unwrap_or_default();
        relative.split('$').next().unwrap_or_default()
    }

    /// Returns the id as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Splits the id of a member into the id of the shape and the name of the member. Returns `None` if this
    /// is the id of a shape.
    pub fn split_member(&self) -> Option<(ShapeId, &str)> {
        let (shape, member) = self.0.split_once('$')?;
        Some((ShapeId(shape.to_owned()), member))
    }

    /// Returns the id of a member of this shape.
    pub fn member(&self, name: &str) -> ShapeId {
        ShapeId(format!("{}${name}", self.0))
    }

    /// Returns `true` if the shape belongs to the prelude, which is the namespace `smithy.api`.
    pub fn is_prelude(&self) -> bool {
        self.namespace() == "smithy.api"
    }
}

impl fmt::Display for ShapeId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl FromStr for ShapeId {
    type Err = InvalidShapeId;

    fn from_str(text: &str) -> Result<Self, InvalidShapeId> {
        let invalid = || InvalidShapeId(text.to_owned());
        let (namespace, relative) = text.split_once('#').ok_or_else(invalid)?;
        let (name, member) = match relative.split_once('$') {
            Some((name, member)) => (name, Some(member)),
            None => (relative, None),
        };
        let well_formed = namespace.split('.').all(is_identifier)
            && is_identifier(name)
            && member.is_none_or(is_identifier);
        if well_formed { Ok(Self(text.to_owned())) } else { Err(invalid()) }
    }
}

impl<'de> Deserialize<'de> for ShapeId {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
    }
}

/// An error for a text that is not a shape id.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not a shape id; write `namespace#Name` or `namespace#Name$member`")]
pub struct InvalidShapeId(String);

/// Returns `true` if the text consists of ASCII letters, digits and underscores, and does not start with a
/// digit.
fn is_identifier(text: &str) -> bool {
    let rest = text.trim_start_matches('_');
    !text.is_empty()
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
        && (rest.starts_with(|first: char| first.is_ascii_alphabetic()) || rest.len() < text.len())
}
