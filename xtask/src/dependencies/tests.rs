//! Tests each rule with small metadata.

use super::*;

const DENY: &str = r#"
    [licenses]
    allow = ["Apache-2.0", "MIT"]
    [bans]
    deny = [{ crate = "cmake" }, { crate = "wrapped", wrappers = ["wrapper"] }]
"#;

/// Returns the findings for a list of packages. Each package depends on the next package in the list.
fn found(packages: &[(&str, Option<&str>, Option<&str>)]) -> Vec<String> {
    let ids: Vec<String> = packages.iter().map(|(name, _, _)| format!("{name}#1.0.0")).collect();
    let nodes = ids.iter().enumerate().map(|(index, id)| Node {
        id: id.clone(),
        dependencies: ids.get(index + 1).cloned().into_iter().collect(),
    });
    let resolve = Resolve { nodes: nodes.collect() };
    let packages = packages.iter().zip(&ids).map(|((name, license, source), id)| Package {
        id: id.clone(),
        name: (*name).to_owned(),
        version: "1.0.0".to_owned(),
        license: license.map(str::to_owned),
        source: source.map(str::to_owned),
        dependencies: Vec::new(),
    });
    let metadata = Metadata { packages: packages.collect(), resolve };
    findings(&toml::from_str(DENY).unwrap(), &metadata).unwrap()
}

fn check_licence(expression: &str, expected: &[&str]) {
    assert_eq!(found(&[("a", Some(expression), Some(REGISTRY))]), expected);
}

#[test]
fn accepts_an_expression_that_allowed_licences_satisfy() {
    for expression in
        ["MIT", "MIT OR GPL-3.0", "MIT/Apache-2.0", "MIT AND Apache-2.0", "(MIT OR ISC) AND MIT"]
    {
        check_licence(expression, &[]);
    }
}

#[test]
fn rejects_other_licences() {
    check_licence("GPL-3.0", &["a 1.0.0: licence `GPL-3.0` is not in the list of deny.toml"]);
    check_licence("MIT AND ISC", &["a 1.0.0: licence `MIT AND ISC` is not in the list of deny.toml"]);
    check_licence("mine", &["a 1.0.0: licence `mine`: unknown term"]);
    assert_eq!(found(&[("a", None, Some(REGISTRY))]), ["a 1.0.0: has no `license` in its Cargo.toml"]);
}

#[test]
fn rejects_other_sources() {
    let expected = ["a 1.0.0: comes from git+https://example.com, which is not crates.io"];
    assert_eq!(found(&[("a", Some("MIT"), Some("git+https://example.com"))]), expected);
}

#[test]
fn rejects_banned_crates_except_under_their_wrappers() {
    let package = |name| (name, Some("MIT"), Some(REGISTRY));
    assert_eq!(found(&[package("a"), package("cmake")]), ["a: depends on cmake, which deny.toml bans"]);
    assert_eq!(found(&[package("wrapper"), package("wrapped")]), [""; 0]);
    assert_eq!(found(&[package("a"), package("wrapped")]), ["a: depends on wrapped, which deny.toml bans"]);
}

#[test]
fn rejects_dependencies_on_any_version() {
    let dependency = |req: &str, path: Option<&str>| Dependency {
        name: "b".to_owned(),
        req: req.to_owned(),
        path: path.map(str::to_owned),
    };
    let package = Package {
        id: "a".to_owned(),
        name: "a".to_owned(),
        version: "1.0.0".to_owned(),
        license: None,
        source: None,
        dependencies: vec![dependency("*", None), dependency("*", Some("/b")), dependency("^1", None)],
    };
    assert_eq!(wildcards(&package).collect::<Vec<_>>(), ["a: depends on any version of b"]);
}
