//! Checks the page of the local endpoint in headless Chromium. Chromium comes from an npm package, because a
//! download from elsewhere would need access to another server.

use std::fs;
use std::path::Path;
use std::process::Command;

use crate::Failure;
use crate::clients::installation::{execute, source};
use crate::clients::{Node, Python};

/// Installs Chromium in `place`, and runs `tests/peers/page/page.mjs`. `invoke_model` is the command. Returns
/// `false` if the package has no Chromium for this machine.
pub(super) fn run(python: &Python, place: &Path, invoke_model: &Path) -> Result<bool, Failure> {
    if !cfg!(all(target_os = "linux", target_arch = "x86_64")) {
        return Ok(false);
    }
    Node::install(python, "page", place.to_owned())?;
    // Chromium is extracted to this folder.
    let temporary = place.join("tmp");
    fs::create_dir_all(&temporary).map_err(|error| Failure::about(&temporary, &error))?;
    // The delay between two events lets the page show a stream while it is sent.
    let mut serve = Command::new(invoke_model);
    serve.args(["serve", "--pace", "400", "--"]).arg(python.program("node")).arg(source("page/page.mjs"));
    serve.arg(invoke_model).arg(place).env("TMPDIR", temporary);
    execute(&mut serve, "the expected and actual values are above; see tests/peers/page/page.mjs")?;
    Ok(true)
}
