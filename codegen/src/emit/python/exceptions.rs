//! Prints the classes of the errors that the service returns.

use std::collections::BTreeMap;

use super::{layout, module};
use crate::ir::Service;

/// Returns the text of the stub of the module `_service_errors`.
pub(super) fn service_errors(service: &Service) -> String {
    let class = |(name, doc): (&str, &str)| {
        let body = if doc.is_empty() { "    pass\n".to_owned() } else { layout::docstring(4, doc) };
        format!("class {name}(ClientError):\n{body}")
    };
    let items: Vec<String> = errors(service).into_iter().map(class).collect();
    let doc = format!(
        "Errors that {} returns.\n\nThe module `exceptions` contains these classes. This module exists only for \
         type checkers.",
        service.sdk_id
    );
    let import = layout::import(0, "invoke_model.exceptions", &["ClientError".to_owned()]);
    module(&doc, &[import], "\n", &items)
}

/// Returns the class whose attributes are the classes of the errors.
pub(super) fn attributes(service: &Service) -> String {
    let mut code = String::from("@type_check_only\nclass Exceptions(ClientExceptions):\n");
    code.push_str(&layout::docstring(4, "Classes of the errors that the service returns."));
    for (name, doc) in errors(service) {
        code.push_str(&format!("\n    {name}: type[ClientError]\n{}", layout::docstring(4, doc)));
    }
    code
}

/// Returns the codes and the documentation of the errors of all operations.
fn errors(service: &Service) -> BTreeMap<&str, &str> {
    let errors = service.operations.iter().flat_map(|operation| &operation.errors);
    errors
        .map(|error| {
            let doc = service.structure(&error.rust_name).map_or("", |error| error.doc.as_str());
            (error.code.as_str(), doc)
        })
        .collect()
}
