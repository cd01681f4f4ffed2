//! What the settings of a client say about the chain.

use super::files::SharedFiles;
use crate::env::Environment;

/// What the settings say about the chain.
#[derive(Clone)]
pub(crate) struct ChainSettings {
    pub(crate) environment: Environment,
    /// The profile that the program names.
    pub(crate) profile: Option<String>,
}

impl ChainSettings {
    /// The environment of the process, and the profile that it names.
    pub(crate) fn of_process() -> Self {
        Self { environment: Environment::process(), profile: None }
    }

    /// The `region` of the profile. Reads the shared files.
    pub(crate) fn region(&self) -> Option<String> {
        let name = profile(self.profile.as_deref(), &self.environment).value;
        let files = SharedFiles::read_now(&self.environment);
        files.profile(&name)?.get("region").filter(|region| !region.is_empty()).cloned()
    }
}

/// The name of a profile, and whether somebody chose it.
pub(super) struct Name {
    pub(super) value: String,
    pub(super) chosen: bool,
}

/// The profile that the program names, else the environment, else `default`.
pub(super) fn profile(chosen: Option<&str>, environment: &Environment) -> Name {
    let named = chosen.map(str::to_owned).or_else(|| environment.read("AWS_PROFILE"));
    let chosen = named.is_some();
    Name { value: named.unwrap_or_else(|| "default".to_owned()), chosen }
}
