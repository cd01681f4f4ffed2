//! `cargo xtask quota`: tests the quota store with a real Redis or Valkey server.

use std::process::Command;

use crate::program::{cargo, run as run_command, succeeds};
use crate::{Failure, step};

/// The packages of the server. Each package has the name of its program.
const SERVERS: [&str; 2] = ["valkey-server", "redis-server"];

/// Installs a server if there is none, and runs the tests that need it.
pub(crate) fn run() -> Result<(), Failure> {
    install()?;
    step("quota store");
    let arguments = ["test", "--package=invoke-model-client", "--features=redis", "--lib", "--test=redis"];
    run_command(require_server(&mut cargo(&arguments)))
}

/// Makes tests fail, instead of skipping them, if there is no server.
pub(crate) fn require_server(tests: &mut Command) -> &mut Command {
    tests.env("REDIS_TESTS", "required")
}

/// Installs a server from the packages of the distribution, if there is none.
///
/// # Errors
/// Returns an error if no package can be installed.
pub(crate) fn install() -> Result<(), Failure> {
    let is_installed = |program: &str| succeeds(Command::new(program).arg("--version"));
    let install = |package: &str| {
        let mut command = Command::new("apt-get");
        succeeds(command.args(["install", "--yes", "--no-install-recommends", package]))
    };
    if SERVERS.into_iter().any(is_installed) {
        return Ok(());
    }
    // The lists of packages can be old or missing. Without the permission to update them, the installation
    // fails, too.
    succeeds(Command::new("apt-get").arg("update"));
    match SERVERS.into_iter().any(|package| install(package) && is_installed(package)) {
        true => Ok(()),
        false => Err(Failure::new(format!("install one of {SERVERS:?}: `apt-get install` failed"))),
    }
}
