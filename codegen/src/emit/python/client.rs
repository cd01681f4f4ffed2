//! Prints the stubs of the modules `client` and `aio`, which contain the classes of the clients and of their
//! paginators.

use std::collections::BTreeSet;

use heck::ToSnakeCase;

use super::annotation::Annotation;
use super::names::{self, Names};
use super::{AsyncMethods, exceptions, layout, message, module};
use crate::ir::{Operation, Service};

/// Names of classes that are not generated.
struct Classes {
    client: &'static str,
    base: &'static str,
    /// Module of the base classes.
    module: &'static str,
    paginator: &'static str,
    iterator: &'static str,
    /// Classes that the module of the client also contains.
    exported: &'static [&'static str],
}

const SYNC: Classes = Classes {
    client: "Client",
    base: "SyncClient",
    module: "invoke_model._sync",
    paginator: "Paginator",
    iterator: "PageIterator",
    exported: &["PageIterator", "Paginator"],
};

const ASYNC: Classes = Classes {
    client: "AsyncClient",
    base: "AsyncBaseClient",
    module: "invoke_model._async",
    paginator: "AsyncPaginator",
    iterator: "AsyncPageIterator",
    exported: &[
        "AsyncBidirectionalStream",
        "AsyncEventStream",
        "AsyncPageIterator",
        "AsyncPaginator",
        "AsyncStreamingBody",
    ],
};

impl AsyncMethods {
    fn classes(self) -> &'static Classes {
        match self {
            Self::No => &SYNC,
            Self::Yes => &ASYNC,
        }
    }
}

/// Returns the text of the stub of a client.
pub(super) fn client(service: &Service, names: &Names<'_>, methods: AsyncMethods) -> String {
    let paginated: Vec<&Operation> =
        service.operations.iter().filter(|operation| operation.pagination.is_some()).collect();
    let mut items = Vec::new();
    if methods == AsyncMethods::No {
        items.push(exceptions::attributes(service));
    }
    items.extend(paginated.iter().map(|operation| paginator(operation, methods)));
    items.push(class(service, names, &paginated, methods));
    let doc = match methods {
        AsyncMethods::No => "The synchronous client.",
        AsyncMethods::Yes => "The asyncio client.",
    };
    module(doc, &imports(service, names, &paginated, methods), "\n", &items)
}

/// Returns the class of a paginator.
fn paginator(operation: &Operation, methods: AsyncMethods) -> String {
    let Classes { paginator, iterator, .. } = methods.classes();
    let page = message::response_name(operation, methods);
    let arguments = names::paginate(&operation.wire_name);
    let doc = format!("Paginator of the `{}` operation.", operation.wire_name);
    let parameters = ["self".to_owned(), format!("**kwargs: Unpack[{arguments}]")];
    let name = paginator_name(operation, methods);
    let mut code =
        format!("@type_check_only\nclass {name}({paginator}[{page}]):\n{}\n", layout::docstring(4, &doc));
    code.push_str(&layout::list(4, "def paginate(", &parameters, &format!(") -> {iterator}[{page}]:")));
    code.push_str(&layout::docstring(8, "Returns an iterator over the pages."));
    code
}

fn paginator_name(operation: &Operation, methods: AsyncMethods) -> String {
    format!("{}{}", operation.wire_name, methods.classes().paginator)
}

/// Returns the class of a client.
fn class(service: &Service, names: &Names<'_>, paginated: &[&Operation], methods: AsyncMethods) -> String {
    let Classes { client, base, .. } = methods.classes();
    let mut code = format!("class {client}({base}):\n");
    code.push_str(&layout::docstring(4, &format!("A client for {}.", service.sdk_id)));
    code.push_str("\n    @property\n    def exceptions(self) -> Exceptions:\n");
    code.push_str(&layout::docstring(8, "The classes of the errors that the service returns."));
    for operation in called(service, methods) {
        code.push_str(&format!("\n{}", method(operation, names, methods)));
    }
    for operation in paginated {
        code.push_str(&get_paginator(operation, methods, paginated.len() > 1));
    }
    code
}

