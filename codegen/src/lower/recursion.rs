//! Finds recursive shapes.
//! <https://smithy.io/2.0/spec/aggregate-types.html#recursive-shape-definitions>

use std::collections::{BTreeMap, BTreeSet};

use crate::diagnostic::Diagnostic;
use crate::model::{Model, ShapeId, ShapeType};

/// Returns the ids (`shape$member`) of the members that need a `Box`. The type of such a member contains
/// itself without a list or map in between.
pub(super) fn boxed_members(model: &Model, closure: &BTreeSet<ShapeId>) -> BTreeSet<ShapeId> {
    members_on_cycles(model, closure, |ty| matches!(ty, ShapeType::Structure | ShapeType::Union))
}

/// Reports lists and maps that contain themselves without a structure or union in between. Rust has no type
/// for such a list or map.
pub(super) fn endless(model: &Model, closure: &BTreeSet<ShapeId>) -> Vec<Diagnostic> {
    let is_collection = |ty| matches!(ty, ShapeType::List | ShapeType::Set | ShapeType::Map);
    let members = members_on_cycles(model, closure, is_collection);
    let message = "contains itself without a structure or union in between, and Rust has no type for that";
    members.iter().map(|member| Diagnostic::shape(member, message)).collect()
}

/// Returns the ids of all members that belong to a cycle of shapes. The search ignores shapes for which
/// `counts` returns `false`.
fn members_on_cycles(
    model: &Model,
    closure: &BTreeSet<ShapeId>,
    counts: impl Fn(ShapeType) -> bool,
) -> BTreeSet<ShapeId> {
    let counts = |id: &ShapeId| model.shape(id).is_some_and(|shape| counts(shape.ty));
    let mut contains: BTreeMap<&ShapeId, Vec<(&str, &ShapeId)>> = BTreeMap::new();
    for id in closure.iter().filter(|id| counts(id)) {
        let members = model.shape(id).into_iter().flat_map(|shape| shape.all_members());
        let members = members.map(|(name, member)| (name, &member.target));
        contains.insert(id, members.filter(|(_, target)| counts(target)).collect());
    }
    let mut found = BTreeSet::new();
    for (id, members) in &contains {
        for (name, target) in members {
            if reaches(&contains, target, id) {
                found.insert(id.member(name));
            }
        }
    }
    found
}

fn reaches(contains: &BTreeMap<&ShapeId, Vec<(&str, &ShapeId)>>, from: &ShapeId, to: &ShapeId) -> bool {
    let mut seen = BTreeSet::new();
    let mut queue = vec![from];
    while let Some(id) = queue.pop() {
        if id == to {
            return true;
        }
        if seen.insert(id) {
            queue.extend(contains.get(id).into_iter().flatten().map(|(_, target)| *target));
        }
    }
    false
}
