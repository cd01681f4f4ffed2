//! Installs the clients that are Node packages. A Python package provides Node and npm.

use std::fs;
use std::path::PathBuf;
use std::process::{Command, Stdio};

use super::installation::{execute, once, source};
use super::python::Python;
use crate::Failure;

/// File names of the manifest and of the lock file.
const SOURCES: [&str; 2] = ["package.json", "package-lock.json"];

/// The Node packages.
#[derive(Debug)]
pub(crate) struct Node {
    /// Folder in which `require` finds the packages.
    pub(crate) modules: PathBuf,
}

impl Node {
    /// Installs the packages of the lock file in a folder of `tests/peers` in `place`, if they are not installed
    /// yet.
    pub(crate) fn install(python: &Python, folder: &str, place: PathBuf) -> Result<Self, Failure> {
        let pinned = |name: &str| source(folder).join(name);
        let [_, lock] = SOURCES.map(pinned);
        // npm writes `.package-lock.json` last.
        once(&place, &lock, "node_modules/.package-lock.json", || {
            fs::create_dir_all(&place).map_err(|error| Failure::about(&place, &error))?;
            for name in SOURCES {
                fs::copy(pinned(name), place.join(name))
                    .map_err(|error| Failure::about(&pinned(name), &error))?;
            }
            let install = ["ci", "--ignore-scripts", "--no-audit", "--no-fund"];
            let mut npm = Command::new(python.program("npm"));
            npm.args(install).current_dir(&place).stdout(Stdio::null());
            execute(&mut npm, "npm needs access to a package registry")
        })?;
        Ok(Self { modules: place.join("node_modules") })
    }
}
