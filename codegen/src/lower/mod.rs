//! Lowers the model to the intermediate representation (IR): names, types, bindings, errors and rules. This
//! module makes all decisions that depend on a trait.

mod check;
mod constraint;
mod docs;
mod endpoint;
mod event_stream;
mod facts;
mod member;
mod names;
mod operation;
mod recursion;
mod request;
mod sequence;
mod shape;
mod traits;
mod types;
mod usage;

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use crate::diagnostic::Diagnostic;
use crate::ir;
use crate::model::{Model, Shape, ShapeId, ShapeType};
use crate::select::Selection;
use names::Scope;

/// Lowers the selected operations and the shapes that they reach.
///
/// # Errors
/// Returns a diagnostic for each part of the selection that the generator does not support.
pub(crate) fn lower(model: &Model, selection: &Selection) -> Result<ir::Service, Vec<Diagnostic>> {
    let endless = recursion::endless(model, &selection.closure);
    if !endless.is_empty() {
        return Err(endless);
    }
    let mut lowering = Lowering::new(model, selection);
    let service = lowering.service();
    let mut diagnostics = lowering.diagnostics;
    if diagnostics.is_empty() {
        return Ok(service);
    }
    diagnostics.sort();
    diagnostics.dedup();
    Err(diagnostics)
}

/// State of the lowering of a model.
struct Lowering<'a> {
    model: &'a Model,
    selection: &'a Selection,
    /// Rust names of all shapes that become separate types.
    names: BTreeMap<ShapeId, String>,
    /// Rust names of the error enums of event streams. The keys are the ids of the streams.
    stream_errors: BTreeMap<ShapeId, String>,
    /// Rust names of the builders of structures.
    builders: BTreeMap<ShapeId, String>,
    /// Ids (`shape$member`) of the members that need a `Box`, because their type contains itself.
    boxed: BTreeSet<ShapeId>,
    /// Ids of the shapes of inputs that contain values with constraints.
    constrained: BTreeSet<ShapeId>,
    /// Ids of the shapes of inputs whose JSON text servers check.
    checked_in_json: BTreeSet<ShapeId>,
    /// Rust type names that are already used.
    scope: Scope,
    diagnostics: Vec<Diagnostic>,
}

impl<'a> Lowering<'a> {
    fn new(model: &'a Model, selection: &'a Selection) -> Self {
        let boxed = recursion::boxed_members(model, &selection.closure);
        let (names, scope, diagnostics) = (BTreeMap::new(), Scope::of_types(), selection.missing.clone());
        let (stream_errors, builders) = (BTreeMap::new(), BTreeMap::new());
        let mut lowering = Self {
            model,
            selection,
            names,
            stream_errors,
            builders,
            boxed,
            constrained: BTreeSet::new(),
            checked_in_json: BTreeSet::new(),
            scope,
            diagnostics,
        };
        lowering.find_constraints();
        lowering
    }

    fn service(&mut self) -> ir::Service {
        let (model, selection) = (self.model, self.selection);
        let id = &selection.service;
        // `select` returns a service of this model.
        let Some(shape) = model.shape(id) else { unreachable!("{id} was selected from this model") };
        traits::check(id, &shape.traits, &mut self.diagnostics);
        if !shape.has(traits::REST_JSON_1) {
            let message = "is missing: the generator supports only services with the protocol restJson1";
            self.diagnostics.push(Diagnostic::on_trait(id, traits::REST_JSON_1, message));
        }
        // Operations get their names first, because callers use these names most. A shape that has the same
        // name as an operation gets a different name.
        let operation_names: Vec<_> =
            selection.operations.iter().map(|id| self.operation_names(id)).collect();
        for id in self.named_shapes() {
            let name = shape.rename.get(&id).map_or(id.name(), String::as_str);
            let rust_name = match self.event_stream_name(&id, name) {
                Some(name) => self.scope.upper_camel(&name),
                None => self.scope.upper_camel(name),
            };
            self.names.insert(id, rust_name);
        }
        for (id, name) in self.names.clone() {
            if self.is_event_stream(&id) {
                let error_name = self.scope.upper_camel(&format!("{name}Error"));
                self.stream_errors.insert(id, error_name);
            } else if self.has_builder(&id) {
                let builder_name = self.scope.upper_camel(&format!("{name}Builder"));
                self.builders.insert(id, builder_name);
            }
        }
        let mut shapes = self.shapes();
        facts::complete_events(&mut shapes);
        let operations = selection.operations.iter().zip(operation_names);
        let operations: Vec<ir::Operation> =
            operations.filter_map(|(id, names)| self.operation(id, names, &shapes)).collect();
        let endpoint_rules = self.endpoint_rules(shape, &operations, &shapes);
        let request_shapes = usage::request_shapes(&operations, &shapes);
        let response_shapes = usage::response_shapes(&operations, &shapes);
        ir::Service {
            sdk_id: string_in(shape, traits::SERVICE, "sdkId").unwrap_or_else(|| id.name().to_owned()),
            version: shape.version.clone().unwrap_or_default(),
            signing_name: string_in(shape, traits::SIGV4, "name"),
            bearer: shape.has(traits::BEARER),
            operations,
            shapes,
            request_shapes,
            response_shapes,
            endpoint_rules,
        }
    }

    /// Returns the shapes that become types, sorted by id. An operation always has separate types for its
    /// input and output. The shape of an input or output becomes an additional type only if a member targets
    /// the shape.
    fn named_shapes(&self) -> Vec<ShapeId> {
        let closure = self.selection.closure.iter().filter_map(|id| Some((id, self.model.shape(id)?)));
        let mut reached: BTreeSet<&ShapeId> = self.all_errors().collect();
        for (_, shape) in closure.clone() {
            reached.extend(shape.all_members().map(|(_, member)| &member.target));
        }
        let named = closure.filter(|(id, shape)| {
            let has_type = matches!(
                shape.ty,
                ShapeType::Structure | ShapeType::Union | ShapeType::Enum | ShapeType::IntEnum
            );
            reached.contains(id) && (has_type || shape.has(traits::ENUM))
        });
        named.map(|(id, _)| id.clone()).collect()
    }

    /// Returns `true` for a structure that is not an error.
    fn has_builder(&self, id: &ShapeId) -> bool {
        self.model
            .shape(id)
            .is_some_and(|shape| shape.ty == ShapeType::Structure && !shape.has(traits::ERROR))
    }

    fn all_errors(&self) -> impl Iterator<Item = &'a ShapeId> + use<'a> {
        let (model, selection) = (self.model, self.selection);
        let bearers = selection.operations.iter().chain([&selection.service]);
        let shapes = bearers.filter_map(move |id| model.shape(id));
        shapes.flat_map(|shape| &shape.errors).map(|error| &error.target)
    }
}

/// Returns the string with the given key from a trait whose value is an object.
fn string_in(shape: &Shape, trait_id: &str, key: &str) -> Option<String> {
    Some(shape.traits.get(trait_id)?.get(key)?.as_str()?.to_owned())
}

/// Returns the value of a trait whose value is a string.
fn string_trait<'a>(traits: &'a crate::model::Traits, id: &str) -> Option<&'a str> {
    traits.get(id).and_then(Value::as_str)
}
