//! Instructions by `valgrind --tool=callgrind`: the same program and input give the same count.
//!
//! Valgrind knows no SHA instructions, so what it counts of a hash is the software's: more than the machine executes.

use std::process::Command;

use crate::Result;
use crate::programs::program;
use crate::server::Server;

/// The instructions that one more of something costs, over a run with few of them and one with more.
pub(crate) fn each(package: &str, server: &Server, work: &[&str], (few, more): (u64, u64)) -> Result<f64> {
    let arguments = ["--tool=callgrind", "--callgrind-out-file=/dev/null"];
    let count = |times| valgrind(&arguments, "Collected : ", package, server, work, times);
    Ok((count(more)? - count(few)?) / (more - few) as f64)
}

/// What a tool of Valgrind says after `label` when the program has done its work so many times.
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
    let words = String::from_utf8_lossy(&output.stderr);
    let line = words.lines().find_map(|line| line.split_once(label)).map(|(_, rest)| rest.trim_start());
    let number = line.and_then(|rest| rest.split_whitespace().next()).map(|number| number.replace(',', ""));
    match number.and_then(|number| number.parse().ok()) {
        Some(count) if output.status.success() => Ok(count),
        _ => Err(format!("valgrind {}: {}\n{words}", arguments.join(" "), output.status).into()),
    }
}

/// Which Valgrind this is, as it says it.
pub(crate) fn version() -> Result<String> {
    let output = Command::new("valgrind")
        .arg("--version")
        .output()
        .map_err(|error| format!("valgrind: {error}; on Debian: `apt-get install valgrind`"))?;
    Ok(String::from_utf8_lossy(&output.stdout).trim().to_owned())
}
