//! `cargo xtask bulk`: measures `invoke-model bulk`. Runs `crates/bulk/examples/figures.rs`.

use std::fs;
use std::process::Command;

use crate::program::{cargo, output, run as run_command};
use crate::programs::target_directory;
use crate::{Failure, root, step};

/// The lines around the table of `docs/bulk.md`.
const START: &str = "<!-- run, by `cargo xtask bulk --write`: begin -->";
const END: &str = "<!-- run, by `cargo xtask bulk --write`: end -->";

#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    /// Number of kills.
    #[arg(long, default_value_t = 200)]
    kills: u64,
    /// Number of records of the large run.
    #[arg(long, default_value_t = 1_000_000)]
    records: u64,
    /// Write the table into docs/bulk.md.
    #[arg(long)]
    write: bool,
}

pub(crate) fn run(arguments: &Arguments) -> Result<(), Failure> {
    step("bulk");
    let target = target_directory()?;
    let environment = target.join("bulk-venv");
    let python = environment.join("bin/python");
    if !python.exists() {
        run_command(Command::new("python3").args(["-m", "venv", "--clear"]).arg(&environment))?;
    }
    // aioboto3 depends on boto3.
    run_command(Command::new(&python).args(["-m", "pip", "install", "--quiet", "aioboto3==15.5.0"]))?;
    run_command(&mut cargo(&["build", "--release", "--package=invoke-model-cli"]))?;
    let mut figures = cargo(&["run", "--release", "--package=invoke-model-bulk", "--example=figures", "--"]);
    figures.arg(target.join("release/invoke-model"));
    figures.args([arguments.kills, arguments.records].map(|number| number.to_string())).arg(python);
    let rows = output(&mut figures)?;
    let table = format!("| figure | target | measured |\n|---|---|---|\n{rows}");
    print!("{table}");
    if !arguments.write {
        return Ok(());
    }
    let path = root().join("docs/bulk.md");
    let page = fs::read_to_string(&path).map_err(|error| Failure::about(&path, &error))?;
    let (start, rest) = page.split_once(START).ok_or_else(|| Failure::about(&path, &START))?;
    let (_, end) = rest.split_once(END).ok_or_else(|| Failure::about(&path, &END))?;
    fs::write(&path, format!("{start}{START}\n{table}{END}{end}"))
        .map_err(|error| Failure::about(&path, &error))
}
