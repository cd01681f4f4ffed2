//! Converts types of the IR to type annotations.

use super::annotation::Annotation;
use super::names::{BLOB, Forms, Names, TIMESTAMP};
use crate::ir::Type;

/// Direction of a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Direction {
    /// From the caller to the service. The annotations accept all types that the client can serialize.
    Request,
    /// From the service to the caller. The annotations are the types that the client returns.
    Response,
}

impl Direction {
    /// Returns the first value for requests, and the second value for responses.
    fn select<T>(self, request: T, response: T) -> T {
        match self {
            Self::Request => request,
            Self::Response => response,
        }
    }
}

/// Returns the annotation of a type.
pub(super) fn annotation(names: &Names<'_>, ty: &Type, direction: Direction) -> Annotation {
    let of = |ty: &Type| annotation(names, ty, direction);
    let nullable = |ty: &Type, sparse: bool| match sparse {
        true => Annotation::of("Optional", of(ty)),
        false => of(ty),
    };
    match ty {
        Type::Boolean => Annotation::Name("bool"),
        Type::Integer(_) | Type::IntEnum(_) => Annotation::Name("int"),
        Type::Float | Type::Double => Annotation::Name("float"),
        Type::String { .. } => Annotation::Name("str"),
        Type::Blob => direction.select(Annotation::Declared(BLOB.to_owned()), Annotation::Name("bytes")),
        Type::Timestamp(_) => {
            direction.select(Annotation::Declared(TIMESTAMP.to_owned()), Annotation::Name("datetime"))
        }
        Type::Document | Type::Unit => dictionary(direction),
        Type::StringEnum(name) => match names.literal(name) {
            Some(alias) => Annotation::Literal(alias.clone()),
            None => Annotation::Name("str"),
        },
        Type::Structure(name) | Type::Union(name) => shape(names, name, direction),
        Type::List { element, sparse } => {
            Annotation::of(direction.select("Sequence", "list"), nullable(element, *sparse))
        }
        Type::Map { key, value, sparse } => {
            Annotation::Generic(direction.select("Mapping", "dict"), vec![of(key), nullable(value, *sparse)])
        }
        Type::Boxed(inner) => of(inner),
    }
}

/// Returns the annotation of a structure, union or event stream.
pub(super) fn shape(names: &Names<'_>, rust_name: &str, direction: Direction) -> Annotation {
    match names.forms(rust_name) {
        Some(Forms::One(name)) => Annotation::Declared(name.clone()),
        Some(Forms::Two { response, either, .. }) => {
            Annotation::Declared(direction.select(either, response).clone())
        }
        // The shape is a structure without members.
        None => dictionary(direction),
    }
}

/// Returns the annotation of a document, and of a structure without members.
fn dictionary(direction: Direction) -> Annotation {
    let arguments = vec![Annotation::Name("str"), Annotation::Name("Any")];
    Annotation::Generic(direction.select("Mapping", "dict"), arguments)
}
