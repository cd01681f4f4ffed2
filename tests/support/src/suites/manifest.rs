//! The manifest `suites.toml`.

use std::io;
use std::path::{Path, PathBuf};

use serde::Deserialize;

use super::digest::digest;

/// The list of suites.
#[derive(Clone, Debug, Deserialize)]
pub struct Manifest {
    /// The suites, sorted by path.
    #[serde(rename = "suite")]
    pub suites: Vec<Suite>,
}

/// A file or folder from another project. Some suites are converted from the files that the project
/// published.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Suite {
    /// Path of the suite, relative to the folder of the suites.
    pub path: String,
    /// Public repository from which the suite comes.
    pub repository: String,
    /// Commit of the repository.
    pub commit: String,
    /// Paths of files and folders in the repository. The suite is made from these files.
    #[serde(default)]
    pub sources: Vec<String>,
    /// Path of the script that converts the sources, relative to the folder of the manifest. Without a
    /// script, the suite is a copy of its only source.
    pub script: Option<String>,
    /// Description of the content, if no command can create the suite.
    pub derived: Option<String>,
    /// SHA-256 digest of the file or folder.
    pub sha256: String,
}

/// The reason why a suite cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum Problem {
    /// The file or folder does not exist.
    #[error("`{path}` is missing from {}; CONTRIBUTING.md describes how to obtain it", folder.display())]
    Missing {
        /// Path of the suite.
        path: String,
        /// Folder of the suites.
        folder: PathBuf,
    },
    /// The digest of the content differs from the digest in the manifest.
    #[error("`{path}` in {} is altered: its SHA-256 is {found}, and suites.toml lists {expected}", folder.display())]
    Altered {
        /// Path of the suite.
        path: String,
        /// Folder of the suites.
        folder: PathBuf,
        /// Digest in the manifest.
        expected: String,
        /// Digest of the content.
        found: String,
    },
    /// The content cannot be read.
    #[error("cannot read `{path}` in {}: {source}", folder.display())]
    Read {
        /// Path of the suite.
        path: String,
        /// Folder of the suites.
        folder: PathBuf,
        /// Error from the operating system.
        source: io::Error,
    },
}

impl Manifest {
    /// Returns the manifest of this repository.
    ///
    /// # Panics
    /// Panics if `suites.toml` cannot be parsed.
    #[expect(clippy::new_without_default, reason = "`new` parses a file, which `Default` should not do")]
    pub fn new() -> Self {
        toml::from_str(include_str!("../../suites/suites.toml"))
            .unwrap_or_else(|error| panic!("suites.toml: {error}"))
    }

    /// Verifies the digest of a suite in `folder`, and returns the path of the suite.
    ///
    /// # Errors
    /// Returns an error if the suite is missing, altered or unreadable.
    ///
    /// # Panics
    /// Panics if the manifest does not list the suite.
    pub fn find(&self, path: &str, folder: &Path) -> Result<PathBuf, Problem> {
        let suite = self.suites.iter().find(|suite| suite.path == path);
        suite.unwrap_or_else(|| panic!("suites.toml does not list `{path}`")).verify(folder)
    }

    /// Verifies every suite in `folder`, and returns the problems.
    pub fn verify(&self, folder: &Path) -> Vec<Problem> {
        self.suites.iter().filter_map(|suite| suite.verify(folder).err()).collect()
    }
}

impl Suite {
    /// Verifies the digest of the suite in `folder`, and returns the path of the suite.
    ///
    /// # Errors
    /// Returns an error if the suite is missing, altered or unreadable.
    pub fn verify(&self, folder: &Path) -> Result<PathBuf, Problem> {
        let file = folder.join(&self.path);
        let (path, folder) = (self.path.clone(), folder.to_owned());
        if !file.exists() {
            return Err(Problem::Missing { path, folder });
        }
        match digest(&file) {
            Ok(found) if found == self.sha256 => Ok(file),
            Ok(found) => Err(Problem::Altered { path, folder, expected: self.sha256.clone(), found }),
            Err(source) => Err(Problem::Read { path, folder, source }),
        }
    }
}
