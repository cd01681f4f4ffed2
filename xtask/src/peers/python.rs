//! A virtual environment with the peers that are Python packages, and the scripts that run in it.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use super::installation::{execute, once, source};
use crate::Failure;

/// Settings of whoever runs this that the peers would hear: for AWS, for the packages, for what runs them.
const NOT_OURS: [&str; 4] = ["ANTHROPIC_", "AWS_", "NODE_", "OTEL_"];

/// The Python that has the peers.
#[derive(Debug)]
pub(super) struct Python {
    environment: PathBuf,
}

impl Python {
    /// Makes the environment in `place` from `tests/peers/requirements.txt`, or takes the one there is.
    pub(super) fn install(place: PathBuf) -> Result<Self, Failure> {
        let requirements = source("requirements.txt");
        let python = Self { environment: place };
        once(&python.environment, &requirements, "bin/python", || {
            let fresh = ["-m".as_ref(), "venv".as_ref(), "--clear".as_ref(), python.environment.as_os_str()];
            execute(
                Command::new("python3").args(fresh),
                "Python 3.11 or later with its `venv` module is needed",
            )?;
            // Without looking for dependencies: the file pins all of them, which the check then proves.
            let install = ["install", "--no-deps", "--requirement"];
            let pip = || {
                let mut command = Command::new(python.program("python"));
                command.args(["-m", "pip", "--disable-pip-version-check"]).stdout(Stdio::null());
                command
            };
            execute(pip().args(install).arg(&requirements), "pip must reach a package index")?;
            let whole = "tests/peers/requirements.txt must name all that its packages need: `pip check` says what not";
            execute(pip().arg("check"), whole)
        })?;
        Ok(python)
    }

    /// One of the programs that the packages bring.
    pub(super) fn program(&self, name: &str) -> PathBuf {
        self.environment.join("bin").join(name)
    }

    /// One of the scripts, apart from the settings of whoever runs this.
    pub(super) fn script(&self, name: &str, home: &Path) -> Command {
        let mut command = Command::new(self.program("python"));
        for (name, _) in std::env::vars_os() {
            if NOT_OURS.iter().any(|prefix| name.to_string_lossy().starts_with(prefix)) {
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
