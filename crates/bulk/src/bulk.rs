//! A bulk run and its settings.

use std::collections::HashSet;
use std::fmt;
use std::fs;
use std::future::Future;
use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::sync::Arc;
use std::time::Duration;

use invoke_model_client::{Client, Error};

use crate::error::BulkError;
use crate::input::{Identity, Input};
use crate::journal::Journal;
use crate::output::{OutputFormat, write_manifest, write_output};
use crate::plan::{Plan, read_records};
use crate::progress::Progress;
use crate::run::{Context, RunEnd, run};
use crate::stream::{self, BulkStream, RecordSender, ResultReceiver, StreamSettings};
use crate::table::{Columns, TableFormat};
use crate::template::Template;

/// The operation to which the records are sent.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum BulkOperation {
    /// `modelInput` is the body of `InvokeModel`, in the schema of the model.
    #[default]
    InvokeModel,
    /// `modelInput` is the input of `Converse`, without `modelId`.
    Converse,
}

impl BulkOperation {
    /// Returns the name of the operation in the model.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::InvokeModel => "InvokeModel",
            Self::Converse => "Converse",
        }
    }
}

impl fmt::Display for BulkOperation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for BulkOperation {
    type Err = String;

    fn from_str(name: &str) -> Result<Self, String> {
        let operations = [Self::InvokeModel, Self::Converse];
        let found = operations.into_iter().find(|operation| operation.as_str() == name);
        found.ok_or_else(|| "use InvokeModel or Converse".to_owned())
    }
}

/// The settings of a [`Bulk`] run.
#[derive(Clone)]
#[must_use = "a builder does nothing until the run is opened"]
pub struct BulkBuilder {
    model_id: String,
    operation: BulkOperation,
    max_concurrency: usize,
    skip_invalid: bool,
    retry_errors: bool,
    retry_ambiguous: bool,
    dedupe: bool,
    throttle_pause: Duration,
    columns: Option<Columns>,
    output_format: OutputFormat,
    on_warning: Arc<dyn Fn(&str) + Send + Sync>,
    error_text: Arc<dyn Fn(&Error) -> String + Send + Sync>,
}

impl BulkBuilder {
    /// Sets the operation. Default: `InvokeModel`.
    pub fn operation(mut self, operation: BulkOperation) -> Self {
        self.operation = operation;
        self
    }

    /// Sets the maximum number of calls that are in flight at the same time. Default: 16.
    ///
    /// 0 counts as 1. A call that waits for the quota limiter of the client counts.
    pub fn max_concurrency(mut self, calls: usize) -> Self {
        self.max_concurrency = calls.max(1);
        self
    }

    /// Writes an error to the output for each invalid record. By default, an invalid record is an error of
    /// [`open`](Self::open), so that nothing is sent.
    pub fn skip_invalid(mut self, skip: bool) -> Self {
        self.skip_invalid = skip;
        self
    }

    /// Sends a record again if its result is an error. Default: no.
    ///
    /// A record with an ambiguous error may have been billed. It is sent again only with
    /// [`retry_ambiguous`](Self::retry_ambiguous).
    pub fn retry_errors(mut self, retry: bool) -> Self {
        self.retry_errors = retry;
        self
    }

    /// Sends a record again if it has no output, but may have been billed: because it was in flight when an earlier run
    /// was killed, or because it has an ambiguous error. Default: no. **These records can be billed
    /// twice.**
    pub fn retry_ambiguous(mut self, retry: bool) -> Self {
        self.retry_ambiguous = retry;
        self
    }

    /// Sends equal inputs once, and writes the result for all their records. Default: no.
    ///
    /// Inputs are equal if they have the same bytes.
    pub fn dedupe(mut self, dedupe: bool) -> Self {
        self.dedupe = dedupe;
        self
    }

    /// Reads the input as a table, and makes the input of each record from a row. By default, the input contains records.
    ///
    /// `id` is the name of the column with the ids. Without it, each record gets an id.
    pub fn table(mut self, format: TableFormat, template: Template, id: Option<String>) -> Self {
        self.columns = Some(Columns { format, template, id });
        self
    }

    /// Sets the format of the output. Default: JSON lines.
    pub fn output_format(mut self, format: OutputFormat) -> Self {
        self.output_format = format;
        self
    }

