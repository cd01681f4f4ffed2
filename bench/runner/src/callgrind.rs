//! Counts instructions with `valgrind --tool=callgrind`. Two runs of the same program with the same input
//! differ by less than 0.5 %.
//!
//! Valgrind does not support SHA instructions. Programs therefore hash in software under Valgrind, and the
//! counts include this work.

use std::process::Command;

use crate::Result;
use crate::programs::program;
use crate::server::Server;

/// Returns the instructions per unit of work.
///
/// Counts the instructions of two runs: one with `few` units, and one with `more` units. Divides the
/// difference of the counts by the difference of the units.
pub(crate) fn each(package: &str, server: &Server, work: &[&str], (few, more): (u64, u64)) -> Result<f64> {
    let arguments = ["--tool=callgrind", "--callgrind-out-file=/dev/null"];
    let count = |times| valgrind(&arguments, "Collected : ", package, server, work, times);
    Ok((count(more)? - count(few)?) / (more - few) as f64)
}

/// Runs a program with a tool of Valgrind, and returns the number that the tool prints after `label`.
pub(crate) fn valgrind(
    arguments: &[&str],
    label: &str,
    package: &str,
    server: &Server,
    work: &[&str],
    times: u64,
) -> Result<f64> {
    let output = Command::new("valgrind")
        .args(arguments)
        .arg(program(package))
        .arg(server.url())
        .args(work)
        .arg(times.to_string())
        .output()
        .map_err(|error| format!("valgrind: {error}; on Debian: `apt-get install valgrind`"))?;
    let stderr = String::from_utf8_lossy(&output.stderr);
    let line = stderr.lines().find_map(|line| line.split_once(label)).map(|(_, rest)| rest.trim_start());
    let number = line.and_then(|rest| rest.split_whitespace().next()).map(|number| number.replace(',', ""));
    match number.and_then(|number| number.parse().ok()) {
        Some(count) if output.status.success() => Ok(count),
        _ => Err(format!("valgrind {}: {}\n{stderr}", arguments.join(" "), output.status).into()),
    }
}

/// Returns the version of Valgrind.
pub(crate) fn version() -> Result<String> {
    let output = Command::new("valgrind")
        .arg("--version")
        .output()
        .map_err(|error| format!("valgrind: {error}; on Debian: `apt-get install valgrind`"))?;
    Ok(String::from_utf8_lossy(&output.stdout).trim().to_owned())
}
