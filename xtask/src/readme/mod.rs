//! `cargo xtask readme`: compiles and runs the programs and commands of the README, exactly as a reader would
//! paste them.
//!
//! Each `rust` block becomes the `src/main.rs` of a crate. The dependencies of the crate come from the
//! `[dependencies]` block above the `rust` block, with paths to the crates of this workspace. This command
//! also runs some commands of the `sh` blocks: `cargo run`, `cargo install --path`, the installed program
//! with `--local`, and `seq`, which writes the input of another command.

mod blocks;
mod program;

use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

pub(crate) use blocks::blocks;

use crate::{Failure, programs::target_directory, root};
use blocks::commands;
use program::{Program, name, programs};

/// Folder of the crates of the programs, relative to the workspace.
const FOLDER: &str = "target/readme";

#[derive(Debug, Default, clap::Args)]
pub(crate) struct Arguments {
    /// Page to check. Default: `README.md` of this workspace.
    #[arg(value_name = "FILE")]
    page: Option<PathBuf>,
}

pub(crate) fn run(arguments: &Arguments) -> Result<(), Failure> {
    let path = arguments.page.clone().unwrap_or_else(|| root().join("README.md"));
    let page = fs::read_to_string(&path).map_err(|error| Failure::about(&path, &error))?;
    let blocks = blocks(&page);
    let programs = programs(&blocks, &root()).map_err(|message| Failure::about(&path, &message))?;
    let shell = blocks.iter().filter(|block| block.language == "sh");
    let commands: Vec<String> =
        shell.flat_map(|block| commands(&block.text)).filter(|line| is_run(line)).collect();
    if programs.is_empty() || commands.is_empty() {
        return Err(Failure::about(
            &path,
            &"the page must have a `rust` block and a command that starts with `cargo run`",
        ));
    }
    run_programs(&programs)?;
    // Files of an earlier run would change the outcome of a command.
    let files = root().join(FOLDER).join("files");
    if files.exists() {
        fs::remove_dir_all(&files).map_err(|error| Failure::about(&files, &error))?;
    }
    fs::create_dir_all(&files).map_err(|error| Failure::about(&files, &error))?;
    commands.iter().try_for_each(|command| run_command(command, &files))
}

/// Returns `true` if a command of the page needs neither AWS nor published crates.
fn is_run(command: &str) -> bool {
    command.starts_with("cargo run ")
        || command.starts_with("cargo install --path ")
        || command.starts_with("seq ")
        || (command.starts_with("invoke-model ") && command.contains(" --local"))
}

/// Builds all programs in one workspace, and runs them one after the other.
fn run_programs(programs: &[Program]) -> Result<(), Failure> {
    let workspace = root().join(FOLDER);
    let members: Vec<String> = programs.iter().map(|program| name(program.line)).collect();
    write(&workspace.join("Cargo.toml"), &format!("[workspace]\nresolver = \"3\"\nmembers = {members:?}\n"))?;
    let lock = root().join("Cargo.lock");
    // The copied lock file selects the same versions as this workspace.
    fs::copy(&lock, workspace.join("Cargo.lock")).map_err(|error| Failure::about(&lock, &error))?;
    for program in programs {
        let folder = workspace.join(name(program.line));
        write(&folder.join("Cargo.toml"), &program.manifest)?;
        write(&folder.join("src/main.rs"), &program.source)?;
    }
    // With the target directory of this workspace, cargo does not compile the same dependencies again.
    let target = target_directory()?;
    for program in programs {
        println!("program at line {}", program.line);
        let verb = if program.runs { "run" } else { "check" };
        let mut command = Command::new("cargo");
        command.args([verb, "--quiet", "--package", &name(program.line)]).current_dir(&workspace);
        command.env("CARGO_TARGET_DIR", &target);
        expect_success(&format!("the program at line {}", program.line), &mut command)?;
    }
    Ok(())
}

/// Runs a command of the page. Returns an error if the command fails. Also returns an error if the command
/// has no output, is not `cargo install` and does not write to a file.
///
/// `cargo` runs in the workspace. All other commands run in an empty folder, because they may write files.
fn run_command(line: &str, files: &Path) -> Result<(), Failure> {
    println!("{line}");
    let installation = root().join(FOLDER).join("installation");
    let mut command = Command::new("sh");
    let folder = if line.starts_with("cargo ") { &root() } else { files };
    command.args(["-c", line]).current_dir(folder).env("CARGO_INSTALL_ROOT", &installation);
    command.env("PATH", search_path(&installation.join("bin")));
    // Builds the release profile of readers without optimization, because this check does not depend on speed.
    command.env("CARGO_PROFILE_RELEASE_OPT_LEVEL", "0").env("CARGO_PROFILE_RELEASE_LTO", "off");
    command.env("CARGO_PROFILE_RELEASE_CODEGEN_UNITS", "16");
    let output = expect_success(line, &mut command)?;
    if output.trim().is_empty() && !line.starts_with("cargo install") && !line.contains(" > ") {
        return Err(Failure::new(format!("`{line}` printed nothing")));
    }
    Ok(())
}

/// Returns the search path of this process, preceded by a folder.
pub(crate) fn search_path(first: &Path) -> OsString {
    #[expect(
        clippy::disallowed_methods,
        reason = "the commands of the page must find programs through `PATH`, as in a user's shell"
    )]
    let path = std::env::var_os("PATH").unwrap_or_default();
    let mut joined = OsString::from(first);
    joined.push(":");
    joined.push(path);
    joined
}

fn expect_success(name: &str, command: &mut Command) -> Result<String, Failure> {
    let output = command.output().map_err(|error| Failure::new(format!("{name}: {error}")))?;
    let printed = String::from_utf8_lossy(&output.stdout).into_owned();
    if output.status.success() {
        return Ok(printed);
    }
    let error = String::from_utf8_lossy(&output.stderr);
    Err(Failure::new(format!("{name}: {}\n{printed}\n{error}", output.status)))
}

/// Writes a file, and creates the folders above it. Does not write a file that already has this content, so
/// that cargo does not compile the file again.
fn write(path: &Path, text: &str) -> Result<(), Failure> {
    if fs::read_to_string(path).is_ok_and(|found| found == text) {
        return Ok(());
    }
    let folder = path.parent().unwrap_or(path);
    fs::create_dir_all(folder).map_err(|error| Failure::about(folder, &error))?;
    fs::write(path, text).map_err(|error| Failure::about(path, &error))
}

#[cfg(test)]
mod tests;
