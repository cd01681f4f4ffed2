//! `cargo xtask python`: builds the Python package in `bindings/python`, runs its tests, and checks its type
//! annotations.
//!
//! The command creates a virtual environment in the target directory. The package is a separate workspace, so that the
//! main workspace needs no Python.

pub(crate) mod ray;
mod wheels;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::clients::installation::{execute, once};
use crate::clients::prepare;
use crate::{Failure, program, programs, quota, root, suites};

/// Arguments of the command.
#[derive(Debug, Default, clap::Args)]
pub(crate) struct Arguments {
    /// Measure the figures of `docs/python.md` with a release build, instead of running the tests.
    #[arg(long)]
    figures: bool,
    /// Make calls with all clients for this number of minutes, and check that no memory and no connection leaks, instead
    /// of running the tests. `ci` does not do it.
    #[arg(long, value_name = "MINUTES", conflicts_with_all = ["figures", "wheels"])]
    soak: Option<f64>,
    /// Build and audit the wheels of a release, instead of running the tests. This takes minutes, and `ci` does not do
    /// it.
    #[arg(long, conflicts_with_all = ["figures", "arguments"])]
    wheels: bool,
    /// Make tests fail instead of skipping them.
    #[arg(skip)]
    fails_on_skips: bool,
    /// Arguments of pytest, or of the programs that measure figures.
    #[arg(trailing_var_arg = true, allow_hyphen_values = true, value_name = "ARGUMENT")]
    arguments: Vec<String>,
}

impl Arguments {
    /// Returns the arguments of `cargo xtask ci`.
    pub(crate) fn of_ci() -> Self {
        Self { fails_on_skips: true, ..Self::default() }
    }
}

pub(crate) fn run(arguments: &Arguments) -> Result<(), Failure> {
    if arguments.wheels {
        return wheels::run();
    }
    let package = Package::new()?;
    package.install_tools()?;
    if arguments.figures {
        // The highest level of maturin. The wheels of a release are compressed again with Zopfli.
        package.install(&["--release", "--compression-level", "9"])?;
        let mut figures = package.python();
        // pip has compiled the modules next to their sources. With this variable, each import would compile them again.
        figures.env_remove("PYTHONPYCACHEPREFIX");
        return program::run(figures.arg("bench/figures.py").args(&arguments.arguments));
    }
    if let Some(minutes) = arguments.soak {
        package.install(&["--profile", "dev"])?;
        let mut soak = package.python();
        soak.arg("bench/soak.py").arg(minutes.to_string()).args(&arguments.arguments);
        return program::run(&mut soak);
    }
    package.lint()?;
    package.install(&["--profile", "dev"])?;
    let mut tests = package.python();
    tests.args(["-m", "pytest", "-q", "-p", "no:cacheprovider"]).args(&arguments.arguments);
    let recorded = suites::find_all("recorded").into_iter().next();
    if let Some(recorded) = &recorded {
        tests.env("INVOKE_MODEL_RECORDED", recorded);
    }
    if arguments.fails_on_skips {
        quota::require_server(&mut tests);
        // Without the recorded exchanges, their tests are skipped, and `ci` reports the missing suite.
        if recorded.is_some() {
            tests.env("INVOKE_MODEL_SKIPS", "fail");
        }
    }
    program::run(&mut tests)?;
    // Arguments of pytest select tests.
    if !arguments.arguments.is_empty() {
        return Ok(());
    }
    program::run(package.python().args(["tests/typing/check.py", "--runtime"]))
}

/// Builds the package, and installs it in a virtual environment. Returns the path of its interpreter.
pub(crate) fn install() -> Result<PathBuf, Failure> {
    let package = Package::new()?;
    package.install_tools()?;
    package.install(&["--profile", "dev"])?;
    Ok(package.program("python"))
}

/// Returns the folder of the package that this command has installed, if it exists.
pub(crate) fn installed_package() -> Result<Option<PathBuf>, Failure> {
    let libraries = Package::new()?.environment().join("lib");
    let Ok(versions) = fs::read_dir(libraries) else { return Ok(None) };
    let mut packages =
        versions.filter_map(|version| Some(version.ok()?.path().join("site-packages/invoke_model")));
    Ok(packages.find(|package| package.join("__init__.py").exists()))
}

/// The source of the package, and the folders that the command creates.
struct Package {
    source: PathBuf,
    /// The target directory of this workspace. The package is another workspace, but most of its dependencies are the
    /// same, and cargo compiles them once for both.
    cargo_target: PathBuf,
    /// The folder for the virtual environment, the wheels and the other files of the command.
    target: PathBuf,
}

impl Package {
    fn new() -> Result<Self, Failure> {
        let cargo_target = programs::target_directory()?;
        let target = cargo_target.join("python");
        fs::create_dir_all(&target).map_err(|error| Failure::about(&target, &error))?;
        Ok(Self { source: root().join("bindings/python"), cargo_target, target })
    }

