//! The input file.

use std::borrow::Cow;
use std::collections::HashMap;
use std::fs::{self, File};
use std::io::{self, BufRead, BufReader};
use std::path::{Path, PathBuf};

use bytes::Bytes;
use csv::StringRecord;

use crate::error::BulkError;
#[cfg(feature = "parquet")]
use crate::parquet::{self, ParquetRows};
use crate::record::{Ids, Key, MAX_INPUT_BYTES, Record, RecordError, id_of_invalid, made_id, parse_line};
use crate::table::{Columns, CsvRow, JsonRow, TableFormat};
use crate::template::Row;

/// The maximum size of a line in bytes. The id and the names of the members also need space.
const MAX_LINE_BYTES: u64 = MAX_INPUT_BYTES as u64 + 1_000_000;

/// The number of invalid records that the error of the input shows.
const SHOWN_ERRORS: usize = 5;

/// The settings that change the identity of a record.
#[derive(Clone, Debug)]
pub(crate) struct Identity {
    pub(crate) model_id: String,
    pub(crate) operation: &'static str,
}

impl Identity {
    /// Returns the key of a record in the journal.
    pub(crate) fn key(&self, id: &str, input: &[u8]) -> Key {
        Key::new(&[id.as_bytes(), input, self.model_id.as_bytes(), self.operation.as_bytes()])
    }
}

/// The facts about a record that stay in memory during the run.
#[derive(Clone, Copy, Debug)]
pub(crate) struct ScannedRecord {
    /// The key, or `None` if the record is invalid.
    pub(crate) key: Option<Key>,
    /// The number of the first record with the same input, if equal inputs are sent once. Otherwise, the number of
    /// this record.
    pub(crate) same_input_as: u32,
}

/// The input file. A run reads it three times: to check all records before the first one is sent, to send the
/// records, and to write the output.
#[derive(Clone, Debug)]
pub(crate) struct Input {
    pub(crate) path: PathBuf,
    identity: Identity,
    /// The columns of a table, or `None` if the file contains records.
    columns: Option<Columns>,
}

impl Input {
    pub(crate) fn new(path: &Path, identity: Identity, columns: Option<Columns>) -> Self {
        Self { path: path.to_owned(), identity, columns }
    }

    /// Checks all records.
    ///
    /// # Errors
    /// Returns an error if the file cannot be read, contains no records, or, without `skip_invalid`, contains an
    /// invalid record.
    pub(crate) fn scan(&self, skip_invalid: bool, dedupe: bool) -> Result<Vec<ScannedRecord>, BulkError> {
        let mut records = Vec::new();
        let mut ids = Ids::default();
        let mut inputs = HashMap::new();
        let (mut count, mut first) = (0, Vec::new());
        let mut lines = self.lines()?;
        while let Some(line) = lines.next(|result| match result {
            Ok((id, input)) => {
                ids.add(id)?;
                let same = dedupe.then(|| Key::new(&[input.as_bytes()]));
                Ok((self.identity.key(id, input.as_bytes()), same))
            }
            Err(error) => Err(error),
        })? {
            let index = records.len() as u32;
            let (key, same_input_as) = match line.content {
                Ok((key, same)) => {
                    (Some(key), same.map_or(index, |same| *inputs.entry(same).or_insert(index)))
                }
                Err(error) => {
                    count += 1;
                    if lines.id().is_none() {
                        // The output has this id, so no later record can have it.
                        let _ = ids.add(&made_id(records.len()));
                    }
                    if first.len() < SHOWN_ERRORS {
                        first.push((line.number, error));
                    }
                    (None, index)
                }
            };
            records.push(ScannedRecord { key, same_input_as });
        }
        match (records.is_empty(), count) {
            (true, _) => Err(BulkError::Empty(self.path.clone())),
            (false, 1..) if !skip_invalid => {
                Err(BulkError::InvalidRecords { path: self.path.clone(), count, first })
            }
            _ => Ok(records),
        }
    }

