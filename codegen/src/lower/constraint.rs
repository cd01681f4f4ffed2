//! Lowers the constraints that servers check.
//!
//! <https://smithy.io/2.0/spec/constraint-traits.html>

use std::collections::BTreeSet;

use fancy_regex::Regex;
use serde_json::Value;

use super::{Lowering, traits};
use crate::diagnostic::Diagnostic;
use crate::ir::Constraint;
use crate::model::{Member, Shape, ShapeId, ShapeType, Traits};

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
                if self.checked_in_json.contains(&member.target) {
                    constraints.push(Constraint::JsonMembers);
                }
            }
            Some(ShapeType::List | ShapeType::Set) => {
                constraints.extend(self.is_dense(member).then_some(Constraint::NoNulls));
                let element = shape.and_then(|shape| shape.member.as_ref());
                constraints.extend(inner(element).map(Constraint::Elements));
            }
            Some(ShapeType::Map) => {
                constraints.extend(self.is_dense(member).then_some(Constraint::NoNulls));
                let key = shape.and_then(|shape| shape.key.as_ref());
                let value = shape.and_then(|shape| shape.value.as_ref());
                constraints.extend(inner(key).map(Constraint::Keys));
                constraints.extend(inner(value).map(Constraint::Values));
            }
            Some(ShapeType::Timestamp) if self.is_date_time(member) => constraints.push(Constraint::Utc),
            _ => {}
        }
        constraints
    }

    /// Returns `true` if a structure or union is a part of an input, and contains constraints.
    pub(super) fn is_checked(&self, id: &ShapeId) -> bool {
        self.constrained.contains(id) || self.checked_in_json.contains(id)
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
            let internal = internal_values(shape);
            let values = super::shape::enum_values(shape).map(|(_, value, _)| value.to_owned());
            let values = values.filter(|value| !internal.contains(value)).collect();
            constraints.push(Constraint::OneOf { values, internal });
        }
        if ty == ShapeType::Set || ty == ShapeType::List && of(traits::UNIQUE_ITEMS).is_some() {
            constraints.push(Constraint::UniqueItems);
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
        let mut checked = self.containing(&reached, |member| is_required(member) || self.is_in_json(member));
        // Servers check that a union has one known member.
        let is_union = |id: &&ShapeId| self.shape_type(id) == Some(ShapeType::Union);
        checked.extend(reached.iter().copied().filter(is_union).cloned());
        self.checked_in_json = checked;
        for id in reached {
            let Some(shape) = model.shape(id) else { continue };
            self.check_pattern(id, &shape.traits);
            for (name, member) in shape.all_members() {
                self.check_pattern(&id.member(name), &member.traits);
            }
        }
    }

    /// Reports a pattern that servers cannot compile.
    fn check_pattern(&mut self, id: &ShapeId, traits: &Traits) {
        let Some(pattern) = traits.get(traits::PATTERN).and_then(Value::as_str) else { return };
        if let Err(error) = Regex::new(pattern) {
            let message = format!(
                "`{pattern}` is not a regular expression that servers can compile: {error}: change the pattern in the model, or supplement the model"
            );
            self.diagnostics.push(Diagnostic::on_trait(id, traits::PATTERN, message));
        }
    }

    /// Returns `true` if servers check the JSON text of a member, because the parser also accepts other values.
    fn is_in_json(&self, member: &Member) -> bool {
        match self.shape_type(&member.target) {
            Some(ShapeType::Union) => true,
            Some(ShapeType::Timestamp) => self.is_date_time(member),
            Some(ShapeType::List | ShapeType::Set | ShapeType::Map) => self.is_dense(member),
            _ => false,
        }
    }

    /// Returns `true` if the JSON text of a timestamp is a date and a time.
    fn is_date_time(&self, member: &Member) -> bool {
        let shape = self.model.shape(&member.target);
        let of_shape =
            || shape.and_then(|shape| super::string_trait(&shape.traits, traits::TIMESTAMP_FORMAT));
        let format = super::string_trait(&member.traits, traits::TIMESTAMP_FORMAT).or_else(of_shape);
        format == Some("date-time")
    }

    /// Returns `true` if a list or map must not contain nulls.
    fn is_dense(&self, member: &Member) -> bool {
        !self.model.shape(&member.target).is_some_and(|shape| shape.has(traits::SPARSE))
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

/// Returns the values of an enum that servers accept, but do not list in messages.
fn internal_values(shape: &Shape) -> Vec<String> {
    let members = shape.members.iter().filter(|(_, member)| member.has(traits::INTERNAL));
    let members = members.map(|(name, member)| {
        super::string_trait(&member.traits, traits::ENUM_VALUE).unwrap_or(name).to_owned()
    });
    let definitions = shape.traits.get(traits::ENUM).and_then(Value::as_array).into_iter().flatten();
    let is_internal = |definition: &&Value| {
        let tags = definition.get("tags").and_then(Value::as_array);
        tags.is_some_and(|tags| tags.iter().any(|tag| tag == "internal"))
    };
    let definitions = definitions
        .filter(is_internal)
        .filter_map(|definition| definition.get("value")?.as_str().map(str::to_owned));
    members.chain(definitions).collect()
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