    /// Sets the pause after a call that the service throttled, although the client has retried it. Default: 1 second.
    ///
    /// The pause doubles with each further throttled call, to at most 64 times this duration. After 12 pauses without
    /// a successful call, the run ends with [`RunEnd::Throttled`].
    pub fn throttle_pause(mut self, pause: Duration) -> Self {
        self.throttle_pause = pause;
        self
    }

    /// Sets a function that receives warnings, for example that the disk is full. Default: warnings are dropped.
    pub fn on_warning(mut self, on_warning: impl Fn(&str) + Send + Sync + 'static) -> Self {
        self.on_warning = Arc::new(on_warning);
        self
    }

    /// Sets the function that makes the text of a record's error, for example with the names that a program has for the
    /// settings of the client. Default: the text of the client.
    pub fn error_text(mut self, error_text: impl Fn(&Error) -> String + Send + Sync + 'static) -> Self {
        self.error_text = Arc::new(error_text);
        self
    }

    /// Opens a run without files: its input is a stream of records, and its output a stream of results. Only the records
    /// in flight are in memory, and the results that wait for the result of an earlier record.
    ///
    /// `journal` is the path of a journal file. It is created if it is missing. With the same records and settings, a
    /// later run continues. It can also be `journal.jsonl` in the output folder of a run with [`open`](Self::open), which
    /// in turn can continue this run. Without a journal, each run sends all its records.
    ///
    /// The records are checked when they are sent to the [`RecordSender`]. [`table`](Self::table) and
    /// [`output_format`](Self::output_format) have no effect.
    ///
    /// # Errors
    /// Returns an error if the journal cannot be used. Nothing was sent in this case.
    pub fn open_stream(
        self,
        journal: Option<&Path>,
    ) -> Result<(BulkStream, RecordSender, ResultReceiver), BulkError> {
        let settings = StreamSettings {
            skip_invalid: self.skip_invalid,
            retry_errors: self.retry_errors,
            retry_ambiguous: self.retry_ambiguous,
            dedupe: self.dedupe,
        };
        stream::open(settings, self.context(Progress::new(0)), journal)
    }

    fn context(self, progress: Progress) -> Context {
        Context {
            model_id: self.model_id,
            operation: self.operation,
            max_concurrency: self.max_concurrency,
            throttle_pause: self.throttle_pause,
            on_warning: self.on_warning,
            error_text: self.error_text,
            journal: None,
            progress,
        }
    }

    /// Opens a run: checks all records of `input`, creates the folder `output` if it is missing, and reads the results
    /// of earlier runs from the journal in this folder.
    ///
    /// This function reads the complete input, so it blocks the thread.
    ///
    /// # Errors
    /// Returns an error if the input contains an invalid record, or if the output folder cannot be used. In this case,
    /// nothing was sent.
    pub fn open(self, input: impl AsRef<Path>, output: impl AsRef<Path>) -> Result<Bulk, BulkError> {
        let (path, output) = (input.as_ref(), output.as_ref());
        let identity = Identity { model_id: self.model_id.clone(), operation: self.operation.as_str() };
        let input = Input::new(path, identity.clone(), self.columns.clone());
        let mut plan = Plan::new(input.scan(self.skip_invalid, self.dedupe)?);

        create_folder(output)?;
        let progress = Progress::new(plan.len() as u64);
        let mut name = path.file_name().unwrap_or_default().to_owned();
        name.push(match self.output_format {
            OutputFormat::Jsonl => ".out",
            #[cfg(feature = "parquet")]
            OutputFormat::Parquet => ".out.parquet",
        });
        let (result_path, manifest) = (output.join(name), output.join("manifest.json.out"));
        if result_path == manifest || result_path.is_dir() {
            return Err(BulkError::OutputName(result_path));
        }
        if manifest.is_dir() {
            return Err(BulkError::OutputName(manifest));
        }
        let journal_path = output.join("journal.jsonl");
        if result_path.exists() && fs::metadata(&journal_path).map_or(0, |file| file.len()) == 0 {
            return Err(BulkError::NoJournal(result_path));
        }
        let (mut unknown, mut example) = (HashSet::new(), None);
        let journal = Journal::open(&journal_path, &identity, |entry, location| {
            if let Some(usage) = &entry.usage {
                progress.add_tokens(usage);
            }
            if !plan.add_entry(entry, location) {
                unknown.insert(entry.key().map(str::to_owned));
                example = example.take().or_else(|| entry.record_id.as_deref().map(str::to_owned));
            }
        })?;
        if !unknown.is_empty() {
            return Err(BulkError::OtherInput { path: journal_path, count: unknown.len(), example });
        }
        check_space(path, output)?;
        plan.reset(|status| status.is_retried(self.retry_errors, self.retry_ambiguous));
        progress.update(|counts| plan.count(counts));
        let output_format = self.output_format;
        let context = Context { journal: Some(Arc::new(journal)), ..self.context(progress) };
        Ok(Bulk { input, output: result_path, output_format, manifest, plan, context })
    }
}

