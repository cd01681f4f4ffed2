//! Runs the conformance kit with several adapters. `cargo xtask kit` starts this program, because xtask must not
//! depend on generated code.
//!
//! Usage: `kit CONFIGURATION FOLDER`. Prints the results, and writes the reports into the folder.

#![allow(clippy::print_stdout, reason = "a command line tool prints to the terminal")]

use std::error::Error;
use std::fs;
use std::num::NonZero;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;
use std::thread::available_parallelism;
use std::time::{Duration, Instant};

use invoke_model_conformance::baseline::Baseline;
use invoke_model_conformance::run::{ClientReport, Options, run};
use invoke_model_conformance::{AdapterAddress, load, recorded, report};
use serde::Deserialize;
use serde_json::Value;
use tokio::sync::Semaphore;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Configuration {
    adapters: Vec<Adapter>,
    /// Patterns for the ids of the scenarios to run. If there are no patterns, all scenarios are run.
    patterns: Vec<String>,
    /// The folder of the scenarios.
    scenarios: PathBuf,
    /// The folder of recorded exchanges, if there is one.
    recordings: Option<PathBuf>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Adapter {
    command: Vec<String>,
    baseline: Option<PathBuf>,
}

#[tokio::main]
async fn main() -> Result<ExitCode, Box<dyn Error>> {
    let arguments: Vec<PathBuf> = std::env::args_os().skip(1).map(PathBuf::from).collect();
    let [configuration, folder] = &arguments[..] else {
        return Err("usage: kit CONFIGURATION FOLDER".into());
    };
    let Configuration { adapters, patterns, scenarios, recordings } =
        serde_json::from_slice(&fs::read(configuration)?)?;
    let mut scenarios = load::folder(&scenarios)?;
    if let Some(folder) = recordings {
        scenarios.extend(recorded::folder(&folder)?);
    }
    let scenarios: Vec<_> = scenarios.into_iter().map(Arc::new).collect();
    let mut runs = Vec::new();
    // A run mostly waits for the delays of scenarios, so more clients run at the same time than the machine has
    // processors.
    let processors = available_parallelism().map_or(2, NonZero::get);
    let turns = Arc::new(Semaphore::new(processors + 1));
    for Adapter { command, baseline } in adapters {
        let baseline = baseline.map_or_else(|| Ok(Baseline::default()), |path| Baseline::read(&path))?;
        let limit = Duration::from_secs(20);
        let name = command.join(" ");
        let adapter = AdapterAddress::Command(command);
        let options = Options { adapter, baseline, patterns: patterns.clone(), parallel: processors, limit };
        let (turns, scenarios) = (Arc::clone(&turns), scenarios.clone());
        runs.push(tokio::spawn(async move {
            let _turn = turns.acquire().await;
            #[expect(clippy::disallowed_methods, reason = "the output contains the time of each client")]
            let start = Instant::now();
            let report = run(&scenarios, &options).await.map_err(|error| format!("{name}: {error}"))?;
            println!("{} {}: {:.1} seconds", report.client, report.version, start.elapsed().as_secs_f64());
            Ok::<_, String>((report, options.baseline))
        }));
    }
    let (mut reports, mut baselines, mut errors) = (Vec::new(), Vec::new(), Vec::new());
    for run in runs {
        match run.await? {
            Ok((report, baseline)) => {
                reports.push(report);
                baselines.push(baseline);
            }
            Err(error) => errors.push(error),
        }
    }
    let json: Value = reports.iter().map(report::json).collect();
    write(folder, "report.json", &format!("{json:#}\n"))?;
    write(folder, "junit.xml", &report::junit(&reports))?;
    write(folder, "matrix.md", &report::matrix(&reports))?;
    write(folder, "differences.md", &report::differences(&reports, &baselines))?;
    print!("\n{}", report::matrix(&reports));
    // The baselines of this project must not contain entries without an effect.
    let is_expected = |report: &&ClientReport| report.is_success() && report.shadowed_baseline.is_empty();
    for report in reports.iter().filter(|report| !is_expected(report)) {
        print!("\n{} {}\n{}", report.client, report.version, report::failures(report));
    }
    for error in &errors {
        println!("\n{error}");
    }
    let is_success = errors.is_empty() && reports.iter().all(|report| is_expected(&report));
    Ok(if is_success { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn write(folder: &Path, name: &str, text: &str) -> Result<(), String> {
    let path = folder.join(name);
    fs::write(&path, text).map_err(|error| format!("{}: {error}", path.display()))
}
