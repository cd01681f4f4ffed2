//! What is installed once, and again when its pins, its place or its state demand it.

use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::{Failure, root};

/// Makes `place` from the file `pins`, unless it has been made from it and still has `proof`, a file in it.
///
/// The mark is written last, so that an installation that broke off is made again. It also says where it was made:
/// programs of a virtual environment know their own path, and do not run from another one.
pub(super) fn once(
    place: &Path,
    pins: &Path,
    proof: &str,
    make: impl FnOnce() -> Result<(), Failure>,
) -> Result<(), Failure> {
    let pins = fs::read_to_string(pins).map_err(|error| about(pins, &error))?;
    let wanted = format!("{}\n{pins}", place.display());
    let mark = place.join("installed");
    let is_installed = fs::read_to_string(&mark).is_ok_and(|installed| installed == wanted);
    if is_installed && place.join(proof).exists() {
        return Ok(());
    }
    make()?;
    fs::write(&mark, wanted).map_err(|error| about(&mark, &error))
}

/// A file of `tests/peers`.
pub(super) fn source(name: &str) -> PathBuf {
    root().join("tests/peers").join(name)
}

/// Runs the command to its end; when that is not a good one, the failure gives the advice.
pub(super) fn execute(command: &mut Command, advice: &str) -> Result<(), Failure> {
    let words = [command.get_program()].into_iter().chain(command.get_args());
    let shown = words.map(OsStr::to_string_lossy).collect::<Vec<_>>().join(" ");
    match command.status() {
        Ok(status) if status.success() => Ok(()),
        Ok(status) => Err(Failure::new(format!("`{shown}`: {status}; {advice}"))),
        Err(error) => Err(Failure::new(format!("`{shown}`: {error}; {advice}"))),
    }
}

pub(super) fn about(path: &Path, error: &std::io::Error) -> Failure {
    Failure::new(format!("{}: {error}", path.display()))
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::path::Path;

    use super::once;
    use crate::Failure;

    /// Whether it is made, by a making that ends in this way.
    fn is_made(place: &Path, pins: &Path, outcome: Result<(), Failure>) -> bool {
        let mut made = false;
        let _ = once(place, pins, "program", || {
            made = true;
            fs::create_dir_all(place).unwrap();
            fs::write(place.join("program"), "").unwrap();
            outcome
        });
        made
    }

    #[test]
    fn made_once_and_again_when_it_must_be() {
        let directory = tempfile::tempdir().unwrap();
        let (place, pins) = (directory.path().join("place"), directory.path().join("pins"));
        fs::write(&pins, "a==1").unwrap();
        assert!(is_made(&place, &pins, Err(Failure::new("broke off"))));
        assert!(is_made(&place, &pins, Ok(())), "after one that broke off");
        assert!(!is_made(&place, &pins, Ok(())), "after one that ended well");
        fs::write(&pins, "a==2").unwrap();
        assert!(is_made(&place, &pins, Ok(())), "from other pins");
        let moved = directory.path().join("moved");
        fs::rename(&place, &moved).unwrap();
        assert!(is_made(&moved, &pins, Ok(())), "in another place");
        fs::remove_file(moved.join("program")).unwrap();
        assert!(is_made(&moved, &pins, Ok(())), "without its program");
        assert!(!is_made(&moved, &pins, Ok(())), "with all of it");
    }
}
