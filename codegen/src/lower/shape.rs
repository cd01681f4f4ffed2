//! Lowers named shapes: structures, errors, unions and enums.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::diagnostic::Diagnostic;
use crate::ir::{self, ErrorFacts, ErrorFault, Retryable, TimestampFormat};
use crate::model::{Shape, ShapeId, ShapeType};

use super::member::{Role, is_error_message};
use super::names::{Scope, Variants};
use super::{Lowering, docs, string_trait, traits};

impl Lowering<'_> {
    /// Lowers every shape for which the generated code has a type.
    pub(super) fn shapes(&mut self) -> BTreeMap<String, ir::Shape> {
        let model = self.model;
        for id in &self.selection.closure {
            if let Some(shape) = model.shape(id) {
                traits::check(id, &shape.traits, &mut self.diagnostics);
            }
        }
        let named: Vec<(ShapeId, String)> =
            self.names.iter().map(|(id, name)| (id.clone(), name.clone())).collect();
        let mut shapes = BTreeMap::new();
        for (id, rust_name) in named {
            let Some(shape) = model.shape(&id).filter(|shape| shape.ty != ShapeType::Operation) else {
                continue;
            };
            let lowered = match shape.ty {
                ShapeType::Structure => {
                    let error = self.error_facts(&id, shape);
                    let role = if error.is_some() { Role::Error } else { Role::Nested };
                    ir::Shape::Structure(self.structure(&id, shape, rust_name.clone(), role, error))
                }
                ShapeType::Union if shape.has(traits::STREAMING) => {
                    ir::Shape::EventStream(self.event_stream(&id, shape, rust_name.clone()))
                }
                ShapeType::Union => ir::Shape::Union(self.union(&id, shape, rust_name.clone())),
                ShapeType::IntEnum => ir::Shape::IntEnum(self.int_enum(&id, shape, rust_name.clone())),
                _ => ir::Shape::StringEnum(self.string_enum(&id, shape, rust_name.clone())),
            };
            shapes.insert(rust_name, lowered);
        }
        shapes
    }

    pub(super) fn structure(
        &mut self,
        id: &ShapeId,
        shape: &Shape,
        rust_name: String,
        role: Role,
        mut error: Option<ErrorFacts>,
    ) -> ir::Structure {
        let (members, sensitive) = (self.members(id, shape, role), shape.has(traits::SENSITIVE));
        if let Some(facts) = &mut error {
            let message = members.iter().find(|member| is_error_message(&member.wire_name, &member.ty));
            let message = message.filter(|member| !(sensitive || member.sensitive));
            facts.message = message.map(|member| member.wire_name.clone());
        }
        let (wire_name, doc) = (id.name().to_owned(), docs::of(&shape.traits));
        let builder_name = self.builders.get(id).filter(|_| role == Role::Nested).cloned();
        let is_checked = role == Role::Nested && self.is_checked(id);
        ir::Structure { rust_name, wire_name, doc, members, sensitive, error, builder_name, is_checked }
    }

    /// Lowers the traits of an error. Without the `httpError` trait, the status is 400 for client errors and
    /// 500 for server errors.
    /// <https://smithy.io/2.0/spec/type-refinement-traits.html#error-trait>
    /// <https://smithy.io/2.0/spec/http-bindings.html#httperror-trait>
    pub(super) fn error_facts(&mut self, id: &ShapeId, shape: &Shape) -> Option<ErrorFacts> {
        let fault = match string_trait(&shape.traits, traits::ERROR)? {
            "client" => ErrorFault::Client,
            "server" => ErrorFault::Server,
            other => {
                let message = format!("`{other}` is not a fault: write `client` or `server`");
                self.diagnostics.push(Diagnostic::on_trait(id, traits::ERROR, message));
                return None;
            }
        };
        let status = shape.traits.get(traits::HTTP_ERROR).and_then(Value::as_u64);
        let status = status.and_then(|status| u16::try_from(status).ok());
        let retryable = shape.traits.get(traits::RETRYABLE).map(|value| {
            let throttling = value.get("throttling").and_then(Value::as_bool) == Some(true);
            if throttling { Retryable::Throttling } else { Retryable::Transient }
        });
        let status = status.unwrap_or(if fault == ErrorFault::Client { 400 } else { 500 });
        let is_response = self.all_errors().any(|error| error == id);
        let mut members = self.selection.closure.iter().filter_map(|id| self.model.shape(id));
        let is_member = members.any(|shape| shape.all_members().any(|(_, member)| member.target == *id));
        Some(ErrorFacts { status, fault, retryable, message: None, is_response, is_member })
    }

    fn union(&mut self, id: &ShapeId, shape: &Shape, rust_name: String) -> ir::Union {
        let mut variants = Variants::default();
        let members = shape.members.iter().map(|(name, member)| {
            let (rust_name, method) = variants.name(name);
            ir::UnionMember {
                wire_name: name.clone(),
                json_name: string_trait(&member.traits, traits::JSON_NAME).unwrap_or(name).to_owned(),
                rust_name,
                method,
                doc: docs::of(&member.traits),
                ty: self.member_type(&id.member(name), member, TimestampFormat::EpochSeconds),
                sensitive: self.is_sensitive(member),
                constraints: self.constraints(member),
            }
        });
        let members = members.collect();
        let (doc, sensitive) = (docs::of(&shape.traits), shape.has(traits::SENSITIVE));
        let (wire_name, is_checked) = (id.name().to_owned(), self.is_checked(id));
        ir::Union { rust_name, wire_name, doc, members, sensitive, is_checked }
    }

    fn string_enum(&mut self, id: &ShapeId, shape: &Shape, rust_name: String) -> ir::StringEnum {
        let mut scope = Scope::with(&["VALUES"]);
        for (name, member) in &shape.members {
            traits::check(&id.member(name), &member.traits, &mut self.diagnostics);
        }
        let members = enum_values(shape).map(|(name, value, doc)| ir::EnumMember {
            rust_name: scope.shouty(name),
            value: value.to_owned(),
            doc,
        });
        let members = members.collect();
        let (doc, sensitive) = (docs::of(&shape.traits), shape.has(traits::SENSITIVE));
        ir::StringEnum { rust_name, wire_name: id.name().to_owned(), doc, members, sensitive }
    }

    fn int_enum(&mut self, id: &ShapeId, shape: &Shape, rust_name: String) -> ir::IntEnum {
        let mut scope = Scope::with(&["VALUES"]);
        let mut members = Vec::new();
        for (name, member) in &shape.members {
            let member_id = id.member(name);
            traits::check(&member_id, &member.traits, &mut self.diagnostics);
            let value = member.traits.get(traits::ENUM_VALUE).and_then(Value::as_i64);
            let Some(value) = value.and_then(|value| i32::try_from(value).ok()) else {
                let message = "is missing or is not a 32-bit integer: each member of an int enum needs one";
                self.diagnostics.push(Diagnostic::on_trait(&member_id, traits::ENUM_VALUE, message));
                continue;
            };
            members.push(ir::IntEnumMember {
                rust_name: scope.shouty(name),
                value,
                doc: docs::of(&member.traits),
            });
        }
        let (doc, sensitive) = (docs::of(&shape.traits), shape.has(traits::SENSITIVE));
        ir::IntEnum { rust_name, doc, members, sensitive }
    }
}

/// Returns the name, the value and the documentation of each member of a string enum. In Smithy 1.0, an enum
/// is a string with the `enum` trait, which lists the values.
pub(super) fn enum_values(shape: &Shape) -> impl Iterator<Item = (&str, &str, String)> {
    let members = shape.members.iter().map(|(name, member)| {
        let value = string_trait(&member.traits, traits::ENUM_VALUE).unwrap_or(name);
        (name.as_str(), value, docs::of(&member.traits))
    });
    let definitions = shape.traits.get(traits::ENUM).and_then(Value::as_array).into_iter().flatten();
    let definitions = definitions.filter_map(|definition| {
        let text = |key| definition.get(key).and_then(Value::as_str);
        let value = text("value")?;
        Some((text("name").unwrap_or(value), value, text("documentation").unwrap_or_default().to_owned()))
    });
    members.chain(definitions)
}
