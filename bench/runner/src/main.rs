//! `cargo xtask bench`: runs the clients against the server, and prints their costs.

mod budget;
mod callgrind;
mod clean_build;
mod cores;
mod document;
mod endpoint;
mod features;
mod figures;
mod heap;
mod layers;
mod machine;
mod plot;
mod programs;
mod rates;
mod redis;
mod roots;
mod row;
mod rows;
mod samples;
mod scale;
mod server;
mod servers;
mod single_step;
mod start;
mod streams;
mod table;
mod targets;

use std::error::Error;
use std::process::ExitCode;

use clap::{Parser, ValueEnum};

type Result<T> = std::result::Result<T, Box<dyn Error>>;

/// Arguments of the command.
#[derive(Debug, Parser)]
#[command(
    name = "cargo xtask bench",
    about = "Measures this client, the official crate and plain hyper-util"
)]
struct Arguments {
    /// Measure only the instructions and allocations of this client, and compare them with `bench/budget.toml`.
    #[arg(long)]
    quick: bool,
    /// Write the counts as the new budget.
    #[arg(long, requires = "quick")]
    update_budget: bool,
    /// Number of rounds for rows that measure time. In each round, every client runs once.
    #[arg(long, default_value_t = 7)]
    rounds: usize,
    /// Skip the clean builds, because they take minutes. `docs/performance.md` keeps the results of earlier
    /// clean builds.
    #[arg(long, conflicts_with = "quick")]
    no_builds: bool,
    /// Measure only this part. Without this option, all parts except `features` and `servers` are measured, because
    /// these two need other servers.
    #[arg(long, value_name = "PART", conflicts_with_all = ["quick", "no_builds"])]
    only: Option<Only>,
    /// Write the results into `docs/performance.md` or `docs/scale.md`, and the plots next to them.
    #[arg(long, conflicts_with = "quick")]
    docs: bool,
}

/// A part of `docs/performance.md`, or `docs/scale.md`, that is measured on its own.
#[derive(Clone, Copy, Debug, ValueEnum)]
enum Only {
    /// Clean builds.
    Builds,
    /// Latency that interceptors, metrics and quota limiters add. Needs a Redis or Valkey server.
    Features,
    /// Calls per second with many concurrent calls, over HTTP/1.1 and HTTP/2.
    Rates,
    /// Speed of event streams.
    Streams,
    /// Speed of the local endpoint.
    Endpoint,
    /// Growth of the costs with the concurrent calls, the size of bodies, and the events.
    Scale,
    /// Other local servers beside the local endpoint. Installs them.
    Servers,
}

fn main() -> ExitCode {
    match execute(&Arguments::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}

fn execute(arguments: &Arguments) -> Result<()> {
    if arguments.quick {
        return budget::run(arguments.update_budget);
    }
    let &Arguments { rounds, docs, .. } = arguments;
    match arguments.only {
        Some(Only::Builds) => table::clean_builds(docs),
        Some(Only::Features) => features::run(rounds, docs),
        Some(Only::Rates) => rates::run(rounds, docs),
        Some(Only::Scale) => scale::run(rounds, docs),
        Some(Only::Servers) => servers::run(docs),
        Some(Only::Streams) => streams::run(rounds, docs),
        Some(Only::Endpoint) => endpoint::run(rounds, docs),
        None => {
            table::run(rounds, docs)?;
            rates::run(rounds, docs)?;
            streams::run(rounds, docs)?;
            endpoint::run(rounds, docs)?;
            scale::run(rounds, docs)?;
            // The builds are last, because they take longest.
            if arguments.no_builds { Ok(()) } else { table::clean_builds(docs) }
        }
    }
}
