//! Names of the Python types. The names are those of the package `types-boto3-bedrock-runtime`, and of the other
//! packages of the project `types-boto3`, so that annotated programs need no other names.

use std::collections::{BTreeMap, BTreeSet};

use crate::ir::{EventStream, Service, Shape, Structure, Type, Union};

/// Names of types that do not depend on the model.
pub(super) const BLOB: &str = "BlobTypeDef";
pub(super) const TIMESTAMP: &str = "TimestampTypeDef";
pub(super) const PAGINATOR_CONFIG: &str = "PaginatorConfigTypeDef";
pub(super) const RESPONSE_METADATA: &str = "ResponseMetadataTypeDef";

/// Names of the types of a shape.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Forms {
    /// Requests and responses contain the same type, or only one of them contains the shape.
    One(String),
    /// The type in requests differs from the type in responses. For example, a request can contain any sequence, and
    /// a response contains a list.
    Two {
        /// Type in requests.
        request: String,
        /// Type in responses.
        response: String,
        /// Union of both types. A request can contain a part of a response.
        either: String,
    },
}

/// Names of all types.
#[derive(Debug)]
pub(super) struct Names<'a> {
    /// Types of structures, unions and event streams. The keys are Rust names.
    forms: BTreeMap<&'a str, Forms>,
    /// Type aliases of string enums. The keys are Rust names.
    literals: BTreeMap<&'a str, String>,
}

/// Returns the name of the arguments of an operation.
pub(super) fn request(operation: &str) -> String {
    format!("{operation}RequestTypeDef")
}

/// Returns the name of the response of an operation.
pub(super) fn response(operation: &str) -> String {
    format!("{operation}ResponseTypeDef")
}

/// Returns the name of the response of an operation with asynchronous methods.
pub(super) fn async_response(operation: &str) -> String {
    format!("{operation}AsyncResponseTypeDef")
}

/// Returns the name of the arguments of the paginator of an operation.
pub(super) fn paginate(operation: &str) -> String {
    format!("{operation}RequestPaginateTypeDef")
}

impl<'a> Names<'a> {
    pub(super) fn new(service: &'a Service) -> Self {
        let mut taken: BTreeSet<String> =
            [BLOB, TIMESTAMP, PAGINATOR_CONFIG, RESPONSE_METADATA].map(str::to_owned).into();
        for operation in &service.operations {
            let name = &operation.wire_name;
            taken.extend([request(name), response(name), async_response(name), paginate(name)]);
        }
        let mut names = Self { forms: BTreeMap::new(), literals: BTreeMap::new() };
        for (rust_name, shape) in &service.shapes {
            match shape {
                Shape::StringEnum(string_enum) => {
                    let name = free(&string_enum.wire_name, &mut taken, |name| vec![format!("{name}Type")]);
                    names.literals.extend(name.into_iter().map(|name| (rust_name.as_str(), name)));
                }
                Shape::IntEnum(_) => {}
                Shape::Structure(structure) if structure.members.is_empty() => {}
                Shape::Structure(Structure { wire_name, .. })
                | Shape::Union(Union { wire_name, .. })
                | Shape::EventStream(EventStream { wire_name, .. }) => {
                    if let Some(forms) = forms(service, rust_name, wire_name, &mut taken) {
                        names.forms.insert(rust_name, forms);
                    }
                }
            }
        }
        names
    }

    /// Returns the names of the types of a structure, union or event stream. Returns `None` if neither a request nor
    /// a response contains the shape, or if the shape is a structure without members.
    pub(super) fn forms(&self, rust_name: &str) -> Option<&Forms> {
        self.forms.get(rust_name)
    }

    /// Returns the name of the type alias of a string enum.
    pub(super) fn literal(&self, rust_name: &str) -> Option<&String> {
        self.literals.get(rust_name)
    }
}

fn forms(service: &Service, rust_name: &str, wire_name: &str, taken: &mut BTreeSet<String>) -> Option<Forms> {
    let (in_requests, in_responses) =
        (service.request_shapes.contains(rust_name), service.response_shapes.contains(rust_name));
    let one = |name: &str| vec![format!("{name}TypeDef")];
    if !(in_requests && in_responses && depends_on_direction(service, rust_name)) {
        return if in_requests || in_responses {
            free(wire_name, taken, one).into_iter().next().map(Forms::One)
        } else {
            None
        };
    }
    let three = |name: &str| ["", "Output", "Union"].map(|form| format!("{name}{form}TypeDef")).to_vec();
    let [request, response, either] = free(wire_name, taken, three).try_into().ok()?;
    Some(Forms::Two { request, response, either })
}

/// Returns names that are not taken, and marks them as taken.
fn free(wire_name: &str, taken: &mut BTreeSet<String>, names: impl Fn(&str) -> Vec<String>) -> Vec<String> {
    let numbered = (2..).map(|number| format!("{wire_name}Shape{number}"));
    let mut candidates = [wire_name.to_owned(), format!("{wire_name}Shape")].into_iter().chain(numbered);
    let free = candidates.find_map(|candidate| {
        let names = names(&candidate);
        names.iter().all(|name| !taken.contains(name)).then_some(names)
    });
    let names = free.unwrap_or_default();
    taken.extend(names.iter().cloned());
    names
}

/// Returns `true` if the type of a shape in requests differs from the type in responses.
fn depends_on_direction(service: &Service, rust_name: &str) -> bool {
    let (mut queue, mut seen) = (vec![rust_name], BTreeSet::new());
    while let Some(name) = queue.pop() {
        let Some(shape) = service.shapes.get(name).filter(|_| seen.insert(name)) else { continue };
        let types: Vec<&Type> = match shape {
            // A structure without members is a mapping in requests, and a `dict` in responses.
            Shape::Structure(structure) if structure.members.is_empty() => return true,
            Shape::Structure(structure) => structure.members.iter().map(|member| &member.ty).collect(),
            Shape::Union(union) => union.members.iter().map(|member| &member.ty).collect(),
            Shape::EventStream(_) => {
                queue.extend(shape.targets());
                continue;
            }
            Shape::StringEnum(_) | Shape::IntEnum(_) => continue,
        };
        for ty in types {
            match ty {
                Type::Blob
                | Type::Timestamp(_)
                | Type::Document
                | Type::Unit
                | Type::List { .. }
                | Type::Map { .. } => return true,
                Type::Boxed(_) | Type::Structure(_) | Type::Union(_) => queue.extend(ty.shape()),
                _ => {}
            }
        }
    }
    false
}
