//! Builds the programs of the peers that are not Python or Node packages.

use std::ffi::OsString;
use std::path::PathBuf;
use std::process::Command;

use super::installation::{execute, once, source};
use crate::Failure;
use crate::program::{cargo, succeeds};

/// The words of a command that runs a program, or the name of a missing toolchain.
pub(super) type Words = Result<Vec<OsString>, &'static str>;

/// The folder for the programs. The toolchains use their own caches for dependencies.
#[derive(Debug)]
pub(super) struct Toolchains {
    pub(super) directory: PathBuf,
}

impl Toolchains {
    /// Builds the Go module in a folder of `tests/peers`.
    pub(super) fn go(&self, folder: &str) -> Result<Words, Failure> {
        if !succeeds(Command::new("go").arg("version")) {
            return Ok(Err("go"));
        }
        let executable = self.directory.join("go");
        let mut build = Command::new("go");
        build.args(["build", "-o"]).arg(&executable).current_dir(source(folder));
        execute(&mut build, "go needs access to a module proxy")?;
        Ok(Ok(vec![executable.into()]))
    }

    /// Downloads the jars of the `pom.xml` in a folder of `tests/peers`. `java` compiles `Operations.java`
    /// when it runs this file.
    pub(super) fn java(&self, folder: &str) -> Result<Words, Failure> {
        for name in ["java", "mvn"] {
            if !succeeds(Command::new(name).arg("-version")) {
                return Ok(Err(name));
            }
        }
        let (folder, jars) = (source(folder), self.directory.join("java"));
        let pom = folder.join("pom.xml");
        once(&jars, &pom, "", || {
            let mut maven = Command::new("mvn");
            maven.args(["--quiet", "--batch-mode", "-Dstyle.color=never"]);
            maven.args(["dependency:copy-dependencies", "--file"]).arg(&pom);
            maven.arg(format!("-DoutputDirectory={}", jars.display()));
            execute(&mut maven, "Maven needs access to a repository")
        })?;
        let path = jars.join("*");
        Ok(Ok(vec!["java".into(), "--class-path".into(), path.into(), folder.join("Operations.java").into()]))
    }

    /// Builds the crate in a folder of `tests/peers`.
    pub(super) fn cargo(&self, folder: &str) -> Result<Words, Failure> {
        let target = self.directory.join("cargo");
        let mut build = cargo(&["build", "--quiet", "--locked", "--target-dir"]);
        build.arg(&target).current_dir(source(folder));
        execute(&mut build, "cargo needs access to a registry, and the crate needs a recent Rust version")?;
        Ok(Ok(vec![target.join("debug/peer-official").into()]))
    }
}
