//! Installs clients. Installs them again only if the pinned versions or the path of the folder changed.

use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::{Failure, root};

/// Calls `install` to fill `folder`. `pins` is the file with the pinned versions. If an earlier call filled
/// `folder` for the same pinned versions, and `folder` still contains the file `proof`, this function does
/// nothing.
///
/// Writes the file `installed` last, so the next run repeats an interrupted installation. The file contains
/// the path of `folder`, because the programs of a virtual environment do not run after the folder was moved.
pub(crate) fn once(
    folder: &Path,
    pins: &Path,
    proof: &str,
    install: impl FnOnce() -> Result<(), Failure>,
) -> Result<(), Failure> {
    let pins = fs::read_to_string(pins).map_err(|error| Failure::about(pins, &error))?;
    let wanted = format!("{}\n{pins}", folder.display());
    let mark = folder.join("installed");
    let is_installed = fs::read_to_string(&mark).is_ok_and(|installed| installed == wanted);
    if is_installed && folder.join(proof).exists() {
        return Ok(());
    }
    install()?;
    fs::write(&mark, wanted).map_err(|error| Failure::about(&mark, &error))
}

/// Returns the path of a file in `tests/peers`.
pub(crate) fn source(name: &str) -> PathBuf {
    root().join("tests/peers").join(name)
}

/// Runs a command until it ends. Error texts contain the command and `advice`.
pub(crate) fn execute(command: &mut Command, advice: &str) -> Result<(), Failure> {
    let words = [command.get_program()].into_iter().chain(command.get_args());
    let shown = words.map(OsStr::to_string_lossy).collect::<Vec<_>>().join(" ");
    match command.status() {
        Ok(status) if status.success() => Ok(()),
        Ok(status) => Err(Failure::new(format!("`{shown}`: {status}; {advice}"))),
        Err(error) => Err(Failure::new(format!("`{shown}`: {error}; {advice}"))),
    }
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::path::Path;

    use super::once;
    use crate::Failure;

    /// Calls `once` with an installation that has this outcome. Returns `true` if `once` ran the
    /// installation.
    fn installs(place: &Path, pins: &Path, outcome: Result<(), Failure>) -> bool {
        let mut installed = false;
        let _ = once(place, pins, "program", || {
            installed = true;
            fs::create_dir_all(place).unwrap();
            fs::write(place.join("program"), "").unwrap();
            outcome
        });
        installed
    }

    #[test]
    fn installs_once_and_again_if_something_changed() {
        let directory = tempfile::tempdir().unwrap();
        let (place, pins) = (directory.path().join("place"), directory.path().join("pins"));
        fs::write(&pins, "a==1").unwrap();
        assert!(installs(&place, &pins, Err(Failure::new("interrupted"))));
        assert!(installs(&place, &pins, Ok(())), "after an interrupted installation");
        assert!(!installs(&place, &pins, Ok(())), "after a complete installation");
        fs::write(&pins, "a==2").unwrap();
        assert!(installs(&place, &pins, Ok(())), "with other versions");
        let moved = directory.path().join("moved");
        fs::rename(&place, &moved).unwrap();
        assert!(installs(&moved, &pins, Ok(())), "in another folder");
        fs::remove_file(moved.join("program")).unwrap();
        assert!(installs(&moved, &pins, Ok(())), "without the program");
        assert!(!installs(&moved, &pins, Ok(())), "after a complete installation");
    }
}
