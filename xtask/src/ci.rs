//! `cargo xtask ci`: every check, one after the other; the first that fails ends it.

use std::fs;
use std::process::Command;

use clap::Parser;

use crate::{Arguments, Failure, bench, codegen, conformance, models, peers, root, step, tidy};

/// The published model, where it stands beside the workspace.
const PUBLISHED: &str = "../shared/conformance/models/bedrock-runtime.json";

/// Published models with protocol tests.
const SUITES: &str = "../shared/conformance/protocol-tests";

/// Published models of other services.
const MODELS: &str = "../shared/conformance/models";

pub(crate) fn run() -> Result<(), Failure> {
    cargo("format", &["fmt", "--all", "--check"], &[])?;
    step("tidy");
    tidy::run()?;
    step("generated code is what the model says");
    codegen::check()?;
    step("the model differs from the published one as model/README.md says");
    let published = root().join(PUBLISHED);
    if published.exists() {
        let words = ["xtask", "model", "diff"].iter().map(std::ffi::OsString::from);
        crate::execute(&Arguments::parse_from(words.chain([published.into_os_string()])))?;
    } else {
        println!("skipped: {PUBLISHED} is not there");
    }
    step("other models give crates that compile");
    let published = root().join(MODELS);
    if published.exists() {
        models::run(&models::Arguments::of([published]))?;
    } else {
        println!("skipped: {MODELS} is not there");
    }
    step("the published protocol tests");
    let suites = root().join(SUITES);
    if suites.exists() {
        conformance::run(&conformance::Arguments { files: vec![suites] })?;
    } else {
        println!("skipped: {SUITES} is not there");
    }
    let lint = ["clippy", "--workspace", "--all-targets", "--all-features", "--", "-D", "warnings"];
    cargo("clippy", &lint, &[])?;
    // Features add and never change: each crate also stands without them.
    let bare = ["check", "--package", "invoke-model-transport", "--no-default-features"];
    cargo("the transport trait alone", &bare, &[])?;
    cargo("the README's test command", &["test", "--workspace"], &[])?;
    // In the workspace a crate has the features that any other asks for.
    for package in ["invoke-model-transport", "invoke-model-client"] {
        let test = ["test", "--package", package];
        cargo(&format!("{package} by itself"), &test, &[])?;
        let all = [&test[..], &["--all-features"]].concat();
        cargo(&format!("{package} with all features"), &all, &[])?;
    }
    let docs = ["doc", "--workspace", "--no-deps", "--all-features"];
    cargo("documentation", &docs, &[("RUSTDOCFLAGS", "-D warnings")])?;
    step("the README's commands");
    readme_commands()?;
    step("what a call costs");
    bench::check()?;
    step("peers: boto3, the AWS CLI, the SDK for JavaScript, the anthropic package");
    peers::run()
}

/// Runs every command of the README that calls the program, as it stands there.
fn readme_commands() -> Result<(), Failure> {
    let path = root().join("README.md");
    let readme =
        fs::read_to_string(&path).map_err(|error| Failure::new(format!("{}: {error}", path.display())))?;
    let commands: Vec<&str> = readme.lines().filter(|line| line.starts_with("cargo run --release")).collect();
    if commands.is_empty() {
        return Err(Failure::new("README.md has no line that starts with `cargo run --release`"));
    }
    for command in commands {
        println!("{command}");
        let output = Command::new("sh")
            .args(["-c", command])
            .current_dir(root())
            .output()
            .map_err(|error| Failure::new(format!("{command}: {error}")))?;
        let answer = String::from_utf8_lossy(&output.stdout);
        if !output.status.success() || answer.trim().is_empty() {
            let error = String::from_utf8_lossy(&output.stderr);
            return Err(Failure::new(format!("{command}: {}\n{answer}\n{error}", output.status)));
        }
    }
    Ok(())
}

fn cargo(name: &str, arguments: &[&str], environment: &[(&str, &str)]) -> Result<(), Failure> {
    step(name);
    let status = Command::new("cargo")
        .args(arguments)
        .envs(environment.iter().copied())
        .current_dir(root())
        .status()
        .map_err(|error| Failure::new(format!("cargo {}: {error}", arguments.join(" "))))?;
    if status.success() {
        return Ok(());
    }
    Err(Failure::new(format!("`cargo {}` failed", arguments.join(" "))))
}
