//! Prints the module `type_defs`.

use std::collections::{BTreeMap, BTreeSet};

use super::annotation::Annotation;
use super::names::{self, Names};
use super::typed_dict::{Declaration, Key, TypedDict};
use super::{AsyncMethods, layout, message, module, shape};
use crate::ir::Service;

/// Modules that contain the imported types.
const IMPORTS: &[(&str, &[&str])] = &[
    ("collections.abc", &["Mapping", "Sequence"]),
    ("datetime", &["datetime"]),
    ("typing", &["IO", "TYPE_CHECKING", "Any", "NotRequired", "Optional", "TypedDict", "Union"]),
];

/// Modules whose types are imported for type checkers only. Otherwise, an import of `type_defs` would load the clients.
const UNEVALUATED_IMPORTS: &[(&str, &[&str])] = &[
    ("invoke_model.aio", &["AsyncEventStream", "AsyncStreamingBody"]),
    ("invoke_model.response", &["EventStream", "StreamingBody"]),
];

/// Returns the text of the module.
pub(super) fn type_defs(service: &Service, names: &Names<'_>) -> String {
    let declarations = ordered(declarations(service, names));
    let mut declared = BTreeSet::new();
    let mut items = Vec::new();
    for declaration in &declarations {
        items.push(declaration.code(&declared));
        declared.insert(declaration.name().to_owned());
    }
    let doc = format!(
        "Types of the arguments and responses of {}.\n\nThe names are those of types-boto3.",
        service.sdk_id
    );
    module(&doc, &imports(&declarations), "\n\n", &items)
}

fn declarations(service: &Service, names: &Names<'_>) -> Vec<Declaration> {
    let mut dicts = vec![response_metadata(), paginator_config()];
    for operation in &service.operations {
        dicts.extend(message::request(operation, names));
        dicts.extend(message::paginate(operation, names));
        dicts.push(message::response(operation, names, AsyncMethods::No));
        // The method of an operation that sends events returns a stream, and not a dictionary.
        if message::is_read_in_parts(operation) && operation.input_events.is_none() {
            dicts.push(message::response(operation, names, AsyncMethods::Yes));
        }
    }
    let mut declarations: Vec<Declaration> = dicts.into_iter().map(Declaration::TypedDict).collect();
    declarations.extend([blob(), timestamp()]);
    for (rust_name, shape) in &service.shapes {
        declarations.extend(shape::declarations(service, rust_name, shape, names));
    }
    declarations
}

fn response_metadata() -> TypedDict {
    let dict = || Annotation::Generic("dict", vec![Annotation::Name("str"), Annotation::Name("str")]);
    let optional = |name, annotation| Key { required: false, ..Key::required(name, annotation) };
    let keys = vec![
        Key::required("RequestId", Annotation::Name("str")),
        Key::required("HTTPStatusCode", Annotation::Name("int")),
        Key::required("HTTPHeaders", dict()),
        Key::required("RetryAttempts", Annotation::Name("int")),
        optional("HostId", Annotation::Name("str")),
        // The targets of a failover.
        optional("Target", Annotation::Name("str")),
        optional("OtherTargets", Annotation::of("list", dict())),
    ];
    let doc = "Facts about an HTTP response and the attempts of the call.".to_owned();
    TypedDict { name: names::RESPONSE_METADATA.to_owned(), doc, keys }
}

fn paginator_config() -> TypedDict {
    let keys = [("MaxItems", "int"), ("PageSize", "int"), ("StartingToken", "str")];
    let key = |(name, ty)| Key { required: false, ..Key::required(name, Annotation::Name(ty)) };
    let doc = "Limits of a paginator, and the token of its first page.".to_owned();
    TypedDict { name: names::PAGINATOR_CONFIG.to_owned(), doc, keys: keys.map(key).to_vec() }
}

fn blob() -> Declaration {
    let file = Annotation::of("IO", Annotation::Name("Any"));
    let body = Annotation::Unevaluated(Box::new(Annotation::Name("StreamingBody")));
    let types = vec![Annotation::Name("str"), Annotation::Name("bytes"), file, body];
    Declaration::Alias { name: names::BLOB.to_owned(), of: Annotation::Generic("Union", types) }
}

fn timestamp() -> Declaration {
    let types = vec![Annotation::Name("datetime"), Annotation::Name("str")];
    Declaration::Alias { name: names::TIMESTAMP.to_owned(), of: Annotation::Generic("Union", types) }
}

/// Sorts declarations. A declaration follows the declarations that it contains, except if they contain each other.
/// Python evaluates a declaration when it executes the module. Declarations that no other declaration contains are
/// sorted by name.
fn ordered(declarations: Vec<Declaration>) -> Vec<Declaration> {
    let mut rest: BTreeMap<String, Declaration> =
        declarations.into_iter().map(|one| (one.name().to_owned(), one)).collect();
    let mut ordered = Vec::new();
    while let Some((_, declaration)) = rest.pop_first() {
        insert(declaration, &mut rest, &mut ordered);
    }
    ordered
}

fn insert(
    declaration: Declaration,
    rest: &mut BTreeMap<String, Declaration>,
    ordered: &mut Vec<Declaration>,
) {
    let mut contained = Vec::new();
    declaration.visit(&mut |annotation| {
        if let Annotation::Declared(name) = annotation {
            contained.push(name.clone());
        }
    });
    for name in contained {
        if let Some(inner) = rest.remove(&name) {
            insert(inner, rest, ordered);
        }
    }
    ordered.push(declaration);
}

/// Returns the import statements that the declarations need.
fn imports(declarations: &[Declaration]) -> Vec<String> {
    let mut used: BTreeSet<&str> = ["TYPE_CHECKING", "TypedDict"].into();
    let mut literals = BTreeSet::new();
    for declaration in declarations {
        if let Declaration::TypedDict(dict) = declaration {
            used.extend(dict.keys.iter().any(|key| !key.required).then_some("NotRequired"));
        }
        declaration.visit(&mut |annotation| match annotation {
            Annotation::Name(name) | Annotation::Generic(name, _) => {
                used.insert(name);
            }
            Annotation::Literal(name) => {
                literals.insert(name.clone());
            }
            Annotation::Declared(_) | Annotation::Unevaluated(_) => {}
        });
    }
    let import = |indent: usize, (from, names): &(&str, &[&str])| {
        let names: Vec<String> =
            names.iter().filter(|name| used.contains(*name)).map(|name| (*name).to_owned()).collect();
        (!names.is_empty()).then(|| layout::import(indent, from, &names))
    };
    let mut lines: Vec<String> = IMPORTS.iter().filter_map(|one| import(0, one)).collect();
    if !literals.is_empty() {
        let literals: Vec<String> = literals.into_iter().collect();
        lines.push(format!("\n{}", layout::import(0, ".literals", &literals)));
    }
    lines.push("\nif TYPE_CHECKING:\n".to_owned());
    lines.extend(UNEVALUATED_IMPORTS.iter().filter_map(|one| import(4, one)));
    lines
}
