//! `invoke-model bulk`: sends a file of records to a model, and continues after an interruption.

mod report;
mod summary;

use std::fs;
use std::path::PathBuf;

use clap::Args;
use invoke_model_bulk::{
    Bulk, BulkBuilder, BulkError, BulkLimits, BulkOperation, Progress, RunEnd, TableFormat, Template,
};
use invoke_model_client::{AdaptiveRateLimiter, PriceTable, RedisQuotaStore};
use serde_json::json;

use crate::connection::{Connection, Protocol, Session};
use crate::embed::Schema;
use crate::exit::{self, Failure};
use crate::output::{check_output, print_error, print_output};
use crate::settings::Settings;
use crate::signals::{Signals, StopSignal};
use crate::words;
use report::Reporter;

/// Arguments of `bulk`.
#[derive(Debug, Args)]
pub(crate) struct BulkArguments {
    /// File with one record per line: {"recordId": "1", "modelInput": {..}}
    #[arg(value_name = "IN")]
    input: PathBuf,
    /// Folder for the results, the manifest and the journal
    #[arg(value_name = "OUT")]
    folder: PathBuf,
    /// Model id, inference profile id, ARN, or alias [default: `model` in the configuration file]
    #[arg(short, long, visible_alias = "model", value_name = "ID")]
    model_id: Option<String>,
    /// Operation: `InvokeModel`, where the input is the body, or `Converse`, where it is the input without the model id
    #[arg(long, value_name = "NAME", default_value_t = BulkOperation::InvokeModel)]
    operation: BulkOperation,
    /// File with a JSON object whose placeholders, such as `{{text}}`, are replaced by the columns of IN: a .csv file, or
    /// a .jsonl file with one object per line
    #[arg(long, value_name = "FILE")]
    template: Option<PathBuf>,
    /// Column of IN with the text to embed, or with --operation Converse the question; instead of --template
    #[arg(long, value_name = "NAME", conflicts_with = "template")]
    input_field: Option<String>,
    /// Column of IN with the ids of the records [default: each record gets an id]
    #[arg(long, value_name = "NAME")]
    id_field: Option<String>,
    /// Send the records again whose result is an error
    #[arg(long)]
    retry_errors: bool,
    /// Send the records again that have no output although the service may have billed them, such as the records that
    /// were in flight when an earlier run was killed; the service can bill them twice
    #[arg(long)]
    retry_ambiguous: bool,
    /// Format of the results
    #[cfg(feature = "parquet")]
    #[arg(long, value_name = "FORMAT", default_value = "jsonl")]
    output_format: Format,
    /// Send equal inputs once
    #[arg(long)]
    dedupe: bool,
    /// Write an error to the output for each invalid record, instead of refusing the file
    #[arg(long)]
    skip_invalid: bool,
    /// Print the progress to standard output as JSON, one object per line
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    limits: Limits,
    #[command(flatten)]
    connection: Connection,
}

/// The format of the results.
#[cfg(feature = "parquet")]
#[derive(Clone, Copy, Debug, clap::ValueEnum)]
enum Format {
    Jsonl,
    Parquet,
}

#[derive(Debug, Args)]
#[command(next_help_heading = "Limits")]
struct Limits {
    /// Maximum number of calls at the same time
    #[arg(long, value_name = "N", default_value_t = 16, value_parser = clap::value_parser!(u32).range(1..=10_000))]
    max_concurrency: u32,
    /// Maximum number of requests in 60 seconds
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    requests_per_minute: Option<u32>,
    /// Maximum number of tokens in 60 seconds, as the quota of the service counts them
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    tokens_per_minute: Option<u64>,
    /// Redis or Valkey server that shares --requests-per-minute and --tokens-per-minute with other processes, as in
    /// `redis://host:6379`
    #[arg(long, value_name = "URL", conflicts_with_all = ["max_tokens_total", "max_cost"])]
    quota_store: Option<String>,
    /// Name of the limits in --quota-store [default: the model id]
    #[arg(long, value_name = "NAME", requires = "quota_store")]
    quota_key: Option<String>,
    /// Output tokens to reserve for a record that does not set their maximum
    #[arg(long, value_name = "N", default_value_t = 0)]
    default_output_tokens: u64,
    /// End the run before all its records, including earlier runs, have used more tokens
    #[arg(long, value_name = "N", conflicts_with = "max_cost")]
    max_tokens_total: Option<u64>,
    /// End the run before all its records, including earlier runs, have cost more, in the currency of --prices
    #[arg(long, value_name = "AMOUNT", requires = "prices", value_parser = amount)]
    max_cost: Option<f64>,
    /// File with the prices of models; docs/tenants.md describes its format
    #[arg(long, value_name = "FILE")]
    prices: Option<PathBuf>,
}

