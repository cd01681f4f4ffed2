//! Checks of members against the specification.

use serde_json::Value;

use crate::diagnostic::Diagnostic;
use crate::ir::{self, IntegerWidth, Location, Type};
use crate::model::{Member, ShapeId};

use super::{Lowering, traits};

impl Lowering<'_> {
    /// Reports a member whose type is not allowed at its location.
    /// <https://smithy.io/2.0/spec/http-bindings.html>
    pub(super) fn check_location(&mut self, id: &ShapeId, location: &Location, ty: &Type) {
        let one_or_many = is_simple(ty) || is_list_of_simple(ty);
        let many = "a simple type or a non-sparse list of simple types";
        let (trait_id, fits, allowed) = match location {
            Location::Label { .. } => (traits::HTTP_LABEL, is_simple(ty), "a simple type"),
            Location::Query(_) => (traits::HTTP_QUERY, one_or_many, many),
            Location::Header(_) => (traits::HTTP_HEADER, one_or_many, many),
            Location::QueryMap { .. } => {
                let fits = is_string_map(ty) || is_map_of_string_lists(ty);
                (traits::HTTP_QUERY_PARAMS, fits, "a map of strings or of lists of strings")
            }
            Location::PrefixHeaders(_) => {
                (traits::HTTP_PREFIX_HEADERS, is_string_map(ty), "a map of strings")
            }
            Location::Payload { .. } => {
                let fits = !matches!(ty, Type::List { .. } | Type::Map { .. }) && !is_number(ty);
                (traits::HTTP_PAYLOAD, fits, "a blob, string, enum, structure, union or document")
            }
            Location::StatusCode => {
                (traits::HTTP_RESPONSE_CODE, *ty == Type::Integer(IntegerWidth::Integer), "an integer")
            }
            Location::EventHeader => {
                let fits = *ty == Type::Blob || is_simple(ty) && !matches!(ty, Type::Float | Type::Double);
                (traits::EVENT_HEADER, fits, "a boolean, integer, string, enum, blob or timestamp")
            }
            Location::EventPayload { .. } => {
                let fits = matches!(
                    ty,
                    Type::Blob
                        | Type::String { .. }
                        | Type::StringEnum(_)
                        | Type::Structure(_)
                        | Type::Union(_)
                );
                (traits::EVENT_PAYLOAD, fits, "a blob, string, enum, structure or union")
            }
            Location::Body => return,
        };
        if !fits {
            let message = format!("is not allowed on this type: the member must be {allowed}");
            self.diagnostics.push(Diagnostic::on_trait(id, trait_id, message));
        }
    }

    /// Reports members of the body if the structure also has a payload member. The payload member is the
    /// entire body of a message or the entire payload of an event. Therefore the body cannot contain other
    /// members.
    pub(super) fn check_payload(&mut self, id: &ShapeId, members: &[ir::Member]) {
        let is_payload = |member: &&ir::Member| {
            matches!(member.location, Location::Payload { .. } | Location::EventPayload { .. })
        };
        let Some(payload) = members.iter().find(is_payload) else { return };
        for other in members.iter().filter(|member| member.location == Location::Body) {
            let message = format!(
                "has no location, because `{}` is the entire payload: bind the member to a header, or remove it",
                payload.wire_name
            );
            self.diagnostics.push(Diagnostic::shape(&id.member(&other.wire_name), message));
        }
    }

    /// Reports a default that is not valid for the type.
    /// <https://smithy.io/2.0/spec/type-refinement-traits.html#default-value-constraints>
    pub(super) fn check_default(&mut self, id: &ShapeId, member: &Member, ty: &Type) {
        let Some(value) = member.traits.get(traits::DEFAULT) else { return };
        let in_range =
            |limit: i64| value.as_i64().is_some_and(|number| (-limit - 1..=limit).contains(&number));
        let fits = match ty {
            _ if value.is_null() => true,
            Type::Boolean => value.is_boolean(),
            Type::Integer(IntegerWidth::Byte) => in_range(i8::MAX.into()),
            Type::Integer(IntegerWidth::Short) => in_range(i16::MAX.into()),
            Type::Integer(IntegerWidth::Integer) | Type::IntEnum(_) => in_range(i32::MAX.into()),
            Type::Integer(IntegerWidth::Long) => value.is_i64(),
            Type::Float | Type::Double => value.is_number(),
            Type::String { .. } | Type::StringEnum(_) | Type::Blob => value.is_string(),
            Type::Timestamp(_) => value.is_number() || value.is_string(),
            Type::List { .. } => value.as_array().is_some_and(Vec::is_empty),
            Type::Map { .. } => value.as_object().is_some_and(serde_json::Map::is_empty),
            Type::Document => match value {
                Value::Array(elements) => elements.is_empty(),
                Value::Object(members) => members.is_empty(),
                _ => true,
            },
            Type::Structure(_) | Type::Union(_) | Type::Boxed(_) | Type::Unit => false,
        };
        if !fits {
            let message = format!("`{value}` is not a valid default for this type");
            self.diagnostics.push(Diagnostic::on_trait(id, traits::DEFAULT, message));
        }
    }
}

fn is_simple(ty: &Type) -> bool {
    is_number(ty) || matches!(ty, Type::String { .. } | Type::StringEnum(_))
}

fn is_list_of_simple(ty: &Type) -> bool {
    matches!(ty, Type::List { element, sparse: false } if is_simple(element))
}

fn is_number(ty: &Type) -> bool {
    matches!(
        ty,
        Type::Boolean | Type::Integer(_) | Type::Float | Type::Double | Type::Timestamp(_) | Type::IntEnum(_)
    )
}

fn is_string_map(ty: &Type) -> bool {
    let string = |ty: &Type| matches!(ty, Type::String { .. });
    matches!(ty, Type::Map { key, value, sparse: false } if string(key) && string(value))
}

fn is_map_of_string_lists(ty: &Type) -> bool {
    let string = |ty: &Type| matches!(ty, Type::String { .. });
    let list = |ty: &Type| matches!(ty, Type::List { element, sparse: false } if string(element));
    matches!(ty, Type::Map { key, value, sparse: false } if string(key) && list(value))
}
