//! Installs the clients that are Python packages in virtual environments, and runs the scripts in them.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use super::installation::{execute, once, source};
use crate::Failure;

/// Prefixes of environment variables that change the behavior of the peers. The scripts run without these
/// variables.
const REMOVED_PREFIXES: [&str; 7] =
    ["ANTHROPIC_", "AWS_", "LANGCHAIN_", "LANGSMITH_", "LITELLM_", "NODE_", "OTEL_"];

/// Environment variables that prevent connections to other hosts. Without these variables, the peers would
/// look for instance metadata, send telemetry, and download a price list.
const OFFLINE: [(&str, &str); 3] = [
    ("AWS_EC2_METADATA_DISABLED", "true"),
    ("HAYSTACK_TELEMETRY_ENABLED", "false"),
    ("LITELLM_LOCAL_MODEL_COST_MAP", "true"),
];

/// A virtual environment with the peers.
#[derive(Debug)]
pub(crate) struct Python {
    environment: PathBuf,
}

impl Python {
    /// Creates the environment in `place` from `tests/peers/requirements.txt`, if it does not exist yet.
    pub(crate) fn install(place: PathBuf) -> Result<Self, Failure> {
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

    /// If the environment of the frameworks does not exist yet, creates it in `place` from
    /// `tests/peers/frameworks/requirements.txt`. `sdks` is the environment that [`install`](Self::install)
    /// creates. It contains uv.
    ///
    /// The frameworks have their own environment, because they need other versions of the SDKs.
    pub(crate) fn install_frameworks(place: PathBuf, sdks: &Self) -> Result<Self, Failure> {
        let requirements = source("frameworks/requirements.txt");
        let python = Self { environment: place };
        once(&python.environment, &requirements, "bin/python", || {
            let uv = |words: &[&str]| {
                let mut command = Command::new(sdks.program("uv"));
                command.args(words);
                command
            };
            let interpreter = sdks.program("python");
            let mut create = uv(&["venv", "--quiet", "--clear", "--python"]);
            execute(create.arg(interpreter).arg(&python.environment), "uv could not create an environment")?;
            let mut install = uv(&["pip", "install", "--quiet", "--no-deps", "--python"]);
            install.arg(python.program("python")).arg("--requirement").arg(&requirements);
            execute(&mut install, "uv needs access to a package index")?;
            let mut check = uv(&["pip", "check", "--quiet", "--python"]);
            let advice = "compile tests/peers/frameworks/requirements.txt as CONTRIBUTING.md describes";
            execute(check.arg(python.program("python")), advice)
        })?;
        Ok(python)
    }

    /// Downloads the source distributions in `tests/peers/frameworks/sources.txt` to `place`, if they are not there yet.
    pub(crate) fn download_sources(&self, place: &Path) -> Result<(), Failure> {
        let sources = source("frameworks/sources.txt");
        once(place, &sources, "", || {
            if place.exists() {
                fs::remove_dir_all(place).map_err(|error| Failure::about(place, &error))?;
            }
            let mut download = Command::new(self.program("python"));
            download.args(["-m", "pip", "--disable-pip-version-check", "download", "--quiet", "--no-deps"]);
            download.args(["--no-binary", ":all:", "--requirement"]).arg(&sources).arg("--dest").arg(place);
            execute(&mut download, "pip needs access to a package index")
        })
    }

    /// Returns the environment in `place` if it exists.
    pub(crate) fn installed(place: PathBuf) -> Option<Self> {
        let python = Self { environment: place };
        python.program("python").exists().then_some(python)
    }

    /// Returns the path of a program of the environment.
    pub(crate) fn program(&self, name: &str) -> PathBuf {
        self.programs().join(name)
    }

    /// Returns the folder of the programs of the environment.
    pub(crate) fn programs(&self) -> PathBuf {
        self.environment.join("bin")
    }
}

/// Removes the environment variables that change the behavior of the peers, and sets the variables that all
/// scripts and programs need. `home` is the home directory.
pub(crate) fn prepare(command: &mut Command, home: &Path) {
    for (name, _) in std::env::vars_os() {
        if REMOVED_PREFIXES.iter().any(|prefix| name.to_string_lossy().starts_with(prefix)) {
            command.env_remove(name);
        }
    }
    command
        .env("HOME", home)
        .envs(OFFLINE)
        .envs(["NO_PROXY", "no_proxy"].map(|name| (name, "127.0.0.1")))
        .env("PYTHONPATH", source(""))
        // Python writes the compiled modules into this folder instead of the source folders.
        .env("PYTHONPYCACHEPREFIX", home.join("pycache"))
        .env("PYTHONUTF8", "1");
}
