//! Which members Rust must keep in a box: those whose type contains itself without a list or map between.
//! <https://smithy.io/2.0/spec/aggregate-types.html#recursive-shape-definitions>

use std::collections::{BTreeMap, BTreeSet};

use crate::model::{Model, ShapeId, ShapeType};

/// The members, as `shape$member`.
pub(super) fn boxed_members(model: &Model, closure: &BTreeSet<ShapeId>) -> BTreeSet<ShapeId> {
    let is_aggregate = |id: &ShapeId| {
        model.shape(id).is_some_and(|shape| matches!(shape.ty, ShapeType::Structure | ShapeType::Union))
    };
    let mut contains: BTreeMap<&ShapeId, Vec<(&str, &ShapeId)>> = BTreeMap::new();
    for id in closure.iter().filter(|id| is_aggregate(id)) {
        let members = model.shape(id).into_iter().flat_map(|shape| &shape.members);
        let aggregates = members.filter(|(_, member)| is_aggregate(&member.target));
        contains.insert(id, aggregates.map(|(name, member)| (name.as_str(), &member.target)).collect());
    }
    let mut boxed = BTreeSet::new();
    for (id, members) in &contains {
        for (name, target) in members {
            if reaches(&contains, target, id) {
                boxed.insert(id.member(name));
            }
        }
    }
    boxed
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
