//! The output file and the manifest.

use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::path::Path;

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use crate::error::BulkError;
use crate::input::Input;
use crate::journal::{Entry, Journal};
use crate::plan::{Plan, Status};
use crate::progress::Counts;
use crate::record::{RecordError, made_id};

/// The error code of an invalid record. It is the HTTP status of a `ValidationException`.
const INVALID: u16 = 400;

/// The error code of a record without a response.
pub(crate) const NO_RESPONSE: u16 = 0;

const AMBIGUOUS: &str = "the run was killed while this request was in flight, so the service may have executed and \
                         billed it; to send it again, retry ambiguous records";

/// The result of a record.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Line<'a> {
    pub(crate) record_id: &'a str,
    pub(crate) model_input: &'a RawValue,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) model_output: Option<&'a RawValue>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) error: Option<&'a RawValue>,
}

/// The format of the output.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum OutputFormat {
    /// One JSON object per line, as batch inference writes it.
    #[default]
    Jsonl,
    /// Apache Parquet, with the columns `recordId`, `modelInput`, `modelOutput` and `error`. The last three contain JSON
    /// text.
    #[cfg(feature = "parquet")]
    Parquet,
}

/// The error of a record, in the format of batch inference.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct RecordFailure {
    /// The HTTP status, or 0 if there was no response.
    pub error_code: u16,
    /// The text of the error.
    pub error_message: String,
}

impl RecordFailure {
    /// Returns the error of a record that cannot be sent.
    pub(crate) fn invalid(error: &RecordError) -> Self {
        Self { error_code: INVALID, error_message: error.to_string() }
    }

    /// Returns the error of a record whose request was in flight when a run was killed.
    pub(crate) fn ambiguous() -> Self {
        Self { error_code: NO_RESPONSE, error_message: AMBIGUOUS.to_owned() }
    }

    pub(crate) fn to_json(&self) -> Box<RawValue> {
        serde_json::value::to_raw_value(self).expect("numbers and strings can be serialized")
    }
}

/// Writes the records that have a result, in the order of the input.
pub(crate) fn write_output(
    path: &Path,
    format: OutputFormat,
    input: &Input,
    plan: &Plan,
    journal: &Journal,
) -> Result<(), BulkError> {
    replace(path, |file| match format {
        OutputFormat::Jsonl => {
            let mut out = BufWriter::with_capacity(1 << 16, file);
            let io = |error| BulkError::io(path, error);
            write_lines(input, plan, journal, |line| {
                serde_json::to_writer(&mut out, line)
                    .map_err(io::Error::from)
                    .and_then(|()| out.write_all(b"\n"))
                    .map_err(io)
            })?;
            out.into_inner().map_err(|error| io(error.into_error()))
        }
        #[cfg(feature = "parquet")]
        OutputFormat::Parquet => {
            let error = |error| crate::parquet::error(path, error);
            let mut out = crate::parquet::ParquetWriter::new(file).map_err(error)?;
            write_lines(input, plan, journal, |line| out.write(line).map_err(error))?;
            out.finish().map_err(error)
        }
    })
}

/// Passes each record that has a result to `write`, in the order of the input.
fn write_lines(
    input: &Input,
    plan: &Plan,
    journal: &Journal,
    mut write: impl FnMut(&Line<'_>) -> Result<(), BulkError>,
) -> Result<(), BulkError> {
    let mut lines = input.lines()?;
    let mut entry_line = Vec::new();
    let mut index = 0;
    loop {
        // An invalid record may have no id and no input.
        let read = |result: Result<(&str, &str), RecordError>| match result {
            Ok((id, input)) => Ok((id.to_owned(), raw(input))),
            Err(error) => Err(error),
        };
        let Some(line) = lines.next(read)? else { break };
        // Records that were added during the run have no result.
        if index == plan.len() {
            break;
        }
        let is_same = match (&line.content, plan.key(index)) {
            (Ok((id, model_input)), Some(key)) => input.is_record(key, id, model_input.get().as_bytes()),
            (_, key) => key.is_none(),
        };
        if !is_same {
            return Err(input.changed(line.number));
        }
        let failure;
        let entry;
        let (model_output, error) = match plan.result(index) {
            Status::Pending => {
                index += 1;
                continue;
            }
            Status::Ambiguous => {
                failure = RecordFailure::ambiguous().to_json();
                (None, Some(&*failure))
            }
            Status::Invalid => {
                let invalid = match &line.content {
                    Err(error) => RecordFailure::invalid(error),
                    // Only the scan finds ids that occur twice.
                    Ok((id, _)) => RecordFailure::invalid(&RecordError::DuplicateId { id: id.clone() }),
                };
                failure = invalid.to_json();
                (None, Some(&*failure))
            }
            Status::Succeeded(location) | Status::Failed { location, .. } => {
                journal
                    .read(location, &mut entry_line)
                    .map_err(|error| BulkError::io(journal.path(), error))?;
                entry = serde_json::from_slice::<Entry<'_>>(&entry_line)
                    .map_err(|error| BulkError::io(journal.path(), error.into()))?;
                (entry.model_output, entry.error)
            }
        };
        let (id, model_input) = match line.content {
            Ok((id, input)) => (id, input),
            Err(_) => (lines.id().unwrap_or_else(|| made_id(index)), text(&lines.text())),
        };
        write(&Line { record_id: &id, model_input: &model_input, model_output, error })?;
        index += 1;
    }
    if index < plan.len() { Err(input.changed(index as u64 + 1)) } else { Ok(()) }
}

fn raw(json: &str) -> Box<RawValue> {
    RawValue::from_string(json.to_owned()).expect("the text was parsed as JSON")
}

/// Returns a line that is not a record as a JSON string, so that nothing of the input is lost.
pub(crate) fn text(line: &str) -> Box<RawValue> {
    serde_json::value::to_raw_value(line).expect("strings can be serialized")
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Manifest {
    total_record_count: u64,
    processed_record_count: u64,
    success_record_count: u64,
    error_record_count: u64,
    input_token_count: u64,
    output_token_count: u64,
}

/// Writes the manifest.
pub(crate) fn write_manifest(path: &Path, counts: &Counts) -> Result<(), BulkError> {
    let manifest = Manifest {
        total_record_count: counts.records,
        processed_record_count: counts.succeeded + counts.failed,
        success_record_count: counts.succeeded,
        error_record_count: counts.failed,
        input_token_count: counts.tokens.total_input(),
        output_token_count: counts.tokens.output,
    };
    replace(path, |mut file| {
        let json = serde_json::to_string(&manifest).expect("numbers can be serialized");
        writeln!(file, "{json}").map_err(|error| BulkError::io(path, error))?;
        Ok(file)
    })
}

/// Writes a new file, and replaces the file at the path by it.
fn replace(path: &Path, write: impl FnOnce(File) -> Result<File, BulkError>) -> Result<(), BulkError> {
    let mut name = path.as_os_str().to_owned();
    name.push(".new");
    let new = Path::new(&name);
    let error = |error| BulkError::io(new, error);
    let result = write(File::create(new).map_err(error)?).and_then(|file| file.sync_data().map_err(error));
    match result {
        Ok(()) => std::fs::rename(new, path).map_err(|error| BulkError::io(path, error)),
        Err(error) => {
            // The space of an incomplete file is needed for the next try.
            let _ = std::fs::remove_file(new);
            Err(error)
        }
    }
}
