//! Errors of a bulk run.

use std::fmt;
use std::io;
use std::path::{Path, PathBuf};

use crate::record::RecordError;

/// The error of a bulk run that cannot start or cannot continue.
///
/// All results that the journal contains stay valid. If the same run is started again, it continues.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum BulkError {
    /// A file or folder cannot be read or written.
    #[error("{}: {error}", path.display())]
    Io {
        /// The path.
        path: PathBuf,
        /// The error of the operating system.
        error: io::Error,
    },

    /// The input is not a file, for example a pipe or a folder.
    #[error("{}: the input must be a file, because a run reads it several times: write the records to a file", .0.display())]
    InputIsNotFile(PathBuf),

    /// A file of the output cannot be written, because a folder has its name, or because two files would have the same
    /// name.
    #[error("{}: this name cannot be used for the output: remove the folder, or rename the input", .0.display())]
    OutputName(PathBuf),

    /// The output folder contains results, but no journal.
    #[error(
        "{}: the folder contains results, but no journal, so all records would be sent again: name another folder, or \
         remove this file",
        .0.display()
    )]
    NoJournal(PathBuf),

    /// The path of the output is the path of a file.
    #[error(
        "{}: the output must be a folder: name a folder, which will contain the results, the manifest and the journal",
        .0.display()
    )]
    OutputIsFile(PathBuf),

    /// The extension of the input does not name a format of tables.
    #[error("{}: unknown format: the name of a table must end with .csv, .jsonl or .ndjson, or with .parquet, if the feature \
         `parquet` is enabled", .0.display())]
    UnknownFormat(PathBuf),

    /// The input lacks a column that the template needs, or the column of the ids.
    #[error("{}: there is no column `{column}`; the columns are {}", path.display(), known.join(", "))]
    NoColumn {
        /// The path of the input.
        path: PathBuf,
        /// The name of the column.
        column: String,
        /// The names of the columns of the input.
        known: Vec<String>,
    },

    /// The input contains no records.
    #[error("{}: the file contains no records", .0.display())]
    Empty(PathBuf),

    /// The input contains invalid records. Nothing was sent.
    #[error("{}", InvalidRecords(path, *count, first))]
    InvalidRecords {
        /// The path of the input.
        path: PathBuf,
        /// The number of invalid records.
        count: u64,
        /// The line numbers and the errors of the first invalid records.
        first: Vec<(u64, RecordError)>,
    },

    /// Equal inputs cannot be sent once without a journal, because their results are read from the journal.
    #[error("`dedupe` needs a journal, because the result of an equal record is read from it: set a journal")]
    DedupeWithoutJournal,

    /// The input has changed since the run has started.
    #[error("{}:{line}: the file has changed during the run: start the run again", path.display())]
    InputChanged {
        /// The path of the input.
        path: PathBuf,
        /// The number of the line.
        line: u64,
    },

    /// The file system of the output has not enough space for a copy of the input.
    #[error(
        "{}: {available} bytes are free, but the output needs more than {needed} bytes, because it contains the input",
        path.display()
    )]
    NoSpace {
        /// The path of the output folder.
        path: PathBuf,
        /// The free space in bytes.
        available: u64,
        /// The size of the input in bytes.
        needed: u64,
    },

    /// Another process uses the output folder.
    #[error("{}: another run uses this output folder: wait for its end, or name another folder", .0.display())]
    Locked(PathBuf),

    /// The journal belongs to a run with another model or operation.
    #[error(
        "{}: the journal belongs to a run with the {setting} `{journal}`, not `{run}`: use the same {setting}, or \
         another output folder",
        path.display()
    )]
    OtherSetting {
        /// The path of the journal.
        path: PathBuf,
        /// The setting: `model` or `operation`.
        setting: &'static str,
        /// The value in the journal.
        journal: String,
        /// The value of this run.
        run: String,
    },

    /// The journal contains records that are not in the input.
    #[error(
        "{}: the journal contains {count} records that are not in the input{}: use the same input, or another output \
         folder",
        path.display(),
        .example.as_ref().map(|id| format!(", for example `{id}`")).unwrap_or_default()
    )]
    OtherInput {
        /// The path of the journal.
        path: PathBuf,
        /// The number of records.
        count: usize,
        /// The id of one of the records, if the journal contains it.
        example: Option<String>,
    },

    /// A line of the journal cannot be read. An incomplete last line is not an error.
    #[error("{}:{line}: damaged line in the journal: {problem}", path.display())]
    Journal {
        /// The path of the journal.
        path: PathBuf,
        /// The number of the line.
        line: u64,
        /// The problem.
        problem: String,
    },
}

impl BulkError {
    pub(crate) fn io(path: &Path, error: io::Error) -> Self {
        Self::Io { path: path.to_owned(), error }
    }
}

/// Shows the first invalid records, one per line.
struct InvalidRecords<'a>(&'a Path, u64, &'a [(u64, RecordError)]);

impl fmt::Display for InvalidRecords<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self(path, count, first) = self;
        let noun = if *count == 1 { "record is" } else { "records are" };
        write!(f, "{count} {noun} invalid, and nothing was sent: correct the file, or skip invalid records")?;
        for (line, error) in *first {
            write!(f, "\n{}:{line}: {error}", path.display())?;
        }
        match count - first.len() as u64 {
            0 => Ok(()),
            more => write!(f, "\n.. and {more} more"),
        }
    }
}
