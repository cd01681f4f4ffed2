//! Parquet files as input and output.

use std::borrow::Cow;
use std::fs::File;
use std::path::Path;
use std::sync::Arc;

use parquet::basic::Compression;
use parquet::data_type::{ByteArray, ByteArrayType};
use parquet::errors::{ParquetError, Result};
use parquet::file::properties::WriterProperties;
use parquet::file::reader::{FileReader, SerializedFileReader};
use parquet::file::writer::SerializedFileWriter;
use parquet::record::reader::RowIter;
use parquet::schema::parser::parse_message_type;
use serde_json::Value;

use crate::error::BulkError;
use crate::output::Line;
use crate::template::Row;

/// The rows of a file. Only one row is in memory.
pub(crate) struct ParquetRows {
    rows: RowIter<'static>,
    /// The current row.
    row: Value,
    /// The number of the current row. The first row has the number 1.
    number: u64,
}

impl ParquetRows {
    /// Opens a file. Returns its rows, and the names of its columns.
    pub(crate) fn open(file: File) -> Result<(Self, Vec<String>)> {
        let reader = SerializedFileReader::new(file)?;
        let fields = reader.metadata().file_metadata().schema().get_fields();
        let columns = fields.iter().map(|field| field.name().to_owned()).collect();
        Ok((Self { rows: reader.into_iter(), row: Value::Null, number: 0 }, columns))
    }

    /// Reads the next row. Returns `false` at the end of the file.
    pub(crate) fn next(&mut self) -> Result<bool> {
        let Some(row) = self.rows.next().transpose()? else { return Ok(false) };
        self.row = row.to_json_value();
        self.number += 1;
        Ok(true)
    }

    pub(crate) fn number(&self) -> u64 {
        self.number
    }

    /// Returns the current row as JSON.
    pub(crate) fn text(&self) -> String {
        self.row.to_string()
    }
}

impl Row for ParquetRows {
    fn json(&self, column: &str) -> Option<Cow<'_, str>> {
        self.row.get(column).filter(|value| !value.is_null()).map(|value| value.to_string().into())
    }

    fn text(&self, column: &str) -> Option<Cow<'_, str>> {
        match self.row.get(column)? {
            Value::Null => None,
            Value::String(text) => Some(text.into()),
            value => Some(value.to_string().into()),
        }
    }
}

/// The columns of the output. All values except the id are JSON text.
const SCHEMA: &str = "message results {
    required binary recordId (UTF8);
    required binary modelInput (UTF8);
    optional binary modelOutput (UTF8);
    optional binary error (UTF8);
}";

/// The number of rows that are written together.
const ROWS: usize = 1_000;

/// Writes the results to a file.
pub(crate) struct ParquetWriter {
    writer: SerializedFileWriter<File>,
    /// The values of each column.
    columns: [Vec<Option<String>>; 4],
}

impl ParquetWriter {
    pub(crate) fn new(file: File) -> Result<Self> {
        let properties = WriterProperties::builder().set_compression(Compression::SNAPPY).build();
        let schema = Arc::new(parse_message_type(SCHEMA)?);
        let writer = SerializedFileWriter::new(file, schema, Arc::new(properties))?;
        Ok(Self { writer, columns: Default::default() })
    }

    pub(crate) fn write(&mut self, line: &Line<'_>) -> Result<()> {
        let json = |value: Option<&serde_json::value::RawValue>| value.map(|value| value.get().to_owned());
        let values = [
            Some(line.record_id.to_owned()),
            json(Some(line.model_input)),
            json(line.model_output),
            json(line.error),
        ];
        for (column, value) in self.columns.iter_mut().zip(values) {
            column.push(value);
        }
        if self.columns[0].len() < ROWS { Ok(()) } else { self.write_rows() }
    }

    fn write_rows(&mut self) -> Result<()> {
        let mut group = self.writer.next_row_group()?;
        for (index, column) in self.columns.iter_mut().enumerate() {
            let column = std::mem::take(column);
            // An optional column has a level for each row: 1 if the row has a value.
            let levels: Vec<i16> = column.iter().map(|value| i16::from(value.is_some())).collect();
            let values: Vec<ByteArray> =
                column.into_iter().flatten().map(|value| ByteArray::from(value.into_bytes())).collect();
            let levels = (index >= 2).then_some(&levels[..]);
            let mut writer =
                group.next_column()?.ok_or_else(|| ParquetError::General("no column".to_owned()))?;
            writer.typed::<ByteArrayType>().write_batch(&values, levels, None)?;
            writer.close()?;
        }
        group.close()?;
        Ok(())
    }

    /// Writes the rest, and returns the file.
    pub(crate) fn finish(mut self) -> Result<File> {
        if !self.columns[0].is_empty() {
            self.write_rows()?;
        }
        self.writer.into_inner()
    }
}

/// Returns the error of a file. An error of the operating system keeps its text.
pub(crate) fn error(path: &Path, error: ParquetError) -> BulkError {
    BulkError::io(path, std::io::Error::other(error))
}
