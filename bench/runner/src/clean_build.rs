//! A clean release build of a minimal program: what a user waits for, and what is shipped.

use std::fs;
use std::process::Command;
use std::time::{Duration, Instant};

use nix::sys::resource::{UsageWho, getrusage};
use nix::sys::time::TimeValLike;

use crate::Result;
use crate::programs::workspace;

/// What one build took.
#[derive(Clone, Copy, Debug)]
pub(crate) struct CleanBuild {
    /// Crates that were compiled, those of build scripts included.
    pub(crate) crates: usize,
    /// By the clock.
    pub(crate) wall: Duration,
    /// Of the processors: what else the machine does matters less to it.
    pub(crate) cpu: Duration,
    /// Of the program without symbols, in bytes.
    pub(crate) size: u64,
}

/// Builds a minimal program in an empty folder. What it needs is fetched before the clock starts.
pub(crate) fn build(client: &str) -> Result<CleanBuild> {
    let target = workspace().join("target/clean");
    if target.exists() {
        fs::remove_dir_all(&target)?;
    }
    let package = format!("minimal-{client}");
    let fetched = Command::new("cargo").args(["fetch", "--quiet"]).current_dir(workspace()).status()?;
    if !fetched.success() {
        return Err("`cargo fetch` failed in bench/: a clean build needs its crates".into());
    }
    let (start, before) = (Instant::now(), spent()?);
    let output = Command::new("cargo")
        .args(["build", "--release", "--offline", "--package", &package])
        .env("CARGO_TARGET_DIR", &target)
        .env("CARGO_PROFILE_RELEASE_STRIP", "symbols")
        .current_dir(workspace())
        .output()?;
    let (wall, cpu) = (start.elapsed(), spent()? - before);
    let words = String::from_utf8_lossy(&output.stderr);
    if !output.status.success() {
        return Err(format!("the clean build of {package} failed\n{words}").into());
    }
    let crates = words.lines().filter(|line| line.trim_start().starts_with("Compiling ")).count();
    let size = fs::metadata(target.join("release").join(&package))?.len();
    fs::remove_dir_all(&target)?;
    Ok(CleanBuild { crates, wall, cpu, size })
}

/// What the programs that this one has started and that have ended took of the processors.
fn spent() -> Result<Duration> {
    let usage = getrusage(UsageWho::RUSAGE_CHILDREN)?;
    let spent = usage.user_time().num_microseconds() + usage.system_time().num_microseconds();
    Ok(Duration::from_micros(spent.unsigned_abs()))
}
