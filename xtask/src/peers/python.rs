//! Installs the peers that are Python packages in a virtual environment, and runs the scripts in it.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use super::installation::{execute, once, source};
use crate::Failure;

/// Prefixes of environment variables that change the behavior of the peers. The scripts run without these
/// variables.
const REMOVED_PREFIXES: [&str; 4] = ["ANTHROPIC_", "AWS_", "NODE_", "OTEL_"];

/// A virtual environment with the peers.
#[derive(Debug)]
pub(super) struct Python {
    environment: PathBuf,
}

impl Python {
    /// Creates the environment in `place` from `tests/peers/requirements.txt`, if it does not exist yet.
    pub(super) fn install(place: PathBuf) -> Result<Self, Failure> {
        let requirements = source("requirements.txt");
        let python = Self { environment: place };
        once(&python.environment, &requirements, "bin/python", || {
            let fresh = ["-m".as_ref(), "venv".as_ref(), "--clear".as_ref(), python.environment.as_os_str()];
            execute(
                Command::new("python3").args(fresh),
                "install Python 3.11 or later with its module `venv`",
            )?;
            // Use `--no-deps`, because the file pins all dependencies. `pip check` verifies that no
            // dependency is missing.
            let install = ["install", "--no-deps", "--requirement"];
            let pip = || {
                let mut command = Command::new(python.program("python"));
                command.args(["-m", "pip", "--disable-pip-version-check"]).stdout(Stdio::null());
                command
            };
            execute(pip().args(install).arg(&requirements), "pip needs access to a package index")?;
            let advice = "add the missing packages to tests/peers/requirements.txt";
            execute(pip().arg("check"), advice)
        })?;
        Ok(python)
    }

    /// Returns the environment in `place` if it exists.
    pub(super) fn installed(place: PathBuf) -> Option<Self> {
        let python = Self { environment: place };
        python.program("python").exists().then_some(python)
    }

    /// Returns the path of a program of the environment.
    pub(super) fn program(&self, name: &str) -> PathBuf {
        self.environment.join("bin").join(name)
    }

    /// Returns the command that runs a script of `tests/peers`, with a clean environment.
    pub(super) fn script(&self, name: &str, home: &Path) -> Command {
        let mut command = Command::new(self.program("python"));
        for (name, _) in std::env::vars_os() {
            if REMOVED_PREFIXES.iter().any(|prefix| name.to_string_lossy().starts_with(prefix)) {
                command.env_remove(name);
            }
        }
        command
            .arg(source(name))
            .env("HOME", home)
            .env("AWS_EC2_METADATA_DISABLED", "true")
            .envs(["NO_PROXY", "no_proxy"].map(|name| (name, "127.0.0.1")))
            .env("PYTHONDONTWRITEBYTECODE", "1")
            .env("PYTHONUTF8", "1");
        command
    }
}