/// Returns the operations that have methods. Like the client of boto3, the synchronous client has no method for an
/// operation with events in the input.
fn called(service: &Service, methods: AsyncMethods) -> impl Iterator<Item = &Operation> {
    let operations = service.operations.iter();
    operations.filter(move |operation| methods == AsyncMethods::Yes || operation.input_events.is_none())
}

/// Returns the type of the result of a method.
fn result(operation: &Operation, names: &Names<'_>, methods: AsyncMethods) -> Annotation {
    match message::bidirectional_events(operation, names) {
        Some(events) => Annotation::Generic("AsyncBidirectionalStream", events.into()),
        None => Annotation::Declared(message::response_name(operation, methods)),
    }
}

/// Returns the method of an operation.
fn method(operation: &Operation, names: &Names<'_>, methods: AsyncMethods) -> String {
    let keyword = if methods == AsyncMethods::Yes { "async def" } else { "def" };
    let head = format!("{keyword} {}(", operation.wire_name.to_snake_case());
    let mut parameters = vec!["self".to_owned()];
    if let Some(arguments) = message::request(operation, names) {
        parameters.push(format!("**kwargs: Unpack[{}]", arguments.name));
    }
    let tail = format!(") -> {}:", result(operation, names, methods).unquoted());
    let doc = match operation.doc.as_str() {
        "" => format!("Calls the `{}` operation.", operation.wire_name),
        doc => doc.to_owned(),
    };
    format!("{}{}", layout::list(4, &head, &parameters, &tail), layout::docstring(8, &doc))
}

/// Returns the method that returns a paginator. A client with several paginators has an overload for each.
fn get_paginator(operation: &Operation, methods: AsyncMethods, is_overload: bool) -> String {
    let overload = if is_overload { "    @overload\n" } else { "" };
    let name = layout::string(&operation.wire_name.to_snake_case());
    let parameters = ["self".to_owned(), format!("operation_name: Literal[{name}]")];
    let tail = format!(") -> {}:", paginator_name(operation, methods));
    let method = layout::list(4, "def get_paginator(", &parameters, &tail);
    let doc = format!("Returns the paginator of the `{}` operation.", operation.wire_name);
    format!("\n{overload}{method}{}", layout::docstring(8, &doc))
}

/// Returns the import statements.
fn imports(
    service: &Service,
    names: &Names<'_>,
    paginated: &[&Operation],
    methods: AsyncMethods,
) -> Vec<String> {
    let mut type_defs: BTreeSet<String> =
        paginated.iter().map(|operation| names::paginate(&operation.wire_name)).collect();
    for operation in called(service, methods) {
        type_defs.extend(message::request(operation, names).map(|arguments| arguments.name));
        result(operation, names, methods).visit(&mut |annotation| {
            if let Annotation::Declared(name) = annotation {
                type_defs.insert(name.clone());
            }
        });
    }
    let typing = [
        ("Literal", !paginated.is_empty()),
        ("Unpack", true),
        ("overload", paginated.len() > 1),
        ("type_check_only", methods == AsyncMethods::No || !paginated.is_empty()),
    ];
    let typing: Vec<String> =
        typing.iter().filter(|(_, used)| *used).map(|(name, _)| (*name).to_owned()).collect();
    let Classes { base, module, exported, .. } = methods.classes();
    let mut lines = vec![layout::import(0, "typing", &typing), "\n".to_owned()];
    if methods == AsyncMethods::No {
        lines.push(layout::import(0, "invoke_model._client", &["ClientExceptions".to_owned()]));
    }
    lines.push(layout::import(0, module, &[(*base).to_owned()]));
    // The alias makes the class a part of the module.
    lines.extend(exported.iter().map(|name| layout::import(0, module, &[format!("{name} as {name}")])));
    lines.push(match methods {
        AsyncMethods::No => layout::import(0, "invoke_model.exceptions", &["ClientError".to_owned()]),
        AsyncMethods::Yes => "\nfrom .client import Exceptions\n".to_owned(),
    });
    let blank = if methods == AsyncMethods::No { "\n" } else { "" };
    let type_defs: Vec<String> = type_defs.into_iter().collect();
    lines.push(format!("{blank}{}", layout::import(0, ".type_defs", &type_defs)));
    lines
}
