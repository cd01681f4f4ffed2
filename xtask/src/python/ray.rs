//! `cargo xtask ray`: tests the module `invoke_model.ray` with a local cluster of Ray, and measures it.
//!
//! Ray is large, so it has its own virtual environment and its own step.

use std::process::Command;

use super::{Package, create_environment, pip};
use crate::clients::installation::execute;
use crate::clients::prepare;
use crate::{Failure, bulk, program, quota};

/// The page with the figures.
const PAGE: &str = "docs/ray.md";

/// Arguments of the command.
#[derive(Debug, Default, clap::Args)]
pub(crate) struct Arguments {
    /// Measure the figures of `docs/ray.md`, instead of running the tests. This takes minutes.
    #[arg(long)]
    figures: bool,
    /// Write the figures into docs/ray.md.
    #[arg(long)]
    write: bool,
    /// Make tests fail, instead of skipping them, if there is no Redis or Valkey server.
    #[arg(skip)]
    requires_server: bool,
    /// Arguments of pytest.
    #[arg(trailing_var_arg = true, allow_hyphen_values = true, value_name = "ARGUMENT")]
    arguments: Vec<String>,
}

impl Arguments {
    /// Returns the arguments of `cargo xtask ci`.
    pub(crate) fn of_ci() -> Self {
        Self { requires_server: true, ..Self::default() }
    }
}

/// Runs the tests, or measures the figures. If Ray cannot be installed, returns a line that states it.
pub(crate) fn run(arguments: &Arguments) -> Result<Vec<String>, Failure> {
    let package = Package::new()?;
    let environment = package.target.join("ray-venv");
    let requirements = package.source.join("tests_ray/requirements.txt");
    if let Err(failure) = create_environment(&environment, &requirements, "bin/ray") {
        return Ok(vec![format!("Ray Data (Ray cannot be installed: {failure})")]);
    }
    package.install_tools()?;
    let wheel = package.build(&["--profile", "dev"])?;
    let mut install = pip(&environment);
    install.args(["install", "--no-deps", "--force-reinstall"]).arg(wheel);
    execute(&mut install, "pip could not install the package")?;
    let mut python = Command::new(environment.join("bin/python"));
    prepare(&mut python, &package.target);
    // The workers of the cluster import compiled modules from the environment.
    python.env_remove("PYTHONPATH").env_remove("PYTHONPYCACHEPREFIX").current_dir(&package.source);
    if !arguments.figures && !arguments.write {
        python.args(["-m", "pytest", "-q", "-p", "no:cacheprovider", "-p", "no:logging"]);
        // The log of a dataset has thousands of lines.
        python.args(["--show-capture=no", "-W", "ignore::DeprecationWarning", "tests_ray"]);
        python.args(&arguments.arguments);
        if arguments.requires_server {
            quota::require_server(&mut python);
        }
        return program::run(&mut python).map(|()| Vec::new());
    }
    let output = program::output(python.arg("bench/ray_figures.py"))?;
    // Ray prints messages about killed actors to the standard output.
    let rows: Vec<&str> = output.split_inclusive('\n').filter(|line| line.starts_with("| ")).collect();
    let table = bulk::table(&rows.concat());
    print!("{table}");
    if arguments.write {
        bulk::write_table(PAGE, "ray", &table)?;
    }
    Ok(Vec::new())
}
