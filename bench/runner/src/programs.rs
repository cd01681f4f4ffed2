//! Builds and runs the programs of this workspace.

use std::path::{Path, PathBuf};
use std::process::Command;

use bench_workload::Measured;

use crate::Result;
use crate::cores::{self, Core};
use crate::server::Server;

/// Returns the folder of this workspace.
pub(crate) fn workspace() -> PathBuf {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    here.parent().unwrap_or(here).to_owned()
}

/// Returns the path of the program of a package.
pub(crate) fn program(package: &str) -> PathBuf {
    workspace().join("target/release").join(package)
}

/// Builds packages one by one. If Cargo built several packages together, it would unify the features of their
/// dependencies.
pub(crate) fn build(packages: &[&str]) -> Result<()> {
    for package in packages {
        let arguments = ["build", "--release", "--quiet", "--package", package];
        let status = Command::new("cargo").args(arguments).current_dir(workspace()).status()?;
        if !status.success() {
            return Err(format!("`cargo {}` failed in bench/", arguments.join(" ")).into());
        }
    }
    Ok(())
}

/// Runs a client on its own core, and parses the measurements that it prints.
pub(crate) fn measure(client: &str, server: &Server, work: &[&str]) -> Result<Measured> {
    Ok(run(client, server, work)?.trim().parse()?)
}

/// Runs a client on its own core, and returns its output.
pub(crate) fn run(client: &str, server: &Server, work: &[&str]) -> Result<String> {
    output(command(client, server.url(), work))
}

/// Returns the command that runs a client.
pub(crate) fn command(client: &str, url: &str, work: &[&str]) -> Command {
    let mut command = Command::new(program(&format!("bench-{client}")));
    command.arg(url).args(work);
    command
}

/// Runs a command on the core of the clients, and returns its output.
pub(crate) fn output(mut command: Command) -> Result<String> {
    let output = cores::on(Core::Client, || command.output())??;
    if !output.status.success() {
        let stderr = String::from_utf8_lossy(&output.stderr);
        return Err(format!("{command:?}: {}\n{stderr}", output.status).into());
    }
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}
