//! What a run is about: one service, the operations asked for, and every shape these reach.

use std::collections::{BTreeSet, VecDeque};

use crate::diagnostic::Diagnostic;
use crate::model::{Model, ShapeId, ShapeType};

/// A service's chosen operations and the shapes they reach.
#[derive(Clone, Debug)]
pub struct Selection {
    /// The service.
    pub service: ShapeId,
    /// The operations, sorted by name.
    pub operations: Vec<ShapeId>,
    /// Every shape that the operations reach, the operations, prelude shapes and trait definitions not among them.
    pub closure: BTreeSet<ShapeId>,
    /// Targets on the way that the model lacks, each a fault of the model.
    pub missing: Vec<Diagnostic>,
}

/// Selects `operations` (names without namespace; all when empty) of the only service, or of the one named.
///
/// # Errors
/// No such service or operation, or several services and none named.
pub fn select(
    model: &Model,
    service: Option<&str>,
    operations: &[String],
) -> Result<Selection, Vec<Diagnostic>> {
    let service = one_service(model, service).map_err(|diagnostic| vec![diagnostic])?;
    let all = operations_of(model, &service);
    let mut diagnostics = Vec::new();
    for wanted in operations {
        if !all.iter().any(|id| id.name() == wanted) {
            let names: Vec<&str> = all.iter().map(ShapeId::name).collect();
            let message = format!("has no operation `{wanted}`; it has {}", names.join(", "));
            diagnostics.push(Diagnostic::shape(&service, message));
        }
    }
    let chosen = |id: &ShapeId| operations.is_empty() || operations.iter().any(|name| name == id.name());
    let mut selected: Vec<ShapeId> = all.into_iter().filter(chosen).collect();
    selected.sort_by(|a, b| a.name().cmp(b.name()));
    if !diagnostics.is_empty() {
        return Err(diagnostics);
    }
    let mut missing = Vec::new();
    let closure = closure(model, &service, &selected, &mut missing);
    // What is bound and no operation is reported, and lowered no further: its closure is not known.
    selected.retain(|id| model.shape(id).is_some_and(|shape| shape.ty == ShapeType::Operation));
    Ok(Selection { service, operations: selected, closure, missing })
}

fn one_service(model: &Model, name: Option<&str>) -> Result<ShapeId, Diagnostic> {
    let services: Vec<&ShapeId> = model.services().collect();
    let names = || services.iter().map(|id| id.as_str()).collect::<Vec<_>>().join(", ");
    match (name, services.as_slice()) {
        (Some(name), services) => services
            .iter()
            .find(|id| id.as_str() == name || id.name() == name)
            .map(|id| (*id).clone())
            .ok_or_else(|| {
                Diagnostic::model(format!("no service `{name}` in the model; it has: {}", names()))
            }),
        (None, [only]) => Ok((*only).clone()),
        (None, []) => Err(Diagnostic::model("the model has no service")),
        (None, _) => Err(Diagnostic::model(format!("several services; name one of: {}", names()))),
    }
}

/// Operations hang off the service and off its resources, at any depth.
/// <https://smithy.io/2.0/spec/service-types.html#service-closure>
fn operations_of(model: &Model, service: &ShapeId) -> BTreeSet<ShapeId> {
    let mut found = BTreeSet::new();
    let mut seen = BTreeSet::new();
    let mut queue = VecDeque::from([service.clone()]);
    while let Some(id) = queue.pop_front() {
        let Some(shape) = model.shape(&id).filter(|_| seen.insert(id)) else { continue };
        found.extend(shape.bound_operations().cloned());
        queue.extend(shape.resources.iter().map(|resource| resource.target.clone()));
    }
    found
}

fn closure(
    model: &Model,
    service: &ShapeId,
    operations: &[ShapeId],
    missing: &mut Vec<Diagnostic>,
) -> BTreeSet<ShapeId> {
    let mut reached = BTreeSet::new();
    let mut queue = VecDeque::new();
    let common = model.shape(service).into_iter().flat_map(|shape| &shape.errors);
    queue.extend(common.map(|error| (service.clone(), error.target.clone())));
    for id in operations {
        match model.shape(id).filter(|shape| shape.ty == ShapeType::Operation) {
            Some(shape) => {
                let bound = shape.input.iter().chain(&shape.output).chain(&shape.errors);
                queue.extend(bound.map(|reference| (id.clone(), reference.target.clone())));
            }
            None => {
                missing.push(Diagnostic::shape(service, format!("binds {id}, which is no operation")));
            }
        }
    }
    while let Some((from, id)) = queue.pop_front() {
        if id.is_prelude() || reached.contains(&id) {
            continue;
        }
        match model.shape(&id) {
            Some(shape) => {
                queue.extend(
                    shape.all_members().map(|(name, member)| (id.member(name), member.target.clone())),
                );
                reached.insert(id);
            }
            None => {
                missing.push(Diagnostic::shape(&from, format!("targets {id}, which the model lacks")));
            }
        }
    }
    reached
}
