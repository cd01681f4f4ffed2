//! Description of the machine and the software versions.

use std::process::Command;
use std::thread::available_parallelism;

use crate::programs::workspace;
use crate::{Result, callgrind};

/// Packages whose versions influence the results.
const PACKAGES: [&str; 6] =
    ["aws-sdk-bedrockruntime", "aws-smithy-runtime", "hyper", "hyper-util", "sha2", "tokio"];

/// Returns two lines with the date, the machine and the tools, without the host name.
pub(crate) fn description() -> Result<String> {
    let information = std::fs::read_to_string("/proc/cpuinfo")?;
    let of = |name: &str| {
        let line = information.lines().find(|line| line.starts_with(name));
        line.and_then(|line| line.split_once(':')).map_or("unknown", |(_, value)| value.trim()).to_owned()
    };
    let sha = if of("flags").split(' ').any(|flag| flag == "sha_ni") { "with" } else { "without" };
    let cores = available_parallelism()?;
    let release = std::fs::read_to_string("/proc/sys/kernel/osrelease")?;
    let linux = release.trim().split('-').next().unwrap_or_default();
    let (date, rustc, valgrind) = (output_of("date", "+%F")?, rustc()?, callgrind::version()?);
    let model = of("model name");
    Ok(format!("{date}: {model}, {cores} cores, {sha} SHA instructions;\nLinux {linux}; {rustc}; {valgrind}"))
}

/// Returns the version of the compiler.
pub(crate) fn rustc() -> Result<String> {
    output_of("rustc", "--version")
}

fn output_of(program: &str, argument: &str) -> Result<String> {
    let output =
        Command::new(program).arg(argument).output().map_err(|error| format!("{program}: {error}"))?;
    Ok(String::from_utf8_lossy(&output.stdout).trim().to_owned())
}

/// Returns the versions of [`PACKAGES`] from the lock file.
pub(crate) fn versions() -> Result<String> {
    let lock = std::fs::read_to_string(workspace().join("Cargo.lock"))?;
    let versions = PACKAGES.map(|name| {
        // The official crate also depends on older versions of some packages. Use the last entry of a package
        // in the lock file, because it is the newest version.
        let version = lock.split("[[package]]").filter_map(|package| {
            package.contains(&format!("name = \"{name}\"\n")).then(|| package.split('"').nth(3)).flatten()
        });
        let version = version.last();
        format!("{name} {}", version.unwrap_or("?"))
    });
    Ok(versions.join(", "))
}
