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
mod redis;
mod roots;
mod row;
mod rows;
mod samples;
mod server;
mod single_step;
mod start;
mod streams;
mod table;
mod targets;

use std::error::Error;
use std::process::ExitCode;

use clap::Parser;

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
    /// Measure only the clean builds.
    #[arg(long, conflicts_with_all = ["quick", "no_builds"])]
    only_builds: bool,
    /// Measure only the latency that interceptors, metrics and quota limiters add. Needs a Redis or Valkey server.
    #[arg(long, conflicts_with_all = ["quick", "no_builds", "only_builds"])]
    only_features: bool,
    /// Measure only the speed of event streams.
    #[arg(long, conflicts_with_all = ["quick", "no_builds", "only_builds", "only_features"])]
    only_streams: bool,
    /// Measure only the speed of the local endpoint.
    #[arg(long, conflicts_with_all = ["quick", "no_builds", "only_builds", "only_features", "only_streams"])]
    only_endpoint: bool,
    /// Write the results into `docs/performance.md`, and the plot next to it.
    #[arg(long, conflicts_with = "quick")]
    docs: bool,
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
    if arguments.only_builds {
        return table::clean_builds(arguments.docs);
    }
    if arguments.only_features {
        return features::run(arguments.rounds, arguments.docs);
    }
    if arguments.only_streams {
        return streams::run_all(arguments.rounds, arguments.docs);
    }
    if arguments.only_endpoint {
        return endpoint::run(arguments.rounds, arguments.docs);
    }
    table::run(arguments.rounds, !arguments.no_builds, arguments.docs)
}
