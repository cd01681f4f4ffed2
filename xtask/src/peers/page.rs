//! Checks the page of the local endpoint in headless Chromium. Chromium comes from an npm package, because a
//! download from elsewhere would need access to another server.

use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};

use super::installation::{about, execute, once, source};
use super::python::Python;
use crate::Failure;

/// Installs Chromium in `place`, and runs `tests/peers/page/page.mjs`. `invoke_model` is the command. Returns
/// `false` if the package has no Chromium for this machine.
pub(super) fn run(python: &Python, place: &Path, invoke_model: &Path) -> Result<bool, Failure> {
    if !cfg!(all(target_os = "linux", target_arch = "x86_64")) {
        return Ok(false);
    }
    let lock = source("page/package-lock.json");
    once(place, &lock, "node_modules/.package-lock.json", || {
        // Chromium is extracted to this folder.
        let temporary = place.join("tmp");
        fs::create_dir_all(&temporary).map_err(|error| about(&temporary, &error))?;
        for name in ["package.json", "package-lock.json"] {
            let pinned = source("page").join(name);
            fs::copy(&pinned, place.join(name)).map_err(|error| about(&pinned, &error))?;
        }
        let install = ["ci", "--ignore-scripts", "--no-audit", "--no-fund"];
        let mut npm = Command::new(python.program("npm"));
        npm.args(install).current_dir(place).stdout(Stdio::null());
        execute(&mut npm, "npm needs access to a package registry")
    })?;
    // The delay between two events lets the page show a stream while it is sent.
    let mut serve = Command::new(invoke_model);
    serve.args(["serve", "--pace", "400", "--"]).arg(python.program("node")).arg(source("page/page.mjs"));
    serve.arg(invoke_model).arg(place).env("TMPDIR", place.join("tmp"));
    execute(&mut serve, "the expected and actual values are above; see tests/peers/page/page.mjs")?;
    Ok(true)
}
