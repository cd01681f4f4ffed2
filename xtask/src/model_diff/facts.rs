//! Converts the compared parts of a model to maps. Each shape or member has a map from its aspects to their
//! values.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use invoke_model_codegen::model::{Member, Model, Reference, Shape, ShapeId, ShapeType, Traits};
use invoke_model_codegen::select::Selection;
use serde_json::Value;

/// Aspects of a shape or member by name, for example `type`, `target`, `error a#B` or `@smithy.api#length`.
///
/// If the name of an aspect already states everything, the value of the aspect is null. An example is
/// `error a#B`, which states that the operation has the error `a#B`.
pub(super) type Aspects = BTreeMap<String, Value>;

/// The aspects of every selected shape and member, and the order of the members in each shape.
#[derive(Debug, Default)]
pub(super) struct Facts {
    pub(super) aspects: BTreeMap<ShapeId, Aspects>,
    pub(super) members: BTreeMap<ShapeId, Vec<String>>,
}

impl Facts {
    /// Collects the facts about the service, resources and operations of a selection, and about all shapes
    /// that they use.
    pub(super) fn new(model: &Model, selection: &Selection) -> Self {
        let mut ids = service_and_resources(model, &selection.service);
        ids.extend(selection.operations.iter().cloned());
        ids.extend(selection.closure.iter().cloned());
        let mut facts = Self::default();
        for (id, shape) in ids.into_iter().filter_map(|id| model.shape(&id).map(|shape| (id, shape))) {
            for (name, member) in shape.all_members() {
                facts.aspects.insert(id.member(name), of_member(member));
            }
            facts.members.insert(id.clone(), shape.all_members().map(|(name, _)| name.to_owned()).collect());
            facts.aspects.insert(id, of_shape(model, shape, &selection.operations));
        }
        facts
    }
}

fn service_and_resources(model: &Model, service: &ShapeId) -> BTreeSet<ShapeId> {
    let mut found = BTreeSet::new();
    let mut queue = VecDeque::from([service.clone()]);
    while let Some(id) = queue.pop_front() {
        if let Some(shape) = model.shape(&id).filter(|_| found.insert(id)) {
            queue.extend(shape.resources.iter().map(|resource| resource.target.clone()));
        }
    }
    found
}

fn of_member(member: &Member) -> Aspects {
    let mut aspects = of_traits(&member.traits);
    aspects.insert("target".to_owned(), member.target.as_str().into());
    aspects
}

/// Returns the aspects of a shape. If the shape is a service or a resource, the result includes only its
/// selected operations.
fn of_shape(model: &Model, shape: &Shape, selected: &[ShapeId]) -> Aspects {
    let mut aspects = of_traits(&shape.traits);
    aspects.insert("type".to_owned(), shape.ty.as_str().into());
    aspects.extend(shape.version.iter().map(|version| ("version".to_owned(), version.as_str().into())));
    aspects.extend(shape.rename.iter().map(|(id, name)| (format!("rename {id}"), name.as_str().into())));
    let is_operation = |id| model.shape(id).is_some_and(|shape| shape.ty == ShapeType::Operation);
    for (role, references) in references(shape) {
        for id in references.iter().map(|reference| &reference.target) {
            // An operation without input or output is equal to an operation with `smithy.api#Unit`.
            if id.as_str() != "smithy.api#Unit" && (selected.contains(id) || !is_operation(id)) {
                aspects.insert(format!("{role} {id}"), Value::Null);
            }
        }
    }
    aspects
}

fn references(shape: &Shape) -> [(&'static str, &[Reference]); 12] {
    [
        ("input", shape.input.as_slice()),
        ("output", shape.output.as_slice()),
        ("error", &shape.errors),
        ("operation", &shape.operations),
        ("resource", &shape.resources),
        ("collection operation", &shape.collection_operations),
        ("create", shape.create.as_slice()),
        ("put", shape.put.as_slice()),
        ("read", shape.read.as_slice()),
        ("update", shape.update.as_slice()),
        ("delete", shape.delete.as_slice()),
        ("list", shape.list.as_slice()),
    ]
}

fn of_traits(traits: &Traits) -> Aspects {
    let is_prose = |id: &str| matches!(id, "smithy.api#documentation" | "smithy.api#externalDocumentation");
    let counted = traits.iter().filter(|(id, _)| !is_prose(id));
    counted.map(|(id, value)| (format!("@{id}"), without_prose(id, value))).collect()
}

/// Removes documentation from rule sets and their tests.
/// <https://smithy.io/2.0/additional-specs/rules-engine/specification.html>
fn without_prose(id: &str, value: &Value) -> Value {
    let mut value = value.clone();
    if id.starts_with("smithy.rules#") {
        drop_documentation(&mut value);
    }
    value
}

fn drop_documentation(value: &mut Value) {
    match value {
        Value::Object(object) => {
            object.retain(|key, value| key != "documentation" || !value.is_string());
            object.values_mut().for_each(drop_documentation);
        }
        Value::Array(items) => items.iter_mut().for_each(drop_documentation),
        _ => {}
    }
}
