//! The journal: the results of a run, and the records that were sent.
//!
//! The journal is a file with one JSON object per line. The first line contains the settings of the run. Every other
//! line is an [`Entry`]. Lines are only appended. Therefore a process that is killed can leave only the last line
//! incomplete, and [`Journal::open`] removes such a line.

use std::borrow::Cow;
use std::fs::{File, OpenOptions};
use std::io::{self, BufRead, BufReader, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{RecvTimeoutError, SyncSender, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

use invoke_model_client::{FailureClass, Usage};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use crate::error::BulkError;
use crate::input::Identity;

/// The version of the format.
const VERSION: u32 = 1;

/// The time between two flushes of the journal to the disk. If the machine loses power, the lines of this time can be
/// lost. If only the process is killed, no line is lost.
const SYNC_INTERVAL: Duration = Duration::from_millis(200);

#[derive(Deserialize, Serialize)]
#[serde(rename_all = "camelCase")]
struct Header<'a> {
    version: u32,
    #[serde(borrow)]
    model_id: Cow<'a, str>,
    #[serde(borrow)]
    operation: Cow<'a, str>,
}

/// One line of the journal. Exactly one of `started`, `returned` and `finished` is set, to the key of the record.
#[derive(Debug, Default, Deserialize, Serialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct Entry<'a> {
    /// The request is about to be sent.
    #[serde(borrow, skip_serializing_if = "Option::is_none")]
    pub(crate) started: Option<Cow<'a, str>>,
    /// The attempt failed, and the service has certainly not executed the request.
    #[serde(borrow, skip_serializing_if = "Option::is_none")]
    pub(crate) returned: Option<Cow<'a, str>>,
    /// The record has a result.
    #[serde(borrow, skip_serializing_if = "Option::is_none")]
    pub(crate) finished: Option<Cow<'a, str>>,
    #[serde(borrow, skip_serializing_if = "Option::is_none")]
    pub(crate) record_id: Option<Cow<'a, str>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) usage: Option<Usage>,
    /// The class of the failure.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) class: Option<FailureClass>,
    #[serde(borrow, skip_serializing_if = "Option::is_none")]
    pub(crate) model_output: Option<&'a RawValue>,
    #[serde(borrow, skip_serializing_if = "Option::is_none")]
    pub(crate) error: Option<&'a RawValue>,
}

impl Entry<'_> {
    /// Returns the key of the record.
    pub(crate) fn key(&self) -> Option<&str> {
        self.started.as_deref().or(self.returned.as_deref()).or(self.finished.as_deref())
    }

    /// Returns `true` if the record failed, and the service may have executed the request.
    pub(crate) fn is_ambiguous(&self) -> bool {
        self.class == Some(FailureClass::Ambiguous)
    }
}

/// The place of a line in the journal.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Location {
    pub(crate) offset: u64,
    pub(crate) length: u32,
}

/// An open journal. The process has a lock on the file.
#[derive(Debug)]
pub(crate) struct Journal {
    path: PathBuf,
    writer: Mutex<Writer>,
    has_unsynced_lines: Arc<AtomicBool>,
    syncer: Option<(SyncSender<()>, JoinHandle<()>)>,
}

#[derive(Debug)]
struct Writer {
    file: File,
    length: u64,
}

