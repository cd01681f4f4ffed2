//! Writes a crate with the types and the protocol tests of each service of a model.

use std::fmt::Write;
use std::fs;
use std::path::Path;

use invoke_model_codegen::{Case, Config, ServerHalf, generate, generate_conformance};

use crate::codegen::diagnostics;
use crate::supplements::{read, supplemented};
use crate::{Failure, program, root};

/// Writes the crate. Returns each case with the name of its service. The test name of each case includes the
/// module path.
pub(super) fn write(path: &Path, folder: &Path) -> Result<Vec<(String, Case)>, Failure> {
    let model = supplemented(path)?;
    let mut library = format!("//! The protocol tests of {}.\n", path.display());
    let mut all = Vec::new();
    for service in model.services() {
        let module = module_name(service.name());
        let config = Config {
            service: Some(service.as_str().to_owned()),
            root: format!("crate::{module}"),
            server: ServerHalf::Always,
            ..Config::default()
        };
        let types = generate(&model, &config).map_err(|found| diagnostics(path, &found))?;
        let tests = generate_conformance(&model, &config).map_err(|found| diagnostics(path, &found))?;
        let about = |error| Failure::new(format!("{}: {error}", folder.display()));
        types.write(&folder.join("src").join(&module)).map_err(about)?;
        put(&folder.join(format!("src/{module}_tests.rs")), &tests.tests)?;
        let _ = write!(
            library,
            "pub mod {module};\n#[cfg(test)]\n#[allow(non_snake_case)] // The names are the ids of the cases.\nmod \
             {module}_tests;\n"
        );
        all.extend(tests.cases.into_iter().map(|case| {
            let test = format!("{module}_tests::{}", case.test);
            (service.name().to_owned(), Case { test, ..case })
        }));
    }
    put(&folder.join("src/lib.rs"), &library)?;
    put(&folder.join("Cargo.toml"), &manifest())?;
    // The lock file selects the same versions as this workspace, so cargo does not need access to the
    // registry.
    program::fetch()?;
    put(&folder.join("Cargo.lock"), &read(&root().join("Cargo.lock"))?)?;
    Ok(all)
}

fn manifest() -> String {
    let path = |name: &str| format!("{:?}", root().join(name).to_string_lossy());
    format!(
        "[package]\nname = \"protocol-tests\"\nversion = \"0.0.0\"\nedition = \"2024\"\npublish = \
         false\n\n[workspace]\n\n[dependencies]\nbytes = \"1\"\nhttp = \"1\"\ninvoke-model-test-support = {{ path = {} \
         }}\ninvoke-model-protocol = {{ path = {}, features = [\"checksum\", \"compression\", \"server\"] }}\nserde = \
         {{ version = \"1\", features = [\"derive\"] }}\nserde_json = \"1\"\nthiserror = \"2\"\n",
        path("tests/support"),
        path("crates/protocol"),
    )
}

/// Converts a name, for example `RestJson` to `rest_json`.
fn module_name(service: &str) -> String {
    let mut name = String::new();
    for (index, character) in service.chars().enumerate() {
        if character.is_uppercase() && index > 0 {
            name.push('_');
        }
        name.extend(character.to_lowercase());
    }
    name
}

fn put(path: &Path, text: &str) -> Result<(), Failure> {
    let about = |error| Failure::new(format!("{}: {error}", path.display()));
    if fs::read_to_string(path).is_ok_and(|found| found == text) {
        return Ok(());
    }
    if let Some(parent) = path.parent() {
        fs::create_dir_all(parent).map_err(about)?;
    }
    fs::write(path, text).map_err(about)
}
