//! Prints `Cargo.toml` and `src/lib.rs` of a generated crate.

use std::path::PathBuf;

use heck::ToKebabCase;

use crate::files::Files;
use crate::ir::{PayloadHeader, Service};

/// Options of a generated crate.
#[derive(Clone, Debug)]
pub struct Package {
    /// Name of the crate. The default is the name of the service with the suffix `-types`.
    pub name: Option<String>,
    /// Path of the crate `invoke-model-protocol`.
    pub protocol: PathBuf,
}

/// Path of the generated module in the crate.
pub(crate) const MODULE: &str = "src/generated";

/// Returns the files of the crate, except the files of the generated module.
pub(crate) fn package(service: &Service, package: &Package) -> Files {
    let mut files = Files::default();
    files.insert("Cargo.toml", manifest(service, package));
    let library = format!(
        "//! {} {}, generated from its Smithy model.\n\nmod generated;\n\npub use generated::*;\npub use \
         invoke_model_protocol as protocol;\n",
        service.sdk_id, service.version
    );
    files.insert("src/lib.rs", library);
    files
}

fn manifest(service: &Service, package: &Package) -> String {
    let name = package.name.clone().unwrap_or_else(|| format!("{}-types", service.sdk_id.to_kebab_case()));
    let features = features(service);
    let features = if features.is_empty() {
        String::new()
    } else {
        format!(
            ", features = [{}]",
            features.iter().map(|one| format!("{one:?}")).collect::<Vec<_>>().join(", ")
        )
    };
    let protocol = format!("{:?}", package.protocol.to_string_lossy());
    format!(
        "[package]\nname = {name:?}\nversion = \"0.1.0\"\nedition = \"2024\"\nrust-version = \"1.85\"\npublish = \
         false\n\n[features]\n# Code for servers: parses requests and serializes responses.\nserver = \
         [\"invoke-model-protocol/server\"]\n\n[dependencies]\nbytes = \"1.10\"\nhttp = \
         \"1.3\"\ninvoke-model-protocol = {{ path = {protocol}{features} }}\nserde = {{ version = \"1\", features = \
         [\"derive\"] }}\nserde_json = \"1\"\nthiserror = \"2\"\n"
    )
}

/// Returns the features of the protocol crate that the operations need.
fn features(service: &Service) -> Vec<&'static str> {
    let needs = |wanted: &[PayloadHeader]| {
        let mut headers = service.operations.iter().flat_map(|operation| &operation.payload_headers);
        headers.any(|header| wanted.contains(header))
    };
    let checksum = needs(&[PayloadHeader::Md5, PayloadHeader::TreeHash]).then_some("checksum");
    let compression = needs(&[PayloadHeader::Gzip]).then_some("compression");
    checksum.into_iter().chain(compression).collect()
}
