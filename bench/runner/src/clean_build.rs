//! Time and size of a clean release build of a minimal program.

use std::fs;
use std::process::Command;
use std::time::{Duration, Instant};

use nix::sys::resource::{UsageWho, getrusage};
use nix::sys::time::TimeValLike;

use crate::Result;
use crate::programs::workspace;
use crate::row::Row;
use crate::samples::Samples;
use crate::targets::{BUILD_CRATES, BUILD_SIZE, BUILD_TIME};

/// Clients to build. Plain hyper-util is not built, because its program has no TLS.
pub(crate) const CLIENTS: &[&str] = &["ours", "official"];

/// Builds the program of each client, and returns the rows.
pub(crate) fn rows() -> Result<Vec<Row>> {
    let builds = CLIENTS.iter().map(|client| build(client)).collect::<Result<Vec<_>>>()?;
    let row = |what, digits, value: fn(&CleanBuild) -> f64| {
        Row::new(what, digits, builds.iter().map(|build| Samples::one(value(build))).collect())
    };
    Ok(vec![
        row("crates", 0, |build| build.crates as f64).target(BUILD_CRATES),
        row("processor time, seconds", 0, |build| build.cpu.as_secs_f64()).target(BUILD_TIME),
        row("elapsed time, seconds", 0, |build| build.wall.as_secs_f64()),
        row("size without symbols, MB", 1, |build| build.size as f64 / 1e6).target(BUILD_SIZE),
    ])
}

/// Measurements of one build.
#[derive(Clone, Copy, Debug)]
struct CleanBuild {
    /// Number of compiled crates, including the dependencies of build scripts.
    crates: usize,
    /// Elapsed time.
    wall: Duration,
    /// Processor time. Other load on the machine affects the processor time less than the elapsed time.
    cpu: Duration,
    /// Size of the program without symbols, in bytes.
    size: u64,
}

/// Builds a minimal program in an empty folder. Downloads its crates before the measurement starts.
fn build(client: &str) -> Result<CleanBuild> {
    let target = workspace().join("target/clean");
    if target.exists() {
        fs::remove_dir_all(&target)?;
    }
    let package = format!("minimal-{client}");
    let fetched = Command::new("cargo").args(["fetch", "--quiet"]).current_dir(workspace()).status()?;
    if !fetched.success() {
        return Err("`cargo fetch` failed in bench/; a clean build requires the downloaded crates".into());
    }
    let (start, before) = (Instant::now(), children_cpu()?);
    let output = Command::new("cargo")
        .args(["build", "--release", "--offline", "--package", &package])
        .env("CARGO_TARGET_DIR", &target)
        .env("CARGO_PROFILE_RELEASE_STRIP", "symbols")
        .current_dir(workspace())
        .output()?;
    let (wall, cpu) = (start.elapsed(), children_cpu()? - before);
    let stderr = String::from_utf8_lossy(&output.stderr);
    if !output.status.success() {
        return Err(format!("the clean build of {package} failed\n{stderr}").into());
    }
    let crates = stderr.lines().filter(|line| line.trim_start().starts_with("Compiling ")).count();
    let size = fs::metadata(target.join("release").join(&package))?.len();
    fs::remove_dir_all(&target)?;
    Ok(CleanBuild { crates, wall, cpu, size })
}

/// Returns the processor time of all child processes that have ended.
fn children_cpu() -> Result<Duration> {
    let usage = getrusage(UsageWho::RUSAGE_CHILDREN)?;
    let spent = usage.user_time().num_microseconds() + usage.system_time().num_microseconds();
    Ok(Duration::from_micros(spent.unsigned_abs()))
}
