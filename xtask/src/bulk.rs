//! `cargo xtask bulk`: measures `invoke-model bulk`. Runs `crates/bulk/examples/figures.rs`.

use std::fs;
use std::process::Command;

use crate::program::{cargo, output, run as run_command};
use crate::programs::target_directory;
use crate::{Failure, root, step};

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
    let table = table(&output(&mut figures)?);
    print!("{table}");
    if arguments.write { write_table("docs/bulk.md", "bulk", &table) } else { Ok(()) }
}

/// Returns a table of figures with these rows.
pub(crate) fn table(rows: &str) -> String {
    format!("| figure | target | measured |\n|---|---|---|\n{rows}")
}

/// Writes a table into a page, between the lines that name `cargo xtask COMMAND`.
pub(crate) fn write_table(page: &str, command: &str, table: &str) -> Result<(), Failure> {
    let line = |part: &str| format!("<!-- run, by `cargo xtask {command} --write`: {part} -->");
    let (begin, end, path) = (line("begin"), line("end"), root().join(page));
    let text = fs::read_to_string(&path).map_err(|error| Failure::about(&path, &error))?;
    let (start, rest) = text.split_once(&begin).ok_or_else(|| Failure::about(&path, &begin))?;
    let (_, rest) = rest.split_once(&end).ok_or_else(|| Failure::about(&path, &end))?;
    fs::write(&path, format!("{start}{begin}\n{table}{end}{rest}"))
        .map_err(|error| Failure::about(&path, &error))
}