    /// Starts to read the file from its start.
    pub(crate) fn lines(&self) -> Result<Lines<'_>, BulkError> {
        // Opening a pipe would wait for its writer.
        let metadata = fs::metadata(&self.path).map_err(|error| BulkError::io(&self.path, error))?;
        if !metadata.is_file() {
            return Err(BulkError::InputIsNotFile(self.path.clone()));
        }
        let file = File::open(&self.path).map_err(|error| BulkError::io(&self.path, error))?;
        let rows = match &self.columns {
            Some(columns @ Columns { format: TableFormat::Csv, .. }) => self.csv_rows(file, columns)?,
            #[cfg(feature = "parquet")]
            Some(columns @ Columns { format: TableFormat::Parquet, .. }) => {
                let (rows, names) =
                    ParquetRows::open(file).map_err(|error| parquet::error(&self.path, error))?;
                self.check_columns(columns, names)?;
                Rows::Parquet(Box::new(rows))
            }
            _ => Rows::Lines(LineReader::new(file)),
        };
        Ok(Lines { input: self, rows, index: 0 })
    }

    /// Reads the header of a CSV file.
    fn csv_rows(&self, file: File, columns: &Columns) -> Result<Rows, BulkError> {
        let mut reader = csv::ReaderBuilder::new().flexible(true).from_reader(file);
        let header = reader.headers().map_err(|error| BulkError::io(&self.path, error.into()))?.clone();
        self.check_columns(columns, header.iter().map(str::to_owned).collect())?;
        Ok(Rows::Csv { reader: Box::new(reader), header, values: StringRecord::new() })
    }

    /// Returns an error if the table lacks a column.
    fn check_columns(&self, columns: &Columns, known: Vec<String>) -> Result<(), BulkError> {
        let mut needed = columns.template.columns().chain(columns.id.as_deref());
        match needed.find(|name| known.iter().all(|column| column != name)) {
            Some(column) => {
                let (path, column) = (self.path.clone(), column.to_owned());
                Err(BulkError::NoColumn { path, column, known })
            }
            None => Ok(()),
        }
    }

    /// Returns the error for a record that is not the one that was scanned.
    pub(crate) fn changed(&self, line: u64) -> BulkError {
        BulkError::InputChanged { path: self.path.clone(), line }
    }

    /// Returns `true` if this is the record with the key.
    pub(crate) fn is_record(&self, key: Key, id: &str, input: &[u8]) -> bool {
        self.identity.key(id, input) == key
    }

    /// Reads a record that [`scan`](Self::scan) has found to be valid.
    ///
    /// # Errors
    /// Returns an error if the record is not the one that was scanned.
    pub(crate) fn record(
        &self,
        index: usize,
        expected: Key,
        line: &Line<(String, Bytes)>,
    ) -> Result<Record, BulkError> {
        match &line.content {
            Ok((id, input)) if self.is_record(expected, id, input) => {
                Ok(Record { index, id: id.clone(), input: input.clone(), key: expected, is_alone: false })
            }
            _ => Err(self.changed(line.number)),
        }
    }
}

/// One line of the file that is not blank.
#[derive(Debug)]
pub(crate) struct Line<T> {
    /// The number of the line. The first line has the number 1.
    pub(crate) number: u64,
    pub(crate) content: Result<T, RecordError>,
}

/// Reads the records of a file.
pub(crate) struct Lines<'a> {
    input: &'a Input,
    rows: Rows,
    index: usize,
}

enum Rows {
    /// Lines with one JSON object each.
    Lines(LineReader),
    Csv {
        reader: Box<csv::Reader<File>>,
        header: StringRecord,
        values: StringRecord,
    },
    #[cfg(feature = "parquet")]
    Parquet(Box<ParquetRows>),
}

