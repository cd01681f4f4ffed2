//! Run time of a program that makes one call.

use std::process::Command;
use std::time::Instant;

use crate::Result;
use crate::cores::{self, Core};
use crate::programs::program;
use crate::roots::Roots;

/// Runs a minimal program from start to end, and returns the time in milliseconds.
pub(crate) fn to_first_response(client: &str, url: &str, roots: &Roots) -> Result<f64> {
    time(&format!("minimal-{client}"), &[url], roots)
}

/// Runs a client program, whose first call gets a stream of one event, and returns the time in milliseconds.
pub(crate) fn to_first_event(client: &str, url: &str, roots: &Roots) -> Result<f64> {
    time(&format!("bench-{client}"), &[url, "first-event"], roots)
}

fn time(package: &str, arguments: &[&str], roots: &Roots) -> Result<f64> {
    let mut command = Command::new(program(package));
    command.args(arguments);
    roots.configure(&mut command);
    let (output, spent) = cores::on(Core::Client, || {
        let start = Instant::now();
        (command.output(), start.elapsed())
    })?;
    let output = output?;
    if !output.status.success() {
        let stderr = String::from_utf8_lossy(&output.stderr);
        return Err(format!("{package} {}: {}\n{stderr}", arguments.join(" "), output.status).into());
    }
    Ok(spent.as_secs_f64() * 1e3)
}
