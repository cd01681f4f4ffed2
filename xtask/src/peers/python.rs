//! A virtual environment with the peers, pinned by `tests/peers/requirements.txt`.

use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::{Failure, root};

/// The Python that has the peers.
#[derive(Debug)]
pub(super) struct Python {
    interpreter: PathBuf,
    /// A home without anybody's AWS configuration.
    home: PathBuf,
}

impl Python {
    /// Makes the environment, or takes the one there is if it was made from the same requirements.
    pub(super) fn install(directory: &Path) -> Result<Self, Failure> {
        let environment = directory.join("venv");
        let python = Self { interpreter: environment.join("bin/python"), home: directory.join("home") };
        let requirements = scripts().join("requirements.txt");
        let wanted = fs::read(&requirements).map_err(|error| about(&requirements, &error))?;
        // Written last, so that an installation that broke off is made again.
        let installed = environment.join("requirements.txt");
        fs::create_dir_all(&python.home).map_err(|error| about(&python.home, &error))?;
        if fs::read(&installed).is_ok_and(|installed| installed == wanted) {
            return Ok(python);
        }
        let fresh = ["-m".as_ref(), "venv".as_ref(), "--clear".as_ref(), environment.as_os_str()];
        execute(
            Command::new("python3").args(fresh),
            "Python 3.10 or later with its `venv` module is needed",
        )?;
        let install = ["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--requirement"];
        let mut pip = Command::new(&python.interpreter);
        execute(pip.args(install).arg(&requirements), "pip must reach a package index")?;
        fs::write(&installed, wanted).map_err(|error| about(&installed, &error))?;
        Ok(python)
    }

    /// Runs one of the scripts, apart from the settings for AWS of whoever runs this.
    pub(super) fn run(
        &self,
        script: &str,
        arguments: &[&Path],
        settings: &[(String, String)],
    ) -> Result<(), Failure> {
        let mut command = Command::new(&self.interpreter);
        for (name, _) in std::env::vars_os() {
            if name.to_string_lossy().starts_with("AWS_") {
                command.env_remove(name);
            }
        }
        command
            .arg(scripts().join(script))
            .args(arguments)
            .env("HOME", &self.home)
            .env("AWS_EC2_METADATA_DISABLED", "true")
            .envs(["NO_PROXY", "no_proxy"].map(|name| (name, "127.0.0.1")))
            .env("PYTHONDONTWRITEBYTECODE", "1")
            .env("PYTHONUTF8", "1")
            .envs(settings.iter().map(|(name, value)| (name, value)));
        execute(
            &mut command,
            &format!("both sides of each check that failed are above; see tests/peers/{script}"),
        )
    }
}

fn scripts() -> PathBuf {
    root().join("tests/peers")
}

fn execute(command: &mut Command, advice: &str) -> Result<(), Failure> {
    let words = [command.get_program()].into_iter().chain(command.get_args());
    let shown = words.map(OsStr::to_string_lossy).collect::<Vec<_>>().join(" ");
    match command.status() {
        Ok(status) if status.success() => Ok(()),
        Ok(status) => Err(Failure::new(format!("`{shown}`: {status}; {advice}"))),
        Err(error) => Err(Failure::new(format!("`{shown}`: {error}; {advice}"))),
    }
}

fn about(path: &Path, error: &std::io::Error) -> Failure {
    Failure::new(format!("{}: {error}", path.display()))
}
