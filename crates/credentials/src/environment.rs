//! Environment variables. Only this module of the library reads the environment of the process.

use std::fmt;
#[cfg(feature = "chain")]
use std::path::PathBuf;
use std::sync::Arc;

/// A function that returns the value of the variable with the given name.
type Lookup = dyn Fn(&str) -> Option<String> + Send + Sync;

/// The environment variables of the process, or variables that the program passes instead.
///
/// An empty variable counts as unset. `Debug` prints no values, because some of them are secret.
///
/// ```
/// use invoke_model_credentials::Environment;
///
/// let environment = Environment::new(|name| (name == "AWS_PROFILE").then(|| "dev".to_owned()));
/// assert_eq!(environment.read("AWS_PROFILE").as_deref(), Some("dev"));
/// assert_eq!(environment.read("AWS_REGION"), None);
/// ```
#[derive(Clone)]
pub struct Environment(Arc<Lookup>);

impl Environment {
    /// Creates an environment from a function. The function returns the value of the variable with the given
    /// name.
    pub fn new(lookup: impl Fn(&str) -> Option<String> + Send + Sync + 'static) -> Self {
        Self(Arc::new(lookup))
    }

    /// Returns the environment of the process.
    ///
    /// Bytes that are not UTF-8 become replacement characters. The code that checks the value of the variable
    /// then returns an error that names the variable. Without the replacement, the variable would count as
    /// unset.
    pub fn process() -> Self {
        Self::new(|name| {
            #[expect(
                clippy::disallowed_methods,
                reason = "the only place of the library that reads the environment"
            )]
            let value = std::env::var_os(name)?;
            Some(value.to_string_lossy().into_owned())
        })
    }

    /// Returns the value of a variable, or `None` if the variable is unset or empty.
    pub fn read(&self, name: &str) -> Option<String> {
        (self.0)(name).filter(|value| !value.is_empty())
    }

    /// Returns the profile that the environment selects. botocore and the SDK for Go also read the second variable.
    #[cfg(feature = "chain")]
    pub(crate) fn profile(&self) -> Option<String> {
        self.read("AWS_PROFILE").or_else(|| self.read("AWS_DEFAULT_PROFILE"))
    }

    /// Returns the home directory of the user.
    #[cfg(feature = "chain")]
    pub(crate) fn home(&self) -> Option<PathBuf> {
        let name = if cfg!(windows) { "USERPROFILE" } else { "HOME" };
        self.read(name).map(PathBuf::from)
    }
}

impl Default for Environment {
    /// Returns the environment of the process.
    fn default() -> Self {
        Self::process()
    }
}

impl fmt::Debug for Environment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Environment")
    }
}
