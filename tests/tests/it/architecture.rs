//! Checks the rules for dependencies between crates. Most checks read the output of `cargo metadata`.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use cargo_metadata::{DependencyKind, Metadata, MetadataCommand, Package};
use serde::Deserialize;

/// The crates of the workspace except `invoke-model-tests`. Each entry contains the name of a crate, and the
/// other crates of the workspace on which the crate may depend.
const ALLOWED: &[(&str, &[&str])] = &[
    ("invoke-model-families", &[]),
    ("invoke-model-protocol", &[]),
    ("invoke-model-signing", &[]),
    ("invoke-model-transport", &[]),
    ("invoke-model-types", &["invoke-model-protocol"]),
    ("invoke-model-credentials", &["invoke-model-signing", "invoke-model-transport"]),
    (
        "invoke-model-client",
        &[
            "invoke-model-credentials",
            "invoke-model-families",
            "invoke-model-protocol",
            "invoke-model-signing",
            "invoke-model-transport",
            "invoke-model-types",
        ],
    ),
    (
        "invoke-model-local",
        &["invoke-model-families", "invoke-model-protocol", "invoke-model-signing", "invoke-model-types"],
    ),
    ("invoke-model-bulk", &["invoke-model-client"]),
    ("invoke-model-conformance", &["invoke-model-local", "invoke-model-protocol"]),
    (
        "invoke-model-cli",
        &[
            "invoke-model-bulk",
            "invoke-model-client",
            "invoke-model-conformance",
            "invoke-model-families",
            "invoke-model-local",
            "invoke-model-transport",
            "invoke-model-types",
        ],
    ),
    ("invoke-model-conformance-adapter", &["invoke-model-client"]),
    ("invoke-model-gateway", &["invoke-model-client", "invoke-model-protocol", "invoke-model-types"]),
    ("invoke-model-codegen", &[]),
    ("invoke-model-test-support", &["invoke-model-protocol"]),
    ("xtask", &["invoke-model-codegen", "invoke-model-test-support"]),
];

/// Crates that a program can use with any HTTP client. They do no input or output. They do not depend on C
/// code or on AWS crates.
const PURE: &[&str] =
    &["invoke-model-families", "invoke-model-protocol", "invoke-model-signing", "invoke-model-types"];

#[test]
fn crates_depend_only_on_allowed_crates() {
    let metadata = metadata();
    for (name, allowed) in ALLOWED {
        let dependencies = direct(package(&metadata, name)).into_iter();
        let ours: Vec<String> = dependencies.filter(|name| name.starts_with("invoke-model-")).collect();
        let forbidden: Vec<&String> = ours.iter().filter(|name| !allowed.contains(&name.as_str())).collect();
        assert!(forbidden.is_empty(), "{name} must not depend on {forbidden:?}");
    }
    let members: BTreeSet<&str> =
        metadata.workspace_packages().iter().map(|package| package.name.as_str()).collect();
    let listed: BTreeSet<&str> =
        ALLOWED.iter().map(|(name, _)| *name).chain(["invoke-model-tests"]).collect();
    assert_eq!(members, listed, "ALLOWED must list every member of the workspace");
}

#[test]
fn packages_are_named_after_their_folders() {
    for package in metadata().workspace_packages() {
        let folder = package.manifest_path.parent().and_then(|folder| folder.file_name()).unwrap();
        let expected = match folder {
            "xtask" => folder.to_owned(),
            "support" => "invoke-model-test-support".to_owned(),
            "rust" => "invoke-model-conformance-adapter".to_owned(),
            _ => format!("invoke-model-{folder}"),
        };
        assert_eq!(package.name.as_str(), expected);
    }
}

#[test]
fn pure_crates_depend_on_no_c_code_no_aws_crate_and_no_runtime() {
    let metadata = metadata();
    for name in PURE {
        for package in closure(&metadata, name) {
            let other = package.name.as_str();
            assert!(package.links.is_none(), "{name} depends on {other}, which links {:?}", package.links);
            assert!(!other.starts_with("aws-"), "{name} depends on {other}");
            assert!(
                !["cc", "hyper", "tokio", "ring", "rustls", "mio"].contains(&other),
                "{name} depends on {other}"
            );
        }
    }
}

/// Limits the number of crates in a build of the client with default features.
#[test]
fn the_client_depends_on_few_crates_and_no_aws_crate() {
    let crates = tree("invoke-model-client");
    let aws: Vec<_> = crates.iter().filter(|name| name.starts_with("aws-")).collect();
    assert!(aws.is_empty(), "invoke-model-client depends on {aws:?} with default features");
    assert!(
        crates.len() <= 78,
        "invoke-model-client builds {} crates, including itself: {crates:?}",
        crates.len()
    );
}

#[test]
fn credentials_without_features_need_no_http_client_and_no_aws_crate() {
    for name in tree("invoke-model-credentials") {
        let name = name.split(' ').next().unwrap();
        let forbidden = ["http-body", "hyper", "invoke-model-transport", "rustls"].contains(&name);
        assert!(!forbidden && !name.starts_with("aws-"), "invoke-model-credentials depends on {name}");
    }
}