impl Lines<'_> {
    /// Reads the next record. `read` receives its id and the text of its input.
    pub(crate) fn next<T>(
        &mut self,
        mut read: impl FnMut(Result<(&str, &str), RecordError>) -> Result<T, RecordError>,
    ) -> Result<Option<Line<T>>, BulkError> {
        let Self { input, rows, index } = self;
        let mut read = |result: Result<(Option<&str>, &str), RecordError>| match result {
            Ok((Some(id), input)) => read(Ok((id, input))),
            Ok((None, input)) => read(Ok((&made_id(*index), input))),
            Err(error) => read(Err(error)),
        };
        let error = |error| BulkError::io(&input.path, error);
        let (number, content) = match (rows, &input.columns) {
            (Rows::Lines(lines), columns) => {
                let Some(is_complete) = lines.next().map_err(error)? else { return Ok(None) };
                let content = match columns {
                    _ if !is_complete => read(Err(RecordError::TooLarge)),
                    None => match parse_line(lines.text()) {
                        Ok((id, input)) => read(Ok((id.as_deref(), input.get()))),
                        Err(error) => read(Err(error)),
                    },
                    Some(columns) => {
                        let record = JsonRow::parse(lines.text()).and_then(|row| columns.record(&row));
                        read_made(record, &mut read)
                    }
                };
                (lines.number, content)
            }
            (Rows::Csv { reader, header, values }, Some(columns)) => {
                if !reader.read_record(values).map_err(|invalid| error(invalid.into()))? {
                    return Ok(None);
                }
                let record = columns.record(&CsvRow { header, values });
                (values.position().map_or(0, csv::Position::line), read_made(record, &mut read))
            }
            #[cfg(feature = "parquet")]
            (Rows::Parquet(rows), Some(columns)) => {
                if !rows.next().map_err(|error| parquet::error(&input.path, error))? {
                    return Ok(None);
                }
                (rows.number(), read_made(columns.record(&**rows), &mut read))
            }
            (_, None) => unreachable!("only tables have other formats"),
        };
        self.index += 1;
        Ok(Some(Line { number, content }))
    }

    /// Returns the id of an invalid record that [`next`](Self::next) has read, if the record contains one.
    pub(crate) fn id(&self) -> Option<String> {
        let id_of_row = |row: &dyn Row| {
            let column = self.input.columns.as_ref()?.id.as_deref()?;
            row.text(column).map(Cow::into_owned)
        };
        let id = match &self.rows {
            Rows::Lines(lines) if self.input.columns.is_none() => id_of_invalid(lines.text()),
            Rows::Lines(lines) => id_of_row(&JsonRow::parse(lines.text()).ok()?),
            Rows::Csv { header, values, .. } => id_of_row(&CsvRow { header, values }),
            #[cfg(feature = "parquet")]
            Rows::Parquet(rows) => id_of_row(&**rows),
        };
        id.filter(|id| !id.is_empty())
    }

    /// Returns the text of an invalid record that [`next`](Self::next) has read.
    pub(crate) fn text(&self) -> Cow<'_, str> {
        match &self.rows {
            Rows::Lines(lines) => String::from_utf8_lossy(lines.text()),
            Rows::Csv { values, .. } => values.iter().collect::<Vec<_>>().join(",").into(),
            #[cfg(feature = "parquet")]
            Rows::Parquet(rows) => rows.text().into(),
        }
    }
}

/// Passes on a record that was made from a row.
fn read_made<T>(
    record: Result<(Option<String>, String), RecordError>,
    read: &mut impl FnMut(Result<(Option<&str>, &str), RecordError>) -> Result<T, RecordError>,
) -> Result<T, RecordError> {
    match record {
        Ok((_, input)) if input.len() > MAX_INPUT_BYTES => read(Err(RecordError::TooLarge)),
        Ok((id, input)) => read(Ok((id.as_deref(), &input))),
        Err(error) => read(Err(error)),
    }
}

/// Reads the lines of a file that are not blank.
#[derive(Debug)]
struct LineReader {
    reader: BufReader<File>,
    line: Vec<u8>,
    /// The number of the line. The first line has the number 1.
    number: u64,
}

