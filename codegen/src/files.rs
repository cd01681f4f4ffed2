//! Generated files by path, and how a directory differs from them.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::{fmt, fs, io};

/// Texts by path, relative to a directory that holds nothing else, or in which one folder holds nothing else.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Files {
    texts: BTreeMap<PathBuf, String>,
    /// The folder that is the generator's alone; outside it no file is removed.
    owned: PathBuf,
}

impl Files {
    /// Adds a file.
    pub(crate) fn insert(&mut self, path: impl Into<PathBuf>, text: String) {
        self.texts.insert(path.into(), text);
    }

    /// Says that files of others stand in the directory too, but not in this folder.
    pub(crate) fn own_only(&mut self, folder: impl Into<PathBuf>) {
        self.owned = folder.into();
    }

    /// Every file, sorted by path.
    pub fn iter(&self) -> impl Iterator<Item = (&Path, &str)> {
        self.texts.iter().map(|(path, text)| (path.as_path(), text.as_str()))
    }

    /// How a directory differs from these files; one that is not there is empty.
    ///
    /// # Errors
    /// A file or directory that cannot be read.
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
        collect(directory, &self.owned, &mut present)?;
        drift.extend(present.into_iter().filter(|path| !self.texts.contains_key(path)).map(Drift::Stale));
        Ok(drift)
    }

    /// Makes the directory hold these files, and nothing else where it is the generator's alone. What is right already is left untouched.
    ///
    /// # Errors
    /// A file or directory that cannot be read, written or removed.
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

/// One way in which a directory differs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Drift {
    /// A file that should be there.
    Missing(PathBuf),
    /// A file with another text.
    Changed(PathBuf),
    /// A file that should not be there.
    Stale(PathBuf),
}

impl Drift {
    /// The file, relative to the directory.
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