impl Journal {
    /// Opens the journal, or creates it, and calls `read` for each entry. Removes an incomplete last line.
    ///
    /// # Errors
    /// Returns an error if another process uses the journal, if it belongs to another model or operation, or if a line
    /// is damaged.
    pub(crate) fn open(
        path: &Path,
        identity: &Identity,
        mut read: impl FnMut(&Entry<'_>, Location),
    ) -> Result<Self, BulkError> {
        let error = |error| BulkError::io(path, error);
        let mut file = OpenOptions::new().read(true).append(true).create(true).open(path).map_err(error)?;
        lock(&file, path)?;
        let length = load(&mut file, path, identity, &mut read)?;
        file.set_len(length).map_err(error)?;
        let sync_file = file.try_clone().map_err(error)?;
        let has_unsynced_lines = Arc::new(AtomicBool::new(false));
        let mut journal = Self {
            path: path.to_owned(),
            writer: Mutex::new(Writer { file, length }),
            has_unsynced_lines: has_unsynced_lines.clone(),
            syncer: None,
        };
        if length == 0 {
            let Identity { model_id, operation } = identity;
            journal
                .append(&Header {
                    version: VERSION,
                    model_id: model_id.into(),
                    operation: (*operation).into(),
                })
                .and_then(|_| journal.sync())
                .map_err(error)?;
        }
        let (stop, stopped) = sync_channel(0);
        let thread = std::thread::Builder::new().name("bulk-journal".to_owned()).spawn(move || {
            while stopped.recv_timeout(SYNC_INTERVAL) == Err(RecvTimeoutError::Timeout) {
                if has_unsynced_lines.swap(false, Ordering::AcqRel) {
                    // `sync` at the end of the run reports the error.
                    let _ = sync_file.sync_data();
                }
            }
        });
        journal.syncer = Some((stop, thread.map_err(error)?));
        Ok(journal)
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// Appends a line. If this fails, for example because the disk is full, the journal is unchanged.
    pub(crate) fn append(&self, entry: &impl Serialize) -> io::Result<Location> {
        let mut line = serde_json::to_vec(entry)?;
        line.push(b'\n');
        let mut writer = self.writer.lock().unwrap_or_else(PoisonError::into_inner);
        let offset = writer.length;
        if let Err(error) = writer.file.write_all(&line) {
            writer.file.set_len(offset)?;
            return Err(error);
        }
        writer.length += line.len() as u64;
        self.has_unsynced_lines.store(true, Ordering::Release);
        Ok(Location { offset, length: line.len() as u32 })
    }

    /// Writes all lines to the disk.
    pub(crate) fn sync(&self) -> io::Result<()> {
        self.writer.lock().unwrap_or_else(PoisonError::into_inner).file.sync_data()
    }

    /// Reads a line.
    pub(crate) fn read(&self, location: Location, line: &mut Vec<u8>) -> io::Result<()> {
        line.resize(location.length as usize, 0);
        let mut writer = self.writer.lock().unwrap_or_else(PoisonError::into_inner);
        writer.file.seek(SeekFrom::Start(location.offset))?;
        writer.file.read_exact(line)
    }
}

impl Drop for Journal {
    fn drop(&mut self) {
        if let Some((stop, thread)) = self.syncer.take() {
            drop(stop);
            let _ = thread.join();
        }
    }
}

/// Reads all complete lines. Returns their length.
fn load(
    file: &mut File,
    path: &Path,
    identity: &Identity,
    read: &mut impl FnMut(&Entry<'_>, Location),
) -> Result<u64, BulkError> {
    let mut reader = BufReader::with_capacity(1 << 16, file);
    let (mut offset, mut number, mut line) = (0, 0, Vec::new());
    loop {
        line.clear();
        let length = reader.read_until(b'\n', &mut line).map_err(|error| BulkError::io(path, error))?;
        if !line.ends_with(b"\n") {
            return Ok(offset);
        }
        number += 1;
        let damaged = |error: serde_json::Error| BulkError::Journal {
            path: path.to_owned(),
            line: number,
            problem: error.to_string(),
        };
        if number == 1 {
            check_header(&serde_json::from_slice(&line).map_err(damaged)?, path, identity)?;
        } else {
            let location = Location { offset, length: length as u32 };
            read(&serde_json::from_slice(&line).map_err(damaged)?, location);
        }
        offset += length as u64;
    }
}

fn check_header(header: &Header<'_>, path: &Path, identity: &Identity) -> Result<(), BulkError> {
    let check = |setting, journal: &str, run: &str| match journal == run {
        true => Ok(()),
        false => Err(BulkError::OtherSetting {
            path: path.to_owned(),
            setting,
            journal: journal.to_owned(),
            run: run.to_owned(),
        }),
    };
    check("version", &header.version.to_string(), &VERSION.to_string())?;
    check("model", &header.model_id, &identity.model_id)?;
    check("operation", &header.operation, identity.operation)
}

/// Locks the file until it is closed, also if the process is killed.
#[cfg(unix)]
fn lock(file: &File, path: &Path) -> Result<(), BulkError> {
    use rustix::fs::{FlockOperation, flock};
    use rustix::io::Errno;
    match flock(file, FlockOperation::NonBlockingLockExclusive) {
        Err(Errno::WOULDBLOCK) => Err(BulkError::Locked(path.to_owned())),
        // Some network file systems have no locks.
        Ok(()) | Err(Errno::NOSYS | Errno::OPNOTSUPP | Errno::INVAL) => Ok(()),
        Err(error) => Err(BulkError::io(path, error.into())),
    }
}

/// There is no lock on other systems, because the supported versions of the standard library have none.
#[cfg(not(unix))]
fn lock(_: &File, _: &Path) -> Result<(), BulkError> {
    Ok(())
}

#[cfg(test)]
mod tests;
