//! Where in a chain of providers credentials were found.

use std::fmt;
use std::sync::Arc;

/// Which link of the default chain gave credentials, in words: `` profile `dev`: static keys ``. Nothing in it is
/// secret.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CredentialsSource(Arc<str>);

impl CredentialsSource {
    pub(super) fn new(words: impl Into<Arc<str>>) -> Self {
        Self(words.into())
    }

    /// The words.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for CredentialsSource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
