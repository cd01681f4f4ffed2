//! Sends many records to a model on Amazon Bedrock.
//!
//! A [`Bulk`] run reads a file with one record per line, sends each record with
//! [`invoke-model-client`](invoke_model_client), and writes the results in the order of the input. The files have the
//! format of [batch inference], so a file can be sent to either of the two. A run that was interrupted or killed
//! continues where it stopped.
//!
//! ```no_run
//! use invoke_model_bulk::{Bulk, RunEnd};
//! use invoke_model_client::{Client, ConfigBuilder};
//!
//! # async fn run() -> Result<(), Box<dyn std::error::Error>> {
//! let client = Client::new(ConfigBuilder::from_env())?;
//! // in.jsonl: {"recordId": "1", "modelInput": {"inputText": "hello"}}
//! let mut bulk = Bulk::builder("amazon.titan-embed-text-v2:0").max_concurrency(64).open("in.jsonl", "results")?;
//! let end = bulk.run(&client, std::future::pending()).await?;
//! bulk.write_output()?; // results/in.jsonl.out and results/manifest.json.out
//! if !matches!(end, RunEnd::Complete) {
//!     eprintln!("{} records left: {end:?}", bulk.progress().counts().remaining());
//! }
//! # Ok(())
//! # }
//! ```
//!
//! [`BulkBuilder::open_stream`] opens a run whose input is a stream of records instead of a file.
//!
//! # Limits and budgets
//!
//! Set a [`QuotaLimiter`](invoke_model_client::QuotaLimiter) on the client. [`BulkLimits`] makes one for a run. If its
//! budget does not admit a further record, the run ends with [`RunEnd::OverBudget`].
//!
//! # Records that may have been billed
//!
//! The journal contains each result, and each request that is about to be sent. If the process is killed, the requests
//! in flight may have been billed. The next run does not send their records again, and writes an error for each of
//! them, except with [`BulkBuilder::retry_ambiguous`]. If the machine loses power, the journal can lack the last 200
//! milliseconds. The records of this time are sent again.
//!
//! # Features
//!
//! | feature | what it adds |
//! |---|---|
//! | `parquet` | Parquet files as input and output |
//!
//! [batch inference]: https://docs.aws.amazon.com/bedrock/latest/userguide/batch-inference-data.html

mod bulk;
mod call;
mod error;
mod input;
mod journal;
mod limits;
mod output;
#[cfg(feature = "parquet")]
mod parquet;
mod plan;
mod progress;
mod record;
mod run;
mod stream;
mod table;
mod template;

pub use bulk::{Bulk, BulkBuilder, BulkOperation};
pub use error::BulkError;
pub use limits::BulkLimits;
pub use output::{OutputFormat, RecordFailure};
pub use progress::{Counts, Progress, Tokens};
pub use record::RecordError;
pub use run::RunEnd;
pub use stream::{BulkResult, BulkStream, RecordSender, ResultReceiver, SendError};
pub use table::TableFormat;
pub use template::{Template, TemplateError};
