//! Checks that the generated code of our model and of the tiny models in `tests/models` is up to date. Also
//! checks that the generator reports invalid models.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use invoke_model_codegen::model::Model;
use invoke_model_codegen::{
    Config, Diagnostic, Drift, Files, Partitions, ServerHalf, generate, generate_client, generate_python,
    inherent_methods,
};
use invoke_model_test_support::suites::find_all_or_skip;

/// Environment variable. If it is set, this test writes the golden files.
const UPDATE: &str = "UPDATE_GOLDENS";

#[test]
#[expect(
    clippy::disallowed_methods,
    reason = "the only place that reads this variable, which is for developers"
)]
fn goldens_are_up_to_date() {
    let update = std::env::var_os(UPDATE).is_some();
    let mut found = Vec::new();
    for name in names() {
        let golden = models().join(&name).join("generated");
        let files = golden_files(&name);
        let drift = if update { files.write(&golden) } else { files.drift(&golden) };
        found.extend(drift.unwrap().iter().map(|one| format!("{name}: {one}")));
    }
    let (golden, files) = (models().join("python/annotations"), python_golden());
    let drift = if update { files.write(&golden) } else { files.drift(&golden) };
    found.extend(drift.unwrap().iter().map(|one| format!("python: {one}")));
    assert!(
        update || found.is_empty(),
        "the goldens are out of date; run `{UPDATE}=1 cargo test -p invoke-model-tests goldens` and review the \
         difference:\n{}",
        found.join("\n")
    );
}

#[test]
fn every_golden_is_compiled() {
    let library = fs::read_to_string(workspace().join("tests/src/lib.rs")).unwrap();
    for name in names() {
        let module = format!("#[path = \"../models/{name}/generated/mod.rs\"]\npub mod {name};");
        assert!(library.contains(&module), "tests/src/lib.rs lacks\n{module}");
    }
}

#[test]
fn generation_is_deterministic() {
    for name in ["names", "json", "rules"] {
        assert_eq!(golden_files(name), golden_files(name), "{name}");
    }
    assert_eq!(python_golden(), python_golden());
}

#[test]
fn drift_lists_missing_changed_and_stale_files() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path().join("generated");
    let files = golden_files("target");
    let all: Vec<Drift> = files.iter().map(|(path, _)| Drift::Missing(path.to_owned())).collect();
    assert_eq!(files.drift(&folder).unwrap(), all);
    assert_eq!(files.write(&folder).unwrap(), all);
    assert_eq!(files.drift(&folder).unwrap(), []);

    fs::remove_file(folder.join("service.rs")).unwrap();
    fs::write(folder.join("mod.rs"), "").unwrap();
    fs::write(folder.join("operation/more.rs"), "").unwrap();
    let drift = files.drift(&folder).unwrap();
    let lines: Vec<String> = drift.iter().map(Drift::to_string).collect();
    assert_eq!(lines, ["changed mod.rs", "missing service.rs", "stale operation/more.rs"]);
    assert_eq!(files.write(&folder).unwrap(), drift);
    assert_eq!(files.drift(&folder).unwrap(), []);
    assert!(!folder.join("operation/more.rs").exists());
}

#[test]
fn generated_code_of_our_model_is_up_to_date() {
    let partitions = partitions(&workspace().join("model"));
    let config = Config { call_methods: call_methods(), partitions: Some(partitions), ..Config::default() };
    let model = model(&workspace().join("model/bedrock-runtime.json"));
    for (files, folder) in [
        (generate(&model, &config), "crates/types/src/generated"),
        (generate_client(&model, &config), "crates/client/src/generated"),
        (generate_python(&model, &config), "bindings/python/python/invoke_model"),
    ] {
        let drift = files.unwrap().drift(&workspace().join(folder)).unwrap();
        assert_eq!(drift, [], "{folder} is out of date; run `cargo xtask codegen`");
    }
}