impl fmt::Debug for BulkBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("BulkBuilder")
            .field("model_id", &self.model_id)
            .field("operation", &self.operation)
            .field("max_concurrency", &self.max_concurrency)
            .finish_non_exhaustive()
    }
}

/// A bulk run: it sends each record of a file to a model, and writes the results in the order of the file.
///
/// The crate documentation contains an example.
pub struct Bulk {
    input: Input,
    output: PathBuf,
    output_format: OutputFormat,
    manifest: PathBuf,
    plan: Plan,
    context: Context,
}

impl Bulk {
    /// Returns a builder with the default settings.
    pub fn builder(model_id: impl Into<String>) -> BulkBuilder {
        BulkBuilder {
            model_id: model_id.into(),
            operation: BulkOperation::default(),
            max_concurrency: 16,
            skip_invalid: false,
            retry_errors: false,
            retry_ambiguous: false,
            dedupe: false,
            throttle_pause: Duration::from_secs(1),
            columns: None,
            output_format: OutputFormat::default(),
            on_warning: Arc::new(|_| {}),
            error_text: Arc::new(ToString::to_string),
        }
    }

    /// Returns the progress. Its counts change while [`run`](Self::run) is active.
    pub fn progress(&self) -> Progress {
        self.context.progress.clone()
    }

    /// Returns the path of the output file: the name of the input file with the suffix `.out`, or `.out.parquet`.
    pub fn output_path(&self) -> &Path {
        &self.output
    }

    /// Sends all records without a result. When `stop` ends, no further call starts, and the function returns after
    /// the calls in flight have ended.
    ///
    /// If the future of this function is dropped, the calls in flight are cancelled. Their records are ambiguous.
    ///
    /// # Errors
    /// Returns an error if the input or the journal cannot be read or written. All results in the journal stay valid.
    pub async fn run(
        &mut self,
        client: &Client,
        stop: impl Future<Output = ()>,
    ) -> Result<RunEnd, BulkError> {
        let mut records = read_records(&self.input, &self.plan, self.context.max_concurrency);
        run(&self.context, &mut self.plan, &mut records, client, stop).await
    }

    /// Writes the output file and the manifest. Call this function after every run. If records have no result, the
    /// output lacks them, and the manifest has a lower number of processed records.
    ///
    /// # Errors
    /// Returns an error if a file cannot be read or written. The files of an earlier call stay unchanged in this case.
    pub fn write_output(&self) -> Result<(), BulkError> {
        // A run of a file has a journal.
        if let Some(journal) = &self.context.journal {
            write_output(&self.output, self.output_format, &self.input, &self.plan, journal)?;
        }
        write_manifest(&self.manifest, &self.context.progress.counts())
    }
}

impl fmt::Debug for Bulk {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Bulk")
            .field("input", &self.input)
            .field("output", &self.output)
            .finish_non_exhaustive()
    }
}

fn create_folder(path: &Path) -> Result<(), BulkError> {
    if path.is_file() {
        return Err(BulkError::OutputIsFile(path.to_owned()));
    }
    fs::create_dir_all(path).map_err(|error| BulkError::io(path, error))
}

/// Returns an error if the output folder has less free space than the size of the input.
#[cfg(unix)]
fn check_space(input: &Path, output: &Path) -> Result<(), BulkError> {
    let needed = fs::metadata(input).map_err(|error| BulkError::io(input, error))?.len();
    // Some file systems do not report their free space.
    let Ok(free) = rustix::fs::statvfs(output) else { return Ok(()) };
    let available = free.f_bavail.saturating_mul(free.f_frsize);
    match available < needed {
        true => Err(BulkError::NoSpace { path: output.to_owned(), available, needed }),
        false => Ok(()),
    }
}

/// The standard library cannot read the free space.
#[cfg(not(unix))]
fn check_space(_: &Path, _: &Path) -> Result<(), BulkError> {
    Ok(())
}
