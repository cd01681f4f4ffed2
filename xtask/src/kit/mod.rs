//! `cargo xtask kit`: runs the conformance kit with the adapters in `conformance/adapters`.
//!
//! The example `kit` of the crate `invoke-model-conformance` runs the scenarios. This module builds the adapters before
//! the run, and writes the results into the documentation after the run.

mod adapters;
mod docs;

use std::ffi::OsString;
use std::fs;
use std::process::Command;

use clap::Args;
use serde_json::json;

use crate::clients::{Clients, installation};
use crate::programs::{self, Programs};
use crate::{Failure, root, suites};
use adapters::ADAPTERS;

/// Arguments of `cargo xtask kit`.
#[derive(Debug, Default, Args)]
pub(crate) struct Arguments {
    /// Client to check; can be repeated [default: all clients in `conformance/adapters`]
    #[arg(long = "adapter", value_name = "NAME", value_parser = adapters::names())]
    adapters: Vec<String>,
    /// Ids of the scenarios to run; `*` matches any text; can be repeated [default: all]
    #[arg(long = "scenario", value_name = "PATTERN")]
    scenarios: Vec<String>,
    /// Write the results of all clients into `docs/conformance.md`
    #[arg(long, conflicts_with_all = ["adapters", "scenarios"])]
    docs: bool,
}

/// Runs the scenarios with each adapter. Returns a line for each client that this machine cannot run.
pub(crate) fn run(arguments: &Arguments) -> Result<Vec<String>, Failure> {
    let programs = Programs::build()?;
    let clients = Clients::install()?;
    let (mut configured, mut unchecked) = (Vec::new(), Vec::new());
    let mut package = None;
    let is_selected =
        |name: &&str| arguments.adapters.is_empty() || arguments.adapters.iter().any(|one| one == name);
    for (name, adapter) in ADAPTERS.iter().filter(|(name, _)| is_selected(name)) {
        match adapter.words(name, &clients, &programs, &mut package)? {
            Ok(words) => {
                let words = words.into_iter().map(OsString::into_string).collect::<Result<Vec<_>, _>>();
                let not_text = |word: OsString| {
                    Failure::new(format!("the path {} is not UTF-8", word.to_string_lossy()))
                };
                let baseline = root().join(format!("conformance/baseline/{name}.json"));
                let baseline = baseline.exists().then_some(baseline);
                configured.push(json!({"command": words.map_err(not_text)?, "baseline": baseline}));
            }
            Err(program) => unchecked.push(format!("{name} ({program} is not installed)")),
        }
    }
    let folder = programs::target_directory()?.join("kit");
    fs::create_dir_all(&folder).map_err(|error| Failure::about(&folder, &error))?;
    let recordings = suites::find_all("recorded").into_iter().next();
    let configuration = json!({
        "adapters": configured,
        "patterns": arguments.scenarios,
        "scenarios": root().join("conformance/scenarios"),
        "recordings": recordings,
    });
    let path = folder.join("configuration.json");
    fs::write(&path, configuration.to_string()).map_err(|error| Failure::about(&path, &error))?;
    let report = folder.join("report.json");
    installation::execute(
        Command::new(&programs.kit).arg(&path).arg(&folder),
        &format!("the differences are above and in {}", report.display()),
    )?;
    if arguments.docs {
        if let Some(client) = unchecked.first() {
            return Err(Failure::new(format!(
                "the documentation needs the results of all clients, but this machine cannot run {client}"
            )));
        }
        docs::write(&folder)?;
    } else if arguments.scenarios.is_empty() && recordings.is_some() {
        docs::check(&folder)?;
    }
    Ok(unchecked)
}