#[test]
fn dependencies_allow_the_minimum_rust_version() {
    let metadata = metadata();
    let stated = package(&metadata, "invoke-model-protocol").rust_version.clone().unwrap();
    for (name, _) in ALLOWED {
        for package in closure(&metadata, name) {
            if let Some(needed) = &package.rust_version {
                assert!(
                    *needed <= stated,
                    "{name} depends on {} {}, which requires Rust {needed}",
                    package.name,
                    package.version
                );
            }
        }
    }
}

#[test]
fn no_banned_crate_is_used() {
    #[derive(Deserialize)]
    struct Deny {
        bans: Bans,
    }
    #[derive(Deserialize)]
    struct Bans {
        deny: Vec<Ban>,
    }
    #[derive(Deserialize)]
    struct Ban {
        #[serde(rename = "crate")]
        name: String,
        #[serde(default)]
        wrappers: Vec<String>,
    }

    let text = std::fs::read_to_string(root().join("deny.toml")).unwrap();
    let deny: Deny = toml::from_str(&text).unwrap();
    assert!(!deny.bans.deny.is_empty());
    let metadata = metadata();
    for package in &metadata.packages {
        for ban in &deny.bans.deny {
            let depends = package.dependencies.iter().any(|dependency| dependency.name == ban.name);
            // Checks only resolved dependencies. A published crate may declare an optional dependency on a
            // banned crate without using it.
            let locked = metadata.packages.iter().any(|other| other.name.as_str() == ban.name);
            let reached = depends && locked && resolved(&metadata, package, &ban.name);
            let allowed = ban.wrappers.iter().any(|wrapper| wrapper == package.name.as_str());
            assert!(!reached || allowed, "{} depends on {}, which deny.toml bans", package.name, ban.name);
        }
    }
}

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap()
}

/// Returns the metadata of the workspace, resolved for this platform with default features.
/// `cargo test --workspace` uses the same crates, so Cargo has already downloaded all of them. The default
/// features do not include `aws-config`, because the AWS SDK requires a newer compiler.
fn metadata() -> Metadata {
    let mut command = MetadataCommand::new();
    command.manifest_path(root().join("Cargo.toml"));
    let options = ["--offline", "--locked", "--filter-platform", &host()];
    command.other_options(options.map(str::to_owned));
    command.exec().unwrap()
}

/// Returns the crates in a build of one package with default features. Ignores the features that other
/// packages of the workspace enable.
fn tree(package: &str) -> BTreeSet<String> {
    let mut command = std::process::Command::new("cargo");
    command.args(["tree", "--offline", "--locked", "--package", package, "--edges", "normal,build"]);
    let output = command.args(["--prefix", "none", "--format", "{p}"]).current_dir(root()).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let text = String::from_utf8(output.stdout).unwrap();
    // After the name and the version, a line may contain a path in parentheses or the mark `(*)`.
    text.lines()
        .filter(|line| !line.is_empty())
        .map(|line| line.split(" (").next().unwrap().to_owned())
        .collect()
}

/// Returns the target triple of this machine.
fn host() -> String {
    let output = std::process::Command::new("rustc").arg("-vV").output().unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    text.lines().find_map(|line| line.strip_prefix("host: ")).unwrap().to_owned()
}

fn package<'a>(metadata: &'a Metadata, name: &str) -> &'a Package {
    metadata.packages.iter().find(|package| package.name.as_str() == name).unwrap()
}

/// Returns the names of the direct dependencies of a package, without development dependencies.
fn direct(package: &Package) -> BTreeSet<String> {
    let normal =
        package.dependencies.iter().filter(|dependency| dependency.kind != DependencyKind::Development);
    normal.map(|dependency| dependency.name.clone()).collect()
}

/// Returns a package and all its direct and indirect dependencies, without development dependencies.
fn closure<'a>(metadata: &'a Metadata, name: &str) -> Vec<&'a Package> {
    let resolve = metadata.resolve.as_ref().unwrap();
    let by_id: BTreeMap<_, _> = metadata.packages.iter().map(|package| (&package.id, package)).collect();
    let nodes: BTreeMap<_, _> = resolve.nodes.iter().map(|node| (&node.id, node)).collect();
    let mut reached = BTreeMap::new();
    let mut queue = vec![&package(metadata, name).id];
    while let Some(id) = queue.pop() {
        if reached.insert(id, by_id[id]).is_none() {
            let wanted = nodes[id].deps.iter().filter(|dependency| {
                let kinds = &dependency.dep_kinds;
                kinds.iter().any(|kind| kind.kind != DependencyKind::Development)
            });
            queue.extend(wanted.map(|dependency| &dependency.pkg));
        }
    }
    reached.into_values().collect()
}

fn resolved(metadata: &Metadata, package: &Package, name: &str) -> bool {
    let resolve = metadata.resolve.as_ref().unwrap();
    let node = resolve.nodes.iter().find(|node| node.id == package.id);
    let names =
        node.into_iter().flat_map(|node| &node.deps).map(|dependency| dependency.name.replace('_', "-"));
    names.into_iter().any(|dependency| dependency == name)
}
