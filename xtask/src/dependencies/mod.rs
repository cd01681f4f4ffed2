//! Checks the rules of `deny.toml` about dependencies, for all features and all platforms.
//!
//! The checks of licences, bans and sources always run, because they need only `cargo metadata`. The check of
//! security advisories needs `cargo deny` and its database.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;

use serde::Deserialize;
use spdx::{Expression, Licensee, ParseMode};

use crate::program::{self, cargo, succeeds};
use crate::{Failure, root};

/// The workspaces of the crates and of the Python package. The other workspaces contain only tests and benchmarks.
const MANIFESTS: [&str; 2] = ["Cargo.toml", "bindings/python/Cargo.toml"];

/// Value of `source` that `cargo metadata` prints for crates from crates.io.
const REGISTRY: &str = "registry+https://github.com/rust-lang/crates.io-index";

/// Checks the licences, bans and sources of all dependencies.
pub(crate) fn check() -> Result<(), Failure> {
    let path = root().join("deny.toml");
    let text = fs::read_to_string(&path).map_err(|error| Failure::about(&path, &error))?;
    let deny: Deny = toml::from_str(&text).map_err(|error| Failure::about(&path, &error))?;
    let mut all = Vec::new();
    for manifest in MANIFESTS {
        program::run(&mut cargo(&["fetch", "--locked", "--quiet", "--manifest-path", manifest]))?;
        let metadata = metadata(manifest)?;
        println!("{manifest}: {} packages", metadata.packages.len());
        all.extend(findings(&deny, &metadata)?);
    }
    if all.is_empty() { Ok(()) } else { Err(Failure::new(all.join("\n"))) }
}

fn metadata(manifest: &str) -> Result<Metadata, Failure> {
    let arguments = ["metadata", "--format-version", "1", "--locked", "--offline", "--all-features"];
    let metadata = program::output(cargo(&arguments).args(["--manifest-path", manifest]))?;
    serde_json::from_str(&metadata).map_err(|error| Failure::new(format!("cargo metadata: {error}")))
}

/// Checks security advisories with `cargo deny`. Returns a line if the check is not possible on this machine.
pub(crate) fn advisories() -> Result<Vec<String>, Failure> {
    if !succeeds(&mut cargo(&["deny", "--version"])) {
        return Ok(vec!["security advisories (`cargo deny` is not installed)".to_owned()]);
    }
    if !succeeds(&mut cargo(&["deny", "--all-features", "fetch", "db"])) {
        return Ok(vec!["security advisories (the advisory database cannot be fetched)".to_owned()]);
    }
    let arguments = ["deny", "--all-features", "check", "--disable-fetch", "advisories"];
    program::run(&mut cargo(&arguments)).map(|()| Vec::new())
}

#[derive(Debug, Deserialize)]
struct Deny {
    licenses: Licenses,
    bans: Bans,
}

#[derive(Debug, Deserialize)]
struct Licenses {
    allow: Vec<String>,
}

#[derive(Debug, Deserialize)]
struct Bans {
    deny: Vec<Ban>,
}

#[derive(Debug, Deserialize)]
struct Ban {
    #[serde(rename = "crate")]
    name: String,
    #[serde(default)]
    wrappers: Vec<String>,
}

#[derive(Debug, Deserialize)]
struct Metadata {
    packages: Vec<Package>,
    resolve: Resolve,
}

#[derive(Debug, Deserialize)]
struct Package {
    id: String,
    name: String,
    version: String,
    license: Option<String>,
    source: Option<String>,
    dependencies: Vec<Dependency>,
}

#[derive(Debug, Deserialize)]
struct Dependency {
    name: String,
    req: String,
    path: Option<String>,
}

#[derive(Debug, Deserialize)]
struct Resolve {
    nodes: Vec<Node>,
}

#[derive(Debug, Deserialize)]
struct Node {
    id: String,
    dependencies: Vec<String>,
}

/// Returns a line for each rule that a package breaks.
fn findings(deny: &Deny, metadata: &Metadata) -> Result<Vec<String>, Failure> {
    let allowed = deny.licenses.allow.iter().map(|name| {
        Licensee::parse(name).map_err(|error| Failure::new(format!("deny.toml: licence `{name}`: {error}")))
    });
    let allowed: Vec<Licensee> = allowed.collect::<Result<_, _>>()?;
    let mut findings = Vec::new();
    for package in &metadata.packages {
        let name = format!("{} {}", package.name, package.version);
        if let Err(reason) = licence(package.license.as_deref(), &allowed) {
            findings.push(format!("{name}: {reason}"));
        }
        match &package.source {
            None => findings.extend(wildcards(package)),
            Some(source) if source == REGISTRY => {}
            Some(source) => findings.push(format!("{name}: comes from {source}, which is not crates.io")),
        }
    }
    findings.extend(banned(&deny.bans.deny, metadata));
    Ok(findings)
}

/// Checks that the allowed licences satisfy an SPDX expression.
fn licence(expression: Option<&str>, allowed: &[Licensee]) -> Result<(), String> {
    let expression = expression.ok_or("has no `license` in its Cargo.toml")?;
    let parsed = Expression::parse_mode(expression, ParseMode::LAX)
        .map_err(|error| format!("licence `{expression}`: {}", error.reason))?;
    if parsed.evaluate(|required| allowed.iter().any(|licence| licence.satisfies(required))) {
        return Ok(());
    }
    Err(format!("licence `{expression}` is not in the list of deny.toml"))
}

/// Returns a line for each version requirement `*` in the dependencies of a workspace member. Ignores path
/// dependencies.
fn wildcards(package: &Package) -> impl Iterator<Item = String> {
    let wildcards = package.dependencies.iter().filter(|one| one.req == "*" && one.path.is_none());
    wildcards.map(|one| format!("{}: depends on any version of {}", package.name, one.name))
}

/// Returns a line for each package that depends on a banned crate. Omits packages in the list `wrappers` of
/// the ban.
fn banned(bans: &[Ban], metadata: &Metadata) -> BTreeSet<String> {
    let packages: BTreeMap<&str, &str> =
        metadata.packages.iter().map(|package| (package.id.as_str(), package.name.as_str())).collect();
    let name = |id: &str| packages.get(id).copied().unwrap_or_default();
    let mut findings = BTreeSet::new();
    for node in &metadata.resolve.nodes {
        let dependent = name(&node.id);
        for dependency in node.dependencies.iter().map(|id| name(id)) {
            let ban = bans.iter().find(|ban| ban.name == dependency);
            if ban.is_some_and(|ban| !ban.wrappers.iter().any(|wrapper| wrapper == dependent)) {
                findings.insert(format!("{dependent}: depends on {dependency}, which deny.toml bans"));
            }
        }
    }
    findings
}

#[cfg(test)]
mod tests;
