//! `cargo xtask gateway`: tests the example gateway, and runs the commands of its page.

use std::fmt::Display;
use std::fs;
use std::os::unix::process::CommandExt;
use std::process::Command;

use crate::program::{cargo, run as run_command, succeeds};
use crate::quota::{install, require_server};
use crate::readme::{blocks, search_path};
use crate::{Failure, clients, root, step};

/// Runs the tests of the gateway with a Redis or Valkey server, and the commands of the page.
pub(crate) fn run() -> Result<(), Failure> {
    install()?;
    step("tests of the gateway");
    run_command(require_server(&mut cargo(&["test", "--package=invoke-model-gateway"])))?;
    step("page of the gateway");
    page()
}

/// Runs all `sh` blocks of the page as one script, as a reader would paste them into one shell.
pub(crate) fn page() -> Result<(), Failure> {
    let path = root().join("examples/gateway/README.md");
    let failure = |error: &dyn Display| Failure::about(&path, error);
    let page = fs::read_to_string(&path).map_err(|error| failure(&error))?;
    let script: String =
        blocks(&page).into_iter().filter(|block| block.language == "sh").map(|block| block.text).collect();
    if !script.contains("invoke-model-gateway") {
        return Err(failure(&"the page has no `sh` block that starts the gateway"));
    }
    // The environment contains boto3.
    let python = clients::python()?;
    let mut shell = Command::new("sh");
    shell.args(["-e", "-x", "-c", &script]).current_dir(root()).process_group(0);
    shell.env("PATH", search_path(&python.programs()));
    let mut shell = shell.spawn().map_err(|error| failure(&error))?;
    let status = shell.wait().map_err(|error| failure(&error))?;
    // Ends the servers that a failed script has started.
    succeeds(Command::new("kill").args(["-KILL", "--", &format!("-{}", shell.id())]));
    match status.success() {
        true => Ok(()),
        false => Err(failure(&format!("a command failed: {status}"))),
    }
}
