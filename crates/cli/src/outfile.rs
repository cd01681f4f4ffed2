//! The file for the body of a response.

use std::fs::{File, OpenOptions};
use std::io::{self, IsTerminal, Write};
use std::path::Path;

use crate::output;

/// The file for the body of a response.
///
/// The file is opened before the request is sent, because the service also bills a response that cannot be
/// written. The file keeps its old content until the call has succeeded.
pub(crate) struct Outfile<'a> {
    path: &'a Path,
    file: File,
}

impl<'a> Outfile<'a> {
    /// Opens the file, or creates it.
    pub(crate) fn open(path: &'a Path) -> io::Result<Self> {
        open(path).map(|file| Self { path, file }).map_err(|error| with_path(path, &error))
    }

    /// Replaces the content of the file. If this fails, the file is empty.
    pub(crate) fn write(mut self, body: &[u8]) -> io::Result<()> {
        let written = self.replace(body);
        if written.is_err() {
            // An incomplete body could be mistaken for the response. A pipe cannot be truncated.
            let _ = self.file.set_len(0);
        }
        written.map_err(|error| with_path(self.path, &error))
    }

    fn replace(&mut self, body: &[u8]) -> io::Result<()> {
        let metadata = self.file.metadata()?;
        // Truncate only a regular file, because a pipe or a terminal cannot be truncated.
        if !metadata.is_file() {
            let is_terminal = self.file.is_terminal();
            return output::write(&mut self.file, body, is_terminal);
        }
        if is_removed(&metadata) {
            self.file = open(self.path)?;
        }
        self.file.set_len(0)?;
        self.file.write_all(body)?;
        // Some file systems report a full disk or an exceeded quota only at this step. Others do not support
        // it.
        match self.file.sync_data() {
            Err(error)
                if matches!(error.kind(), io::ErrorKind::InvalidInput | io::ErrorKind::Unsupported) =>
            {
                Ok(())
            }
            result => result,
        }
    }
}

fn open(path: &Path) -> io::Result<File> {
    OpenOptions::new().write(true).create(true).truncate(false).open(path)
}

/// Returns `true` if the file was removed after it was opened. A write to such a file would succeed, but its
/// content would be lost.
#[cfg(unix)]
fn is_removed(metadata: &std::fs::Metadata) -> bool {
    std::os::unix::fs::MetadataExt::nlink(metadata) == 0
}

/// Other systems do not remove an open file.
#[cfg(not(unix))]
fn is_removed(_: &std::fs::Metadata) -> bool {
    false
}

/// Adds the path to an error, because the errors of the operating system do not contain it.
fn with_path(path: &Path, error: &io::Error) -> io::Error {
    io::Error::new(error.kind(), format!("{}: {error}", path.display()))
}
