//! Arguments that contain a text, or name a file or standard input.

use std::fs;
use std::io::{self, BufRead, IsTerminal, Read};
use std::path::{Path, PathBuf};

use serde::de::IgnoredAny;
use tokio::sync::mpsc;

/// The source of the content of an argument.
///
/// The arguments `-` and `@-` mean standard input. `@FILE`, `file://FILE` and `fileb://FILE` mean a file. Any
/// other argument is the content itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Source {
    Text(String),
    File(PathBuf),
    StandardInput,
}

/// Error of an argument whose content cannot be read.
#[derive(Debug, thiserror::Error)]
pub(crate) enum SourceError {
    #[error("{flag}: cannot read standard input: {error}")]
    Input { flag: &'static str, error: io::Error },

    #[error("{flag}: cannot read {}: {error}", path.display())]
    File { flag: &'static str, path: PathBuf, error: io::Error },

    #[error("{flag}: {} is not a regular file; use `{flag} -` to read standard input", path.display())]
    NotRegular { flag: &'static str, path: PathBuf },

    #[error("{flag}: the text is not UTF-8")]
    NotText { flag: &'static str },

    #[error("{flag}: `{path}` is not JSON, but the name of a file; use `{flag} @{path}` to read the file")]
    FileName { flag: &'static str, path: String },
}

impl Source {
    pub(crate) fn new(argument: &str) -> Self {
        if ["-", "@-"].contains(&argument) {
            return Self::StandardInput;
        }
        let prefixes = ["@", "file://", "fileb://"];
        match prefixes.iter().find_map(|prefix| argument.strip_prefix(prefix)) {
            Some(path) => Self::File(path.into()),
            None => Self::Text(argument.to_owned()),
        }
    }

    /// Reads the content. `flag` is the flag of the argument, for errors.
    pub(crate) fn read(&self, flag: &'static str) -> Result<Vec<u8>, SourceError> {
        match self {
            Self::Text(text) => Ok(text.clone().into_bytes()),
            Self::StandardInput => {
                let mut input = Vec::new();
                let result = io::stdin().lock().read_to_end(&mut input);
                result.map(|_| input).map_err(|error| SourceError::Input { flag, error })
            }
            Self::File(path) => {
                self.check_file(flag)?;
                fs::read(path).map_err(|error| SourceError::File { flag, path: path.clone(), error })
            }
        }
    }

    /// Reads the content as text.
    pub(crate) fn read_text(&self, flag: &'static str) -> Result<String, SourceError> {
        String::from_utf8(self.read(flag)?).map_err(|_| SourceError::NotText { flag })
    }

    /// Returns an error if the source is a missing file, or a file that is not regular. A pipe or a device
    /// could block, and cannot be read twice.
    pub(crate) fn check_file(&self, flag: &'static str) -> Result<(), SourceError> {
        let Self::File(path) = self else { return Ok(()) };
        match fs::metadata(path) {
            Ok(metadata) if metadata.is_file() => Ok(()),
            Ok(_) => Err(SourceError::NotRegular { flag, path: path.clone() }),
            Err(error) => Err(SourceError::File { flag, path: path.clone(), error }),
        }
    }

    /// Returns an error if the source is the name of an existing file instead of JSON text, because the `@`
    /// is probably missing.
    pub(crate) fn check_json(&self, flag: &'static str) -> Result<(), SourceError> {
        match self.file_name() {
            Some(name) if serde_json::from_str::<IgnoredAny>(name).is_err() => {
                Err(SourceError::FileName { flag, path: name.to_owned() })
            }
            _ => Ok(()),
        }
    }

    /// Returns the text if it is the name of an existing file.
    pub(crate) fn file_name(&self) -> Option<&str> {
        let Self::Text(text) = self else { return None };
        Some(text.as_str()).filter(|text| Path::new(text).is_file())
    }
}

/// Returns `true` if standard input is a pipe or a file, and not a terminal or `/dev/null`.
#[cfg(unix)]
pub(crate) fn is_piped() -> bool {
    use std::os::fd::AsFd;

    let input = io::stdin();
    // Opens no file: `File` reads the type of the duplicate of standard input.
    let metadata = input.as_fd().try_clone_to_owned().and_then(|input| fs::File::from(input).metadata());
    !input.is_terminal()
        && metadata
            .is_ok_and(|metadata| !std::os::unix::fs::FileTypeExt::is_char_device(&metadata.file_type()))
}

#[cfg(not(unix))]
pub(crate) fn is_piped() -> bool {
    !io::stdin().is_terminal()
}

/// Error of standard input that cannot be read.
#[derive(Debug, thiserror::Error)]
#[error("cannot read standard input: {0}")]
pub(crate) struct ReadError(pub(crate) io::Error);

/// The number of lines that the thread of [`lines`] reads ahead.
const LINES_AHEAD: usize = 16;

/// Reads standard input line by line in a separate thread, because a read blocks and the calls share one thread.
pub(crate) fn lines() -> mpsc::Receiver<io::Result<String>> {
    let (sender, receiver) = mpsc::channel(LINES_AHEAD);
    std::thread::spawn(move || {
        let lines = io::stdin().lock().lines();
        // A failed send means that the receiver was dropped.
        lines.map(|line| sender.blocking_send(line)).take_while(Result::is_ok).for_each(drop);
    });
    receiver
}

#[cfg(test)]
mod tests;
