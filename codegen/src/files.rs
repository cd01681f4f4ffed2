//! Generated files, and the differences between the generated files and a directory.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::{fmt, fs, io};

/// Generated files of a directory. By default, the directory contains only generated files.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Files {
    texts: BTreeMap<PathBuf, String>,
    /// Folder that contains only generated files. The method `write` does not remove files outside this
    /// folder. `None` if no folder contains only generated files.
    owned: Option<PathBuf>,
}

impl Default for Files {
    fn default() -> Self {
        Self { texts: BTreeMap::new(), owned: Some(PathBuf::new()) }
    }
}

impl Files {
    /// Adds a file.
    pub(crate) fn insert(&mut self, path: impl Into<PathBuf>, text: String) {
        self.texts.insert(path.into(), text);
    }

    /// Declares that `folder` contains only generated files. The rest of the directory can also contain files
    /// that are not generated.
    pub(crate) fn own_only(&mut self, folder: impl Into<PathBuf>) {
        self.owned = Some(folder.into());
    }

    /// Declares that each folder can also contain files that are not generated.
    pub(crate) fn own_nothing(&mut self) {
        self.owned = None;
    }

    /// Returns all files, sorted by path.
    pub fn iter(&self) -> impl Iterator<Item = (&Path, &str)> {
        self.texts.iter().map(|(path, text)| (path.as_path(), text.as_str()))
    }

    /// Returns the differences between these files and a directory. A missing directory is treated as empty.
    ///
    /// # Errors
    /// Returns an error if a file or directory cannot be read.
    pub fn drift(&self, directory: &Path) -> io::Result<Vec<Drift>> {
        let mut drift = Vec::new();
        for (path, text) in &self.texts {
            match fs::read(directory.join(path)) {
                Err(error) if error.kind() == io::ErrorKind::NotFound => {
                    drift.push(Drift::Missing(path.clone()))
                }
                found => {
                    if found? != text.as_bytes() {
                        drift.push(Drift::Changed(path.clone()));
                    }
                }
            }
        }
        let mut present = BTreeSet::new();
        if let Some(owned) = &self.owned {
            collect(directory, owned, &mut present)?;
        }
        drift.extend(present.into_iter().filter(|path| !self.texts.contains_key(path)).map(Drift::Stale));
        Ok(drift)
    }

    /// Writes files that are missing or changed, and removes stale files. Returns the differences that
    /// existed before the call.
    ///
    /// # Errors
    /// Returns an error if a file or directory cannot be read, written or removed.
    pub fn write(&self, directory: &Path) -> io::Result<Vec<Drift>> {
        let drift = self.drift(directory)?;
        for one in &drift {
            let path = directory.join(one.path());
            match one {
                Drift::Stale(_) => fs::remove_file(path)?,
                Drift::Missing(relative) | Drift::Changed(relative) => {
                    if let Some(parent) = path.parent() {
                        fs::create_dir_all(parent)?;
                    }
                    fs::write(path, self.texts.get(relative).map_or("", String::as_str))?;
                }
            }
        }
        Ok(drift)
    }
}

fn collect(root: &Path, relative: &Path, found: &mut BTreeSet<PathBuf>) -> io::Result<()> {
    let entries = match fs::read_dir(root.join(relative)) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        entries => entries?,
    };
    for entry in entries {
        let entry = entry?;
        let path = relative.join(entry.file_name());
        if entry.file_type()?.is_dir() {
            collect(root, &path, found)?;
        } else {
            found.insert(path);
        }
    }
    Ok(())
}

/// A difference between the generated files and a directory.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Drift {
    /// The file does not exist in the directory.
    Missing(PathBuf),
    /// The file in the directory has a different text.
    Changed(PathBuf),
    /// The file exists in the directory but is no longer generated.
    Stale(PathBuf),
}

impl Drift {
    /// Returns the path of the file, relative to the directory.
    pub fn path(&self) -> &Path {
        match self {
            Self::Missing(path) | Self::Changed(path) | Self::Stale(path) => path,
        }
    }
}

impl fmt::Display for Drift {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let word = match self {
            Self::Missing(_) => "missing",
            Self::Changed(_) => "changed",
            Self::Stale(_) => "stale",
        };
        write!(f, "{word} {}", self.path().display())
    }
}