impl LineReader {
    fn new(file: File) -> Self {
        Self { reader: BufReader::with_capacity(1 << 16, file), line: Vec::new(), number: 0 }
    }

    /// Reads a line. Returns `None` at the end of the file, and `false` if the line is too large. The rest of such a
    /// line is skipped.
    fn next(&mut self) -> io::Result<Option<bool>> {
        loop {
            self.line.clear();
            let read = io::Read::take(&mut self.reader, MAX_LINE_BYTES).read_until(b'\n', &mut self.line)?;
            if read == 0 {
                return Ok(None);
            }
            self.number += 1;
            let is_complete = (read as u64) < MAX_LINE_BYTES || self.line.ends_with(b"\n");
            if !is_complete {
                self.reader.skip_until(b'\n')?;
            }
            if !self.text().is_empty() {
                return Ok(Some(is_complete));
            }
        }
    }

    fn text(&self) -> &[u8] {
        trim(&self.line, self.number == 1)
    }
}

/// Removes white space, and a byte order mark in the first line.
pub(crate) fn trim(line: &[u8], is_first: bool) -> &[u8] {
    let line = if is_first { line.strip_prefix("\u{feff}".as_bytes()).unwrap_or(line) } else { line };
    line.trim_ascii()
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    fn scan(text: &str, skip_invalid: bool, dedupe: bool) -> Result<Vec<ScannedRecord>, BulkError> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("in.jsonl");
        fs::write(&path, text).unwrap();
        let identity = Identity { model_id: "m".to_owned(), operation: "InvokeModel" };
        Input::new(&path, identity, None).scan(skip_invalid, dedupe)
    }

    #[test]
    fn blank_lines_and_byte_order_marks_are_skipped() {
        let records = scan("\u{feff}{\"modelInput\":{}}\r\n\r\n  {\"modelInput\":{}}", false, false).unwrap();
        assert_eq!(records.len(), 2);
        assert_ne!(records[0].key, records[1].key, "the ids differ");
    }

    #[test]
    fn all_invalid_records_are_reported_before_the_run() {
        let text = "{\"recordId\":\"a\",\"modelInput\":{}}\n\nx\n{\"recordId\":\"a\",\"modelInput\":{}}\n";
        let error = scan(text, false, false).unwrap_err().to_string();
        assert!(error.starts_with("2 records are invalid, and nothing was sent"), "{error}");
        assert!(error.contains("in.jsonl:3: invalid record: expected value at column 1"), "{error}");
        assert!(error.contains("in.jsonl:4: the id `a` occurs twice"), "{error}");
        let records = scan(text, true, false).unwrap();
        assert_eq!(
            records.iter().map(|record| record.key.is_some()).collect::<Vec<_>>(),
            [true, false, false]
        );
    }

    #[test]
    fn equal_inputs_are_found() {
        let text = "{\"modelInput\":{\"a\":1}}\n{\"modelInput\":{\"a\":2}}\n{\"modelInput\":{\"a\":1}}\n";
        let same = |dedupe| {
            let records = scan(text, false, dedupe).unwrap();
            records.iter().map(|record| record.same_input_as).collect::<Vec<_>>()
        };
        assert_eq!(same(true), [0, 1, 0]);
        assert_eq!(same(false), [0, 1, 2]);
    }

    #[test]
    fn a_file_without_records_is_an_error() {
        assert!(matches!(scan("\n \n", false, false), Err(BulkError::Empty(_))));
    }

    #[test]
    fn a_large_line_is_an_invalid_record() {
        let large = format!("{{\"modelInput\":{{\"a\":\"{}\"}}}}\n", "x".repeat(MAX_INPUT_BYTES));
        let endless = "x".repeat(MAX_LINE_BYTES as usize + 7);
        let records = scan(&format!("{large}{endless}\n{{\"modelInput\":{{}}}}"), true, false).unwrap();
        assert_eq!(
            records.iter().map(|record| record.key.is_some()).collect::<Vec<_>>(),
            [false, false, true]
        );
    }
}
