//! Named shapes: structures, errors, unions, enums.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::diagnostic::Diagnostic;
use crate::ir::{self, ErrorFacts, Fault, Retryable, TimestampFormat};
use crate::model::{Shape, ShapeId, ShapeType};

use super::member::Role;
use super::names::Scope;
use super::{Lowering, docs, string_trait, traits};

impl Lowering<'_> {
    /// Every shape that becomes a type of its own.
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
        error: Option<ErrorFacts>,
    ) -> ir::Structure {
        ir::Structure {
            rust_name,
            wire_name: id.name().to_owned(),
            doc: docs::of(&shape.traits),
            members: self.members(id, shape, role),
            sensitive: shape.has(traits::SENSITIVE),
            error,
        }
    }

    /// <https://smithy.io/2.0/spec/type-refinement-traits.html#error-trait>; without `httpError` the status is 400 or
    /// 500. <https://smithy.io/2.0/spec/http-bindings.html#httperror-trait>
    fn error_facts(&mut self, id: &ShapeId, shape: &Shape) -> Option<ErrorFacts> {
        let fault = match string_trait(&shape.traits, traits::ERROR)? {
            "client" => Fault::Client,
            "server" => Fault::Server,
            other => {
                let message = format!("`{other}` is no fault: `client` and `server` are");
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
        let status = status.unwrap_or(if fault == Fault::Client { 400 } else { 500 });
        let answered = self.errors_of_all().any(|answered| answered == id);
        let mut members = self.selection.closure.iter().filter_map(|id| self.model.shape(id));
        let held = members.any(|shape| shape.all_members().any(|(_, member)| member.target == *id));
        Some(ErrorFacts { status, fault, retryable, answered, held })
    }

    fn union(&mut self, id: &ShapeId, shape: &Shape, rust_name: String) -> ir::Union {
        let mut scope = Scope::with(&["Self", "Unknown"]);
        let members = shape.members.iter().map(|(name, member)| ir::UnionMember {
            wire_name: name.clone(),
            json_name: string_trait(&member.traits, traits::JSON_NAME).unwrap_or(name).to_owned(),
            rust_name: scope.upper_camel(name),
            doc: docs::of(&member.traits),
            ty: self.member_type(&id.member(name), member, TimestampFormat::EpochSeconds),
            sensitive: self.is_sensitive(member),
        });
        let members = members.collect();
        let (doc, sensitive) = (docs::of(&shape.traits), shape.has(traits::SENSITIVE));
        ir::Union { rust_name, doc, members, sensitive }
    }

    fn string_enum(&mut self, id: &ShapeId, shape: &Shape, rust_name: String) -> ir::StringEnum {
        let mut scope = Scope::with(&["VALUES"]);
        let mut members = Vec::new();
        for (name, member) in &shape.members {
            traits::check(&id.member(name), &member.traits, &mut self.diagnostics);
            let value = string_trait(&member.traits, traits::ENUM_VALUE).unwrap_or(name).to_owned();
            members.push(ir::EnumMember {
                rust_name: scope.shouty(name),
                value,
                doc: docs::of(&member.traits),
            });
        }
        // Version 1 writes enums as a trait on a string.
        for definition in shape.traits.get(traits::ENUM).and_then(Value::as_array).into_iter().flatten() {
            let text = |key| definition.get(key).and_then(Value::as_str);
            let Some(value) = text("value") else { continue };
            let rust_name = scope.shouty(text("name").unwrap_or(value));
            let doc = text("documentation").unwrap_or_default().to_owned();
            members.push(ir::EnumMember { rust_name, value: value.to_owned(), doc });
        }
        let (doc, sensitive) = (docs::of(&shape.traits), shape.has(traits::SENSITIVE));
        ir::StringEnum { rust_name, doc, members, sensitive }
    }

    fn int_enum(&mut self, id: &ShapeId, shape: &Shape, rust_name: String) -> ir::IntEnum {
        let mut scope = Scope::with(&["VALUES"]);
        let mut members = Vec::new();
        for (name, member) in &shape.members {
            let member_id = id.member(name);
            traits::check(&member_id, &member.traits, &mut self.diagnostics);
            let value = member.traits.get(traits::ENUM_VALUE).and_then(Value::as_i64);
            let Some(value) = value.and_then(|value| i32::try_from(value).ok()) else {
                let message = "is missing or no integer of 32 bits, which a member of an int enum needs";
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
