//! `invoke-model conformance`: runs the conformance kit against a client.

use std::num::{NonZeroU32, NonZeroUsize};
use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::sync::Arc;
use std::thread::available_parallelism;
use std::time::Duration;

use clap::Args;
use invoke_model_conformance::baseline::Baseline;
use invoke_model_conformance::run::{self, Options};
use invoke_model_conformance::{AdapterAddress, Scenario, load, recorded, report};

use crate::exit::Failure;
use crate::outfile::Outfile;
use crate::output::{check_output, print_output};
use crate::signals::Signals;

/// Arguments of `conformance`.
#[derive(Debug, Args)]
pub(crate) struct Conformance {
    /// Command that starts the adapter of the client, with its arguments; or `tcp:HOST:PORT` of a running adapter
    #[arg(long, value_name = "COMMAND", required_unless_present_any = ["list", "show", "schema"], value_parser = AdapterAddress::parse)]
    adapter: Option<AdapterAddress>,
    /// Ids of the scenarios to run; `*` matches any text; can be repeated [default: all]
    #[arg(long = "scenario", value_name = "PATTERN")]
    patterns: Vec<String>,
    /// Folder with scenarios to run instead of the built-in scenarios
    #[arg(long, value_name = "DIR")]
    scenarios: Option<PathBuf>,
    /// Folder with recorded exchanges, which are run in addition as the group `recorded`
    #[arg(long, value_name = "DIR")]
    recordings: Option<PathBuf>,
    /// File with the known differences of the client
    #[arg(long, value_name = "FILE")]
    baseline: Option<PathBuf>,
    /// Number of adapter processes that run at the same time [default: twice the number of processors]
    #[arg(long, value_name = "N", value_parser = at_least_one::<NonZeroUsize>)]
    parallel: Option<NonZeroUsize>,
    /// Time limit for each response of the adapter; an adapter that exceeds it is stopped and restarted. The start of
    /// an adapter may take three times as long
    #[arg(long, value_name = "SECONDS", default_value = "20", value_parser = at_least_one::<NonZeroU32>)]
    limit: NonZeroU32,
    /// File to write the results to, as JSON
    #[arg(long, value_name = "FILE")]
    json: Option<PathBuf>,
    /// File to write the results to, as JUnit XML
    #[arg(long, value_name = "FILE")]
    junit: Option<PathBuf>,
    /// Print the ids, rules and links of the scenarios, and do not run them
    #[arg(long)]
    list: bool,
    /// Print scenarios as JSON, and do not run them: the input, the settings, the rules of the server and the expectation
    #[arg(long, value_name = "PATTERN", conflicts_with = "list")]
    show: Option<String>,
    /// Print the JSON Schema of a file with scenarios
    #[arg(long, conflicts_with_all = ["list", "show"])]
    schema: bool,
}

/// The exit code if the differences of the client are not the differences in the baseline, or if no scenario was
/// compared.
const DIFFERENCES: u8 = 1;

pub(crate) async fn run(arguments: &Conformance) -> Result<(), Failure> {
    check_output()?;
    if arguments.schema {
        return print_output(load::SCHEMA.as_bytes());
    }
    let scenarios = scenarios(arguments)?;
    if let Some(pattern) = &arguments.show {
        let selected = run::select(&scenarios, std::slice::from_ref(pattern)).map_err(usage)?;
        let texts = selected.iter().map(|scenario| format!("{:#}\n", scenario.to_json()));
        return print_output(texts.collect::<String>().as_bytes());
    }
    let Some(adapter) = arguments.adapter.clone().filter(|_| !arguments.list) else {
        return list(&run::select(&scenarios, &arguments.patterns).map_err(usage)?);
    };
    let baseline = match &arguments.baseline {
        Some(path) => Baseline::read(path).map_err(|error| usage(error).at(&"--baseline"))?,
        None => Baseline::default(),
    };
    let parallel = arguments
        .parallel
        .map_or_else(|| available_parallelism().map_or(2, |cores| 2 * cores.get()), Into::into);
    let patterns = arguments.patterns.clone();
    let limit = Duration::from_secs(arguments.limit.get().into());
    let options = Options { adapter, baseline, patterns, parallel, limit };
    // Open the files before the run, because a run can take minutes.
    let json = open("--json", arguments.json.as_deref())?;
    let junit = open("--junit", arguments.junit.as_deref())?;
    let mut signals = Signals::new().map_err(Failure::input)?;
    // If the run is dropped, its adapters are killed.
    let report = tokio::select! {
        report = run::run(&scenarios, &options) => report.map_err(usage)?,
        signal = signals.next() => return Err(Failure::status(signal.exit_code())),
    };
    let is_success = report.is_success() && report.has_results();
    let reports = [report];
    let [report] = &reports;
    let mut text = report::table(&reports) + &report::coverage(report) + &report::failures(report);
    if !report.has_results() {
        text.push_str("\nno scenario passed, so the run fails\n");
    }
    // Print the table first, because it does not depend on the files.
    let printed = print_output(text.as_bytes());
    let json = write("--json", json, || format!("{:#}\n", report::json(report)));
    let junit = write("--junit", junit, || report::junit(&reports));
    printed.and(json).and(junit)?;
    if is_success { Ok(()) } else { Err(Failure::status(DIFFERENCES)) }
}

fn scenarios(arguments: &Conformance) -> Result<Vec<Arc<Scenario>>, Failure> {
    let mut scenarios = match &arguments.scenarios {
        Some(folder) => load::folder(folder).map_err(|error| usage(error).at(&"--scenarios"))?,
        None => load::built_in().map_err(usage)?,
    };
    if let Some(folder) = &arguments.recordings {
        scenarios.extend(recorded::folder(folder).map_err(|error| usage(error).at(&"--recordings"))?);
    }
    Ok(scenarios.into_iter().map(Arc::new).collect())
}

fn list(scenarios: &[Arc<Scenario>]) -> Result<(), Failure> {
    let lines = scenarios.iter().map(|scenario| {
        let Scenario { id, rule, .. } = scenario.as_ref();
        format!("{id}\t{}\t{}\n", rule.text, rule.link)
    });
    print_output(lines.collect::<String>().as_bytes())
}

fn at_least_one<T: FromStr>(text: &str) -> Result<T, &'static str> {
    text.parse().map_err(|_| "expected a whole number of at least 1")
}

fn usage(error: impl std::fmt::Display) -> Failure {
    Failure::usage(&error.to_string())
}

fn open<'a>(flag: &str, path: Option<&'a Path>) -> Result<Option<Outfile<'a>>, Failure> {
    path.map(Outfile::open).transpose().map_err(|error| usage(error).at(&flag))
}

fn write(flag: &str, file: Option<Outfile<'_>>, text: impl FnOnce() -> String) -> Result<(), Failure> {
    file.map_or(Ok(()), |file| file.write(text().as_bytes()))
        .map_err(|error| Failure::outfile(error).at(&flag))
}