fn amount(text: &str) -> Result<f64, &'static str> {
    let amount = text.parse::<f64>().ok().filter(|amount| (0.0..=1e9).contains(amount));
    amount.ok_or("expected a number from 0 to 1000000000, such as `25.50`")
}

/// The exit code if records are left, or if records have no output.
const INCOMPLETE: u8 = 7;

pub(crate) async fn run(arguments: &BulkArguments) -> Result<(), Failure> {
    let settings = Settings::load()?;
    let model_id = settings.model_id(arguments.model_id.as_deref())?;
    check_output()?;
    let prices = arguments.limits.prices()?;
    if let Some(prices) = prices.as_ref().filter(|prices| !prices.has_price(&model_id)) {
        let problem = format!("the table has no price in {} for `{model_id}`", prices.currency());
        return Err(Failure::input(problem).at(&"--prices"));
    }
    let builder = arguments.builder(&model_id)?;
    let (input, folder) = (arguments.input.clone(), arguments.folder.clone());
    // The scan of a large file takes seconds, in which Ctrl-C ends the process.
    let bulk =
        tokio::task::spawn_blocking(move || builder.open(input, folder)).await.map_err(Failure::input)?;
    let mut bulk = bulk.map_err(failure)?;
    let progress = bulk.progress();
    let store = arguments.limits.store()?;
    let limiter = arguments.limits.limits(prices.as_ref()).quota_limiter(&model_id, &progress);
    let limiter = match &store {
        Some(store) => limiter.store(store.clone()).build(),
        None => limiter.build(),
    };
    let configure = |config: invoke_model_client::ConfigBuilder| {
        config.quota_limiter(limiter.clone()).adaptive_rate_limiter(AdaptiveRateLimiter::new())
    };
    let session =
        arguments.connection.open_with(settings, Some(&model_id), Protocol::Http1, configure).await?;
    let mut reporter = Reporter::new(progress.clone(), limiter, arguments.json);
    let end = run_records(&mut bulk, &session, &mut reporter).await;
    reporter.finish();
    if let Some(store) = store {
        store.flush().await;
    }
    bulk.write_output().map_err(|error| Failure::new(exit::OUTPUT, error))?;
    let (end, signal) = match end {
        Ok(end) => end,
        Err(Interrupted::Bulk(error)) => return Err(failure(error)),
        Err(Interrupted::Cancelled(signal)) => {
            print_error(&"the calls in flight are cancelled; their records are ambiguous");
            return Err(Failure::status(signal.exit_code()));
        }
    };
    let cost = prices.and_then(|prices| {
        let cost = prices.cost(&model_id, &progress.counts().tokens.usage())?;
        Some(format!("{cost:.4} {}", prices.currency()))
    });
    let summary = summary::Summary { bulk: &bulk, end: &end, cost };
    let summary = if arguments.json { summary.json().to_string() } else { summary.text() };
    print_output(format!("{summary}\n").as_bytes())?;
    outcome(&session, &progress, end, signal)
}

/// The reason why the run did not end by itself.
enum Interrupted {
    Bulk(BulkError),
    /// The second signal cancels the calls in flight.
    Cancelled(StopSignal),
}

async fn run_records(
    bulk: &mut Bulk,
    session: &Session,
    reporter: &mut Reporter,
) -> Result<(RunEnd, Option<StopSignal>), Interrupted> {
    let mut signals =
        Signals::new().map_err(|error| Interrupted::Bulk(BulkError::Io { path: "signals".into(), error }))?;
    let progress = bulk.progress();
    let (stop, stopped) = tokio::sync::oneshot::channel();
    let (mut stop, mut first_signal) = (Some(stop), None);
    let mut run = std::pin::pin!(bulk.run(&session.client, async { _ = stopped.await }));
    loop {
        tokio::select! {
            biased;
            end = &mut run => return end.map(|end| (end, first_signal)).map_err(Interrupted::Bulk),
            signal = signals.next() => match stop.take() {
                Some(stop) => {
                    first_signal = Some(signal);
                    let in_flight = progress.counts().in_flight;
                    reporter.print(&format!(
                        "stopping: waiting for {in_flight} calls; the same command continues later; press Ctrl-C again to \
                         cancel the calls"
                    ));
                    // The receiver exists until the run has ended.
                    let _ = stop.send(());
                }
                None => return Err(Interrupted::Cancelled(signal)),
            },
            () = reporter.next() => reporter.report(),
        }
    }
}