    fn environment(&self) -> PathBuf {
        self.target.join("venv")
    }

    fn program(&self, name: &str) -> PathBuf {
        self.environment().join("bin").join(name)
    }

    /// Returns a command that runs Python in the source folder, without settings of the user.
    fn python(&self) -> Command {
        let mut command = Command::new(self.program("python"));
        prepare(&mut command, &self.target);
        // The other clients find their modules with this variable.
        command.env_remove("PYTHONPATH").current_dir(&self.source);
        command
    }

    /// Creates the virtual environment from `requirements.txt`, if it does not exist yet.
    fn install_tools(&self) -> Result<(), Failure> {
        create_environment(&self.environment(), &self.source.join("requirements.txt"), "bin/maturin")
    }

    fn pip(&self) -> Command {
        pip(&self.environment())
    }

    /// Checks the Rust code of the package.
    fn lint(&self) -> Result<(), Failure> {
        let commands: [&[&str]; 2] = [
            &["fmt", "--check"],
            &["clippy", "--quiet", "--locked", "--all-targets", "--", "-D", "warnings"],
        ];
        commands.iter().try_for_each(|arguments| {
            let mut cargo = program::cargo(arguments);
            cargo.current_dir(&self.source).env("CARGO_TARGET_DIR", &self.cargo_target);
            program::run(cargo.env("PYO3_PYTHON", self.program("python")))
        })
    }

    /// Builds the wheel, and installs it in the environment.
    fn install(&self, profile: &[&str]) -> Result<(), Failure> {
        self.install_wheel(&self.build(profile)?)
    }

    /// Installs a wheel in the environment.
    fn install_wheel(&self, wheel: &Path) -> Result<(), Failure> {
        let mut install = self.pip();
        install.args(["install", "--no-deps", "--force-reinstall"]).arg(wheel);
        execute(&mut install, "pip could not install the package")
    }

    /// Builds the wheel, and returns its path.
    fn build(&self, profile: &[&str]) -> Result<PathBuf, Failure> {
        let wheels = self.target.join("wheels");
        remove(&wheels)?;
        let mut build = Command::new(self.program("maturin"));
        build.args(["build", "--quiet", "--locked", "--interpreter"]).arg(self.program("python"));
        build.args(profile).arg("--out").arg(&wheels);
        build.current_dir(&self.source).env("CARGO_TARGET_DIR", &self.cargo_target);
        execute(&mut build, "maturin could not build the package")?;
        only_file(&wheels)
    }
}

/// Creates a virtual environment with the packages that the file `requirements` lists, if it does not exist yet. `proof`
/// is a file of one of these packages.
fn create_environment(environment: &Path, requirements: &Path, proof: &str) -> Result<(), Failure> {
    once(environment, requirements, proof, || {
        let mut create = Command::new("python3");
        create.args(["-m", "venv", "--clear"]).arg(environment);
        execute(&mut create, "install Python 3.11 or later with its module `venv`")?;
        let mut install = pip(environment);
        install.args(["install", "--no-deps", "--requirement"]).arg(requirements);
        execute(&mut install, "pip needs access to a package index")?;
        let advice = format!("add the missing packages to {}", requirements.display());
        execute(pip(environment).arg("check"), &advice)
    })
}

/// Returns `pip` of a virtual environment.
fn pip(environment: &Path) -> Command {
    let mut command = Command::new(environment.join("bin/python"));
    command.args(["-m", "pip", "--disable-pip-version-check"]).stdout(Stdio::null());
    command
}

/// Removes a folder, if it exists.
fn remove(folder: &Path) -> Result<(), Failure> {
    if folder.exists() {
        fs::remove_dir_all(folder).map_err(|error| Failure::about(folder, &error))?;
    }
    Ok(())
}

/// Returns the only file in a folder.
fn only_file(folder: &Path) -> Result<PathBuf, Failure> {
    let entries = fs::read_dir(folder).and_then(Iterator::collect::<Result<Vec<_>, _>>);
    let entries = entries.map_err(|error| Failure::about(folder, &error))?;
    match &entries[..] {
        [file] => Ok(file.path()),
        files => {
            Err(Failure::new(format!("{}: expected one wheel, found {}", folder.display(), files.len())))
        }
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::only_file;

    #[test]
    fn a_folder_must_have_one_file() {
        let directory = tempfile::tempdir().unwrap();
        assert!(
            only_file(directory.path()).unwrap_err().to_string().ends_with("expected one wheel, found 0")
        );
        fs::write(directory.path().join("a.whl"), "").unwrap();
        assert_eq!(only_file(directory.path()).unwrap(), directory.path().join("a.whl"));
        fs::write(directory.path().join("b.whl"), "").unwrap();
        assert!(only_file(directory.path()).unwrap_err().to_string().ends_with("found 2"));
    }
}