#[test]
fn reports_all_problems_of_a_model_together() {
    insta::assert_snapshot!("bad", diagnostics("bad.json"));
    insta::assert_snapshot!("bad_facts", diagnostics("bad_facts.json"));
    insta::assert_snapshot!("bad_streams", diagnostics("bad_streams.json"));
    insta::assert_snapshot!("endless", diagnostics("endless.json"));
}

#[test]
fn reports_unknown_services_and_operations() {
    let model = model(&models().join("target/model.json"));
    let errors_of = |service: Option<&str>, operations: &[&str]| {
        let operations = operations.iter().map(|name| (*name).to_owned()).collect();
        let config = Config { service: service.map(str::to_owned), operations, ..Config::default() };
        lines(&generate(&model, &config).unwrap_err())
    };
    assert_eq!(
        errors_of(Some("Other"), &[]),
        "the model has no service `Other`: use one of example.target#Example\n"
    );
    assert_eq!(
        errors_of(None, &["Sing", "FindItem"]),
        "example.target#Example: has no operation `Sing`: use one of FindItem, GetThing, ListItems\n"
    );
}

#[test]
fn generates_code_for_published_models() {
    let config = Config { partitions: Some(partitions(&workspace().join("model"))), ..Config::default() };
    for path in find_all_or_skip("models") {
        let text = fs::read_to_string(&path).unwrap();
        let model = Model::from_json(&text).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        let files = generate(&model, &config)
            .unwrap_or_else(|found| panic!("{}:\n{}", path.display(), lines(&found)));
        assert!(files.iter().count() > 10, "{}", path.display());
    }
}

fn diagnostics(file: &str) -> String {
    let config = Config { partitions: Some(partitions(&models().join("rules"))), ..Config::default() };
    lines(&generate(&model(&models().join(file)), &config).unwrap_err())
}

fn lines(found: &[Diagnostic]) -> String {
    found.iter().map(|one| format!("{one}\n")).collect()
}

/// Returns the names of the folders in `tests/models`.
fn names() -> Vec<String> {
    let entries = fs::read_dir(models()).unwrap().map(|entry| entry.unwrap());
    let folders = entries.filter(|entry| entry.file_type().unwrap().is_dir());
    let mut names: Vec<String> = folders.map(|entry| entry.file_name().into_string().unwrap()).collect();
    names.sort();
    assert!(names.len() > 10, "{names:?}");
    names
}

fn golden_files(name: &str) -> Files {
    let folder = models().join(name);
    let has_rules = folder.join("partitions.json").exists();
    let config = Config {
        root: format!("crate::{name}"),
        server: ServerHalf::Always,
        partitions: has_rules.then(|| partitions(&folder)),
        // One golden with builders is sufficient.
        builders: name == "defaults",
        ..Config::default()
    };
    let files = generate(&model(&folder.join("model.json")), &config);
    files.unwrap_or_else(|found| panic!("{name}:\n{}", lines(&found)))
}

/// Returns the type annotations of the only tiny model for which this test generates Python code.
fn python_golden() -> Files {
    let model = model(&models().join("python/model.json"));
    generate_python(&model, &Config::default()).unwrap_or_else(|found| panic!("{}", lines(&found)))
}

/// Returns the names of the methods of `Call` in the client.
fn call_methods() -> BTreeSet<String> {
    let files =
        fs::read_dir(workspace().join("crates/client/src/call")).unwrap().map(|file| file.unwrap().path());
    let methods = files.map(|file| inherent_methods(&fs::read_to_string(file).unwrap(), "Call").unwrap());
    let methods: BTreeSet<String> = methods.flatten().collect();
    assert!(methods.contains("send"), "{methods:?}");
    methods
}

fn model(path: &Path) -> Model {
    Model::from_json(&fs::read_to_string(path).unwrap()).unwrap()
}

fn partitions(folder: &Path) -> Partitions {
    Partitions::from_json(&fs::read_to_string(folder.join("partitions.json")).unwrap()).unwrap()
}

fn models() -> PathBuf {
    workspace().join("tests/models")
}

fn workspace() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}