/// Returns the exit code and the message for the end of a run.
fn outcome(
    session: &Session,
    progress: &Progress,
    end: RunEnd,
    signal: Option<StopSignal>,
) -> Result<(), Failure> {
    let counts = progress.counts();
    match end {
        RunEnd::Complete if counts.failed == 0 => Ok(()),
        RunEnd::Complete => Err(Failure::status(INCOMPLETE)),
        RunEnd::Stopped => Err(Failure::status(signal.unwrap_or(StopSignal::Interrupt).exit_code())),
        RunEnd::Failed(error) => Err(session.failure(error)),
        RunEnd::OverBudget(error) | RunEnd::Throttled(error) | RunEnd::TooManyErrors(error) => {
            Err(Failure::new(INCOMPLETE, error))
        }
        // `RunEnd` can get more reasons.
        other => Err(Failure::new(INCOMPLETE, format_args!("{other:?}"))),
    }
}

/// Returns the failure of a run that cannot start or continue. Adds the flag to the advice of the library.
fn failure(error: BulkError) -> Failure {
    Failure::input(
        error.to_string().replace("skip invalid records", "skip invalid records with --skip-invalid"),
    )
}

impl BulkArguments {
    fn builder(&self, model_id: &str) -> Result<BulkBuilder, Failure> {
        let builder = Bulk::builder(model_id)
            .operation(self.operation)
            .max_concurrency(self.limits.max_concurrency as usize)
            .retry_errors(self.retry_errors)
            .retry_ambiguous(self.retry_ambiguous)
            .dedupe(self.dedupe)
            .skip_invalid(self.skip_invalid)
            .on_warning(|warning| print_error(&warning))
            .error_text(|error| words::of_command(&error.to_string()));
        #[cfg(feature = "parquet")]
        let builder = builder.output_format(match self.output_format {
            Format::Jsonl => invoke_model_bulk::OutputFormat::Jsonl,
            Format::Parquet => invoke_model_bulk::OutputFormat::Parquet,
        });
        let Some(template) = self.template(model_id)? else {
            return match &self.id_field {
                None => Ok(builder),
                Some(_) => Err(Failure::usage("--id-field needs --template or --input-field")),
            };
        };
        let format = TableFormat::from_path(&self.input).map_err(failure)?;
        Ok(builder.table(format, template, self.id_field.clone()))
    }

    /// Returns the template for the columns of the input, or `None` if the input contains records.
    fn template(&self, model_id: &str) -> Result<Option<Template>, Failure> {
        if let Some(path) = &self.template {
            let place = format!("--template {}", path.display());
            let text = fs::read_to_string(path).map_err(|error| Failure::input(error).at(&place))?;
            return Template::from_json(&text).map(Some).map_err(|error| Failure::input(error).at(&place));
        }
        let Some(field) = &self.input_field else { return Ok(None) };
        let text = format!("{{{{{field}}}}}");
        let input = match self.operation {
            BulkOperation::Converse => json!({"messages": [{"role": "user", "content": [{"text": text}]}]}),
            _ => Schema::new(model_id, None, "search_document")
                .map_err(|error| {
                    Failure::input(format_args!("{error}; use --template")).at(&"--input-field")
                })?
                .body(&text),
        };
        Template::from_json(&input.to_string())
            .map(Some)
            .map_err(|error| Failure::input(error).at(&"--input-field"))
    }
}

impl Limits {
    fn prices(&self) -> Result<Option<PriceTable>, Failure> {
        let Some(path) = &self.prices else { return Ok(None) };
        let place = format!("--prices {}", path.display());
        let text = fs::read_to_string(path).map_err(|error| Failure::input(error).at(&place))?;
        PriceTable::from_json(&text).map(Some).map_err(|error| Failure::input(error).at(&place))
    }

    fn store(&self) -> Result<Option<RedisQuotaStore>, Failure> {
        let store = self.quota_store.as_ref().map(|url| RedisQuotaStore::builder(url).build());
        store.transpose().map_err(|error| Failure::input(error).at(&"--quota-store"))
    }

    /// Returns the limits of the run.
    fn limits(&self, prices: Option<&PriceTable>) -> BulkLimits {
        let mut limits = BulkLimits::default().default_output_tokens(self.default_output_tokens);
        if let Some(requests) = self.requests_per_minute {
            limits = limits.requests_per_minute(requests);
        }
        if let Some(tokens) = self.tokens_per_minute {
            limits = limits.tokens_per_minute(tokens);
        }
        if let Some(tokens) = self.max_tokens_total {
            limits = limits.max_tokens_total(tokens);
        }
        if let Some(amount) = self.max_cost {
            limits = limits.max_cost(amount);
        }
        if let Some(prices) = prices {
            limits = limits.price_table(prices.clone());
        }
        match &self.quota_key {
            Some(key) => limits.key(key),
            None => limits,
        }
    }
}
