//! Selects the service and operations to generate, and all shapes that they reach.

use std::collections::{BTreeSet, VecDeque};

use crate::diagnostic::Diagnostic;
use crate::model::{Model, ShapeId, ShapeType};

/// The selected operations of a service and the shapes that they reach.
#[derive(Clone, Debug)]
pub struct Selection {
    /// Id of the service.
    pub service: ShapeId,
    /// Ids of the operations, sorted by name.
    pub operations: Vec<ShapeId>,
    /// All shapes that the operations reach directly or indirectly. The set does not contain operations,
    /// shapes of the prelude or trait definitions.
    pub closure: BTreeSet<ShapeId>,
    /// Diagnostics about targets that do not exist in the model.
    pub missing: Vec<Diagnostic>,
}

/// Selects operations of a service. `operations` contains names without a namespace. If `operations` is
/// empty, all operations are selected. `service` can be `None` if the model has only one service.
///
/// # Errors
/// Returns diagnostics if the service or an operation does not exist. Also returns a diagnostic if `service`
/// is `None` and the model has several services.
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
            let message = format!("has no operation `{wanted}`: use one of {}", names.join(", "));
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
    // Removes all shapes that are not operations, because the generator cannot lower them as operations. The
    // function `closure` has already reported these shapes.
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
                Diagnostic::model(format!("the model has no service `{name}`: use one of {}", names()))
            }),
        (None, [only]) => Ok((*only).clone()),
        (None, []) => Err(Diagnostic::model("the model has no service: add a shape of the type `service`")),
        (None, _) => {
            Err(Diagnostic::model(format!("the model has several services: select one of {}", names())))
        }
    }
}

/// Returns the operations of the service and of all its resources, including nested resources.
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
                missing.push(Diagnostic::shape(
                    service,
                    format!("lists {id} as an operation, but the model has no operation of this name"),
                ));
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
                missing
                    .push(Diagnostic::shape(&from, format!("targets {id}, which the model does not have")));
            }
        }
    }
    reached
}
