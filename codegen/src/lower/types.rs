//! Resolves the types of members, including the elements of lists and maps and the formats of timestamps.

use crate::diagnostic::Diagnostic;
use crate::ir::{IntegerWidth, TimestampFormat, Type};
use crate::model::{Member, ShapeId, ShapeType, Traits};

use super::{Lowering, string_trait, traits};

impl Lowering<'_> {
    /// Returns the type of a member. `format` is the timestamp format if neither the member nor its target
    /// sets a format.
    pub(super) fn member_type(&mut self, id: &ShapeId, member: &Member, format: TimestampFormat) -> Type {
        traits::check(id, &member.traits, &mut self.diagnostics);
        let format = self.timestamp_format(id, &member.traits).unwrap_or(format);
        let ty = self.target_type(id, &member.target, &member.traits, format);
        if self.boxed.contains(id) { Type::Boxed(Box::new(ty)) } else { ty }
    }

    /// Returns the type of a shape in the model or the prelude.
    pub(super) fn shape_type(&self, target: &ShapeId) -> Option<ShapeType> {
        match self.model.shape(target) {
            Some(shape) => Some(shape.ty),
            None => prelude(target),
        }
    }

    fn target_type(
        &mut self,
        id: &ShapeId,
        target: &ShapeId,
        member: &Traits,
        format: TimestampFormat,
    ) -> Type {
        let model = self.model;
        let shape = model.shape(target);
        let shape_traits = shape.map(|shape| &shape.traits);
        let has =
            |name| member.contains_key(name) || shape_traits.is_some_and(|traits| traits.contains_key(name));
        if self.is_event_stream(target) {
            return self.unsupported(
                id,
                "targets an event stream, which is supported only as a member of an input or output",
            );
        }
        if let Some(name) = self.names.get(target) {
            return match shape.map(|shape| shape.ty) {
                Some(ShapeType::Structure) => Type::Structure(name.clone()),
                Some(ShapeType::Union) => Type::Union(name.clone()),
                Some(ShapeType::IntEnum) => Type::IntEnum(name.clone()),
                _ => Type::StringEnum(name.clone()),
            };
        }
        match self.shape_type(target) {
            Some(ShapeType::Boolean) => Type::Boolean,
            Some(ShapeType::Byte) => Type::Integer(IntegerWidth::Byte),
            Some(ShapeType::Short) => Type::Integer(IntegerWidth::Short),
            Some(ShapeType::Integer) => Type::Integer(IntegerWidth::Integer),
            Some(ShapeType::Long) => Type::Integer(IntegerWidth::Long),
            Some(ShapeType::Float) => Type::Float,
            Some(ShapeType::Double) => Type::Double,
            Some(ShapeType::String) => Type::String { media_type: has(traits::MEDIA_TYPE) },
            Some(ShapeType::Blob) => Type::Blob,
            Some(ShapeType::Document) => Type::Document,
            Some(ShapeType::Timestamp) if member.contains_key(traits::TIMESTAMP_FORMAT) => {
                Type::Timestamp(format)
            }
            Some(ShapeType::Timestamp) => {
                let stated = shape_traits.and_then(|traits| self.timestamp_format(target, traits));
                Type::Timestamp(stated.unwrap_or(format))
            }
            Some(ShapeType::Structure) if target.as_str() == "smithy.api#Unit" => Type::Unit,
            Some(ShapeType::List | ShapeType::Set) => {
                let Some(element) = shape.and_then(|shape| shape.member.as_ref()) else {
                    return self.unsupported(target, "is a list without `member`: add it");
                };
                let ty = self.member_type(&target.member("member"), element, format);
                Type::List { element: Box::new(ty), sparse: has(traits::SPARSE) }
            }
            Some(ShapeType::Map) => {
                let (Some(key), Some(value)) = (
                    shape.and_then(|shape| shape.key.as_ref()),
                    shape.and_then(|shape| shape.value.as_ref()),
                ) else {
                    return self.unsupported(target, "is a map without `key` or `value`: add both");
                };
                let key = self.member_type(&target.member("key"), key, format);
                let value = self.member_type(&target.member("value"), value, format);
                Type::Map { key: Box::new(key), value: Box::new(value), sparse: has(traits::SPARSE) }
            }
            Some(other) => self.unsupported(
                id,
                &format!("targets a shape of the type `{}`, which is not supported", other.as_str()),
            ),
            None if target.is_prelude() => {
                self.unsupported(id, &format!("targets {target}, which the prelude does not have"))
            }
            // `select` has already reported the missing shape.
            None => Type::Unit,
        }
    }

    fn timestamp_format(&mut self, id: &ShapeId, traits: &Traits) -> Option<TimestampFormat> {
        match string_trait(traits, traits::TIMESTAMP_FORMAT)? {
            "epoch-seconds" => Some(TimestampFormat::EpochSeconds),
            "date-time" => Some(TimestampFormat::DateTime),
            "http-date" => Some(TimestampFormat::HttpDate),
            other => {
                let message = format!(
                    "`{other}` is not a timestamp format: use `epoch-seconds`, `date-time` or `http-date`"
                );
                self.diagnostics.push(Diagnostic::on_trait(id, traits::TIMESTAMP_FORMAT, message));
                None
            }
        }
    }

    /// Reports an unsupported type. The generator does not print the returned type, because a run with
    /// diagnostics fails.
    fn unsupported(&mut self, id: &ShapeId, message: &str) -> Type {
        self.diagnostics.push(Diagnostic::shape(id, message));
        Type::Unit
    }
}

/// Returns the type of a shape in the prelude.
/// <https://smithy.io/2.0/spec/model.html#prelude>
fn prelude(target: &ShapeId) -> Option<ShapeType> {
    let name = target.as_str().strip_prefix("smithy.api#")?;
    Some(match name {
        "BigDecimal" => ShapeType::BigDecimal,
        "BigInteger" => ShapeType::BigInteger,
        "Blob" => ShapeType::Blob,
        "Boolean" | "PrimitiveBoolean" => ShapeType::Boolean,
        "Byte" | "PrimitiveByte" => ShapeType::Byte,
        "Document" => ShapeType::Document,
        "Double" | "PrimitiveDouble" => ShapeType::Double,
        "Float" | "PrimitiveFloat" => ShapeType::Float,
        "Integer" | "PrimitiveInteger" => ShapeType::Integer,
        "Long" | "PrimitiveLong" => ShapeType::Long,
        "Short" | "PrimitiveShort" => ShapeType::Short,
        "String" => ShapeType::String,
        "Timestamp" => ShapeType::Timestamp,
        "Unit" => ShapeType::Structure,
        _ => return None,
    })
}
