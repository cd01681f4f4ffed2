//! Builds the adapters that are not Python or Node programs.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::{fs, io};

use super::adapter;
use super::installation::{execute, once};
use crate::Failure;
use crate::program::{cargo, succeeds};

/// The words of a command that runs a program, or the name of a missing toolchain.
pub(crate) type Words = Result<Vec<OsString>, &'static str>;

/// The folder for the programs. The toolchains use their own caches for dependencies.
#[derive(Debug)]
pub(crate) struct Toolchains {
    pub(crate) directory: PathBuf,
}

impl Toolchains {
    /// Builds the Go module of an adapter.
    pub(crate) fn go(&self, client: &str) -> Result<Words, Failure> {
        if !succeeds(Command::new("go").arg("version")) {
            return Ok(Err("go"));
        }
        let executable = self.directory.join("adapter-go");
        let mut build = Command::new("go");
        build.args(["build", "-o"]).arg(&executable).arg(".").current_dir(adapter(client));
        execute(&mut build, "go needs access to a module proxy")?;
        Ok(Ok(vec![executable.into()]))
    }

    /// Downloads the jars of the `pom.xml` of an adapter, and compiles its class `Adapter`.
    pub(crate) fn java(&self, client: &str) -> Result<Words, Failure> {
        for name in ["java", "javac", "mvn"] {
            if !succeeds(Command::new(name).arg("-version")) {
                return Ok(Err(name));
            }
        }
        let (folder, jars) = (adapter(client), self.directory.join("java"));
        let pom = folder.join("pom.xml");
        once(&jars, &pom, "", || {
            let mut maven = Command::new("mvn");
            maven.args(["--quiet", "--batch-mode", "-Dstyle.color=never"]);
            maven.args(["dependency:copy-dependencies", "--file"]).arg(&pom);
            maven.arg(format!("-DoutputDirectory={}", jars.display()));
            execute(&mut maven, "Maven needs access to a repository")
        })?;
        let (jars, classes) = (jars.join("*"), self.directory.join("java-classes"));
        let sources = sources(&folder, "java").map_err(|error| Failure::about(&folder, &error))?;
        let mut compiler = Command::new("javac");
        compiler.arg("--class-path").arg(&jars).arg("-d").arg(&classes).args(sources);
        execute(&mut compiler, "see conformance/adapters/java")?;
        let path = [classes.into_os_string(), jars.into_os_string()].join(":".as_ref());
        // The kit starts many virtual machines for a single call. With these options, a start takes half of the time.
        let options = ["-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC", "--class-path"];
        let words = ["java"].into_iter().chain(options).map(OsString::from);
        Ok(Ok(words.chain([path, "Adapter".into()]).collect()))
    }

    /// Builds the crate of an adapter. It is not a member of the workspace.
    pub(crate) fn cargo(&self, client: &str) -> Result<Words, Failure> {
        let target = self.directory.join("cargo");
        let mut build = cargo(&["build", "--quiet", "--locked", "--target-dir"]);
        build.arg(&target).current_dir(adapter(client));
        execute(&mut build, "cargo needs access to a registry, and the crate needs a recent Rust version")?;
        Ok(Ok(vec![target.join("debug").join(format!("adapter-{client}")).into()]))
    }
}

/// Returns the files of a folder with this extension.
fn sources(folder: &Path, extension: &str) -> io::Result<Vec<PathBuf>> {
    let mut files = fs::read_dir(folder)?.map(|entry| Ok(entry?.path())).collect::<io::Result<Vec<_>>>()?;
    files.retain(|file| file.extension().is_some_and(|found| found == extension));
    Ok(files)
}
