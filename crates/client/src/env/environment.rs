//! Variables by name: those of the process, or others.

use std::fmt;
#[cfg(feature = "credentials-chain")]
use std::path::PathBuf;
use std::sync::Arc;

/// Gives a variable by its name.
type Variables = dyn Fn(&str) -> Option<String> + Send + Sync;

/// An environment: the process's, or the caller's.
#[derive(Clone)]
pub(crate) struct Environment(Arc<Variables>);

impl Environment {
    pub(crate) fn new(variable: impl Fn(&str) -> Option<String> + Send + Sync + 'static) -> Self {
        Self(Arc::new(variable))
    }

    /// The process's. What is not UTF-8 keeps a mark, so that its setting is refused by name and not passed over.
    pub(crate) fn process() -> Self {
        Self::new(|name| {
            #[expect(
                clippy::disallowed_methods,
                reason = "the one place of the library that reads the environment"
            )]
            let value = std::env::var_os(name)?;
            Some(value.to_string_lossy().into_owned())
        })
    }

    /// A variable's value; an empty one counts as not set.
    pub(crate) fn read(&self, name: &str) -> Option<String> {
        (self.0)(name).filter(|value| !value.is_empty())
    }

    /// The user's folder.
    #[cfg(feature = "credentials-chain")]
    pub(crate) fn home(&self) -> Option<PathBuf> {
        let name = if cfg!(windows) { "USERPROFILE" } else { "HOME" };
        self.read(name).map(PathBuf::from)
    }
}

/// There are secrets among the values.
impl fmt::Debug for Environment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Environment")
    }
}
