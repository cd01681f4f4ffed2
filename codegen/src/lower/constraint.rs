//! Lowers the constraints that servers check.
//!
//! <https://smithy.io/2.0/spec/constraint-traits.html>

use std::collections::BTreeSet;

use serde_json::Value;

use super::{Lowering, traits};
use crate::ir::Constraint;
use crate::model::{Member, ShapeId, ShapeType};

impl Lowering<'_> {
    /// Returns the constraints on a member, and on the values that it contains.
    pub(super) fn constraints(&self, member: &Member) -> Vec<Constraint> {
        let required = is_required(member).then_some(Constraint::Required);
        let mut constraints: Vec<_> = required.into_iter().chain(self.own_constraints(member)).collect();
        let shape = self.model.shape(&member.target);
        let inner = |member: Option<&Member>| {
            Some(self.constraints(member?)).filter(|constraints| !constraints.is_empty())
        };
        match self.shape_type(&member.target) {
            Some(ShapeType::Structure | ShapeType::Union) => {
                if self.constrained.contains(&member.target) {
                    constraints.push(Constraint::Members);
                }
                if self.requiring.contains(&member.target) {
                    constraints.push(Constraint::RequiredMembers);
                }
            }
            Some(ShapeType::List | ShapeType::Set) => {
                let element = shape.and_then(|shape| shape.member.as_ref());
                constraints.extend(inner(element).map(Constraint::Elements));
            }
            Some(ShapeType::Map) => {
                let key = shape.and_then(|shape| shape.key.as_ref());
                let value = shape.and_then(|shape| shape.value.as_ref());
                constraints.extend(inner(key).map(Constraint::Keys));
                constraints.extend(inner(value).map(Constraint::Values));
            }
            _ => {}
        }
        constraints
    }

    /// Returns `true` if a structure or union is a part of an input, and contains constraints or required
    /// members.
    pub(super) fn is_checked(&self, id: &ShapeId) -> bool {
        self.constrained.contains(id) || self.requiring.contains(id)
    }

    /// Returns the constraints on the value of a member itself. A trait of the member takes precedence over
    /// the same trait of its target.
    fn own_constraints(&self, member: &Member) -> Vec<Constraint> {
        let shape = self.model.shape(&member.target);
        let of = |id: &str| member.traits.get(id).or_else(|| shape.and_then(|shape| shape.traits.get(id)));
        let Some(ty) = self.shape_type(&member.target) else { return Vec::new() };
        let is_enum = ty == ShapeType::Enum || shape.is_some_and(|shape| shape.has(traits::ENUM));
        let mut constraints = Vec::new();
        if let Some(bounds) = of(traits::LENGTH).filter(|_| has_length(ty)) {
            let bound = |key| bounds.get(key).and_then(Value::as_u64);
            constraints.push(Constraint::Length { min: bound("min"), max: bound("max") });
        }
        if let Some(bounds) = of(traits::RANGE).filter(|_| is_number(ty)) {
            // A model can contain the bounds of large numbers as strings.
            let number = |value: &Value| value.as_f64().or_else(|| value.as_str()?.parse().ok());
            let bound = |key| bounds.get(key).and_then(number);
            constraints.push(Constraint::Range { min: bound("min"), max: bound("max") });
        }
        if let Some(pattern) = of(traits::PATTERN).and_then(Value::as_str) {
            if ty == ShapeType::String && !is_enum {
                constraints.push(Constraint::Pattern(pattern.to_owned()));
            }
        }
        if let Some(shape) = shape.filter(|_| is_enum) {
            let values = super::shape::enum_values(shape);
            constraints.push(Constraint::OneOf(values.map(|(_, value, _)| value.to_owned()).collect()));
        }
        constraints
    }

    /// Finds the shapes of inputs that servers check. Events are not among them, because they arrive after
    /// the input.
    pub(super) fn find_constraints(&mut self) {
        let model = self.model;
        let operations = self.selection.operations.iter().filter_map(|id| model.shape(id));
        let mut queue: Vec<&ShapeId> =
            operations.filter_map(|operation| Some(&operation.input.as_ref()?.target)).collect();
        let mut reached = BTreeSet::new();
        while let Some(id) = queue.pop() {
            if !self.is_event_stream(id) && reached.insert(id) {
                let members = model.shape(id).into_iter().flat_map(|shape| shape.all_members());
                queue.extend(members.map(|(_, member)| &member.target));
            }
        }
        self.constrained = self.containing(&reached, |member| !self.own_constraints(member).is_empty());
        self.requiring = self.containing(&reached, is_required);
    }

    /// Returns the shapes among `reached` that contain a member for which `wanted` returns `true`.
    fn containing(
        &self,
        reached: &BTreeSet<&ShapeId>,
        wanted: impl Fn(&Member) -> bool,
    ) -> BTreeSet<ShapeId> {
        let mut containing: BTreeSet<ShapeId> = BTreeSet::new();
        loop {
            let is_wanted = |member: &Member| containing.contains(&member.target) || wanted(member);
            let has_wanted = |id: &ShapeId| {
                let shape = self.model.shape(id);
                shape.is_some_and(|shape| shape.all_members().any(|(_, member)| is_wanted(member)))
            };
            let others = reached.iter().filter(|id| !containing.contains(**id));
            let found: Vec<ShapeId> = others.filter(|id| has_wanted(id)).map(|id| (*id).clone()).collect();
            if found.is_empty() {
                return containing;
            }
            containing.extend(found);
        }
    }
}

/// Returns `true` if a message without the member is invalid.
fn is_required(member: &Member) -> bool {
    let has_default = member.traits.get(traits::DEFAULT).is_some_and(|value| !value.is_null());
    member.has(traits::REQUIRED) && !has_default
}

fn has_length(ty: ShapeType) -> bool {
    matches!(
        ty,
        ShapeType::String
            | ShapeType::Enum
            | ShapeType::Blob
            | ShapeType::List
            | ShapeType::Set
            | ShapeType::Map
    )
}

fn is_number(ty: ShapeType) -> bool {
    matches!(
        ty,
        ShapeType::Byte
            | ShapeType::Short
            | ShapeType::Integer
            | ShapeType::Long
            | ShapeType::Float
            | ShapeType::Double
    )
}
