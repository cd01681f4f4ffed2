//! Dictionaries of structures, unions and event streams.

use super::annotation::Annotation;
use super::names::{Forms, Names};
use super::typed_dict::{Declaration, Key, TypedDict};
use super::types::{self, Direction};
use crate::ir::{Member, Presence, Service, Shape};

/// Returns the declarations of a shape: a dictionary for each form, and the union of the forms. Enums have no
/// declarations in the module `type_defs`.
pub(super) fn declarations(
    service: &Service,
    rust_name: &str,
    shape: &Shape,
    names: &Names<'_>,
) -> Vec<Declaration> {
    let doc = match shape {
        Shape::Structure(structure) => &structure.doc,
        Shape::Union(union) => &union.doc,
        Shape::EventStream(stream) => &stream.doc,
        Shape::StringEnum(_) | Shape::IntEnum(_) => return Vec::new(),
    };
    let dict = |name: &String, direction| {
        let keys = keys(service, shape, names, direction);
        Declaration::TypedDict(TypedDict { name: name.clone(), doc: doc.clone(), keys })
    };
    match names.forms(rust_name) {
        Some(Forms::One(name)) if service.request_shapes.contains(rust_name) => {
            vec![dict(name, Direction::Request)]
        }
        Some(Forms::One(name)) => vec![dict(name, Direction::Response)],
        Some(Forms::Two { request, response, either }) => {
            let forms = [request, response].map(|name| Annotation::Declared(name.clone()));
            vec![
                dict(request, Direction::Request),
                dict(response, Direction::Response),
                Declaration::Alias { name: either.clone(), of: Annotation::Generic("Union", forms.to_vec()) },
            ]
        }
        None => Vec::new(),
    }
}

/// Returns the key of a member.
pub(super) fn key(member: &Member, names: &Names<'_>, direction: Direction) -> Key {
    Key {
        name: member.wire_name.clone(),
        doc: member.doc.clone(),
        annotation: types::annotation(names, &member.ty, direction),
        required: member.presence == Presence::Required,
    }
}

/// Returns the keys of a dictionary. The dictionary of a union or of an event contains one of the keys.
fn keys(service: &Service, shape: &Shape, names: &Names<'_>, direction: Direction) -> Vec<Key> {
    let optional = |name: &str, doc: &str, annotation| Key {
        name: name.to_owned(),
        doc: doc.to_owned(),
        annotation,
        required: false,
    };
    match shape {
        Shape::Structure(structure) => {
            structure.members.iter().map(|member| key(member, names, direction)).collect()
        }
        Shape::Union(union) => {
            let annotation = |ty| types::annotation(names, ty, direction);
            let members = union.members.iter();
            members.map(|member| optional(&member.wire_name, &member.doc, annotation(&member.ty))).collect()
        }
        Shape::EventStream(stream) => {
            let events = stream.events.iter().map(|event| {
                let annotation = types::shape(names, &event.structure, direction);
                optional(&event.wire_name, &event.doc, annotation)
            });
            let exceptions = stream.exceptions.iter().map(|exception| {
                let doc = service.structure(&exception.error).map_or("", |error| error.doc.as_str());
                optional(&exception.wire_name, doc, types::shape(names, &exception.error, direction))
            });
            events.chain(exceptions).collect()
        }
        Shape::StringEnum(_) | Shape::IntEnum(_) => Vec::new(),
    }
}
