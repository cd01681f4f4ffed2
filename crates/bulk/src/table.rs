//! The rows of a table: a CSV file, or a file with one JSON object per line.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::path::Path;

use csv::StringRecord;
use serde_json::value::RawValue;

use crate::error::BulkError;
use crate::record::{RecordError, without_line};
use crate::template::{Row, Template, escape};

/// The format of an input whose columns a [`Template`] turns into model inputs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum TableFormat {
    /// Comma-separated values. The first line contains the names of the columns.
    Csv,
    /// One JSON object per line. The members are the columns.
    Jsonl,
    /// Apache Parquet.
    #[cfg(feature = "parquet")]
    Parquet,
}

impl TableFormat {
    /// Returns the format that the extension of a path names: `csv`, `jsonl`, `ndjson`, or with the feature `parquet`
    /// also `parquet`.
    ///
    /// # Errors
    /// Returns an error for every other extension.
    pub fn from_path(path: &Path) -> Result<Self, BulkError> {
        let extension = path.extension().unwrap_or_default().to_ascii_lowercase();
        match extension.to_str() {
            Some("csv") => Ok(Self::Csv),
            Some("jsonl" | "ndjson") => Ok(Self::Jsonl),
            #[cfg(feature = "parquet")]
            Some("parquet") => Ok(Self::Parquet),
            _ => Err(BulkError::UnknownFormat(path.to_owned())),
        }
    }
}

/// The rule for the input and the id of each row.
#[derive(Clone, Debug)]
pub(crate) struct Columns {
    pub(crate) format: TableFormat,
    pub(crate) template: Template,
    /// The column with the id of the record.
    pub(crate) id: Option<String>,
}

impl Columns {
    /// Returns the id and the input of a row.
    pub(crate) fn record(&self, row: &dyn Row) -> Result<(Option<String>, String), RecordError> {
        let id = match &self.id {
            None => None,
            Some(column) => match row.text(column).as_deref() {
                None => return Err(RecordError::NoColumn { column: column.clone() }),
                Some("") => return Err(RecordError::EmptyId),
                Some(id) => Some(id.to_owned()),
            },
        };
        Ok((id, self.template.render(row)?))
    }
}

/// The row of a CSV file.
pub(crate) struct CsvRow<'a> {
    pub(crate) header: &'a StringRecord,
    pub(crate) values: &'a StringRecord,
}

impl Row for CsvRow<'_> {
    fn json(&self, column: &str) -> Option<Cow<'_, str>> {
        self.text(column).map(|text| escape(&text).into())
    }

    fn text(&self, column: &str) -> Option<Cow<'_, str>> {
        let place = self.header.iter().position(|name| name == column)?;
        self.values.get(place).map(Cow::Borrowed)
    }
}

/// The row of a file with JSON objects.
pub(crate) struct JsonRow<'a>(BTreeMap<Cow<'a, str>, &'a RawValue>);

impl<'a> JsonRow<'a> {
    pub(crate) fn parse(line: &'a [u8]) -> Result<Self, RecordError> {
        match serde_json::from_slice(line) {
            Ok(members) => Ok(Self(members)),
            Err(error) => Err(RecordError::Json(without_line(&error))),
        }
    }
}

impl Row for JsonRow<'_> {
    fn json(&self, column: &str) -> Option<Cow<'_, str>> {
        self.0.get(column).map(|value| Cow::Borrowed(value.get())).filter(|json| *json != "null")
    }

    fn text(&self, column: &str) -> Option<Cow<'_, str>> {
        let json = self.json(column)?;
        Some(serde_json::from_str::<String>(&json).map_or(json, Cow::Owned))
    }
}
