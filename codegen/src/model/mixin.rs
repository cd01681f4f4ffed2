//! Merges mixins into shapes. A shape inherits members and traits from its mixins.
//! <https://smithy.io/2.0/spec/mixins.html>

use indexmap::IndexMap;
use serde_json::Value;

use super::{Shape, ShapeId};

const MIXIN: &str = "smithy.api#mixin";

/// Adds to each shape the members, references and traits of its mixins, in the order of the mixins.
pub(super) fn fold(shapes: &mut IndexMap<ShapeId, Shape>) {
    let ids: Vec<ShapeId> =
        shapes.iter().filter(|(_, shape)| !shape.mixins.is_empty()).map(|(id, _)| id.clone()).collect();
    for id in ids {
        fold_one(shapes, &id);
    }
}

fn fold_one(shapes: &mut IndexMap<ShapeId, Shape>, id: &ShapeId) {
    // This statement removes the list before the recursive calls. Therefore the recursion ends even if an
    // invalid model has a cycle of mixins.
    let Some(mixins) = shapes.get_mut(id).map(|shape| std::mem::take(&mut shape.mixins)) else { return };
    let mut members = IndexMap::new();
    let mut traits = IndexMap::new();
    let mut references = [const { Vec::new() }; 3];
    for mixin in mixins {
        fold_one(shapes, &mixin.target);
        let Some(mixed) = shapes.get(&mixin.target) else { continue };
        members.extend(mixed.members.clone());
        for (all, of) in references.iter_mut().zip([&mixed.errors, &mixed.operations, &mixed.resources]) {
            all.extend(of.iter().cloned());
        }
        traits.extend(mixed.traits.iter().filter(|(name, _)| is_inherited(mixed, name)).map(clone_pair));
    }
    if let Some(shape) = shapes.get_mut(id) {
        // Traits of the shape take precedence over inherited traits.
        traits.extend(std::mem::take(&mut shape.traits));
        shape.traits = traits;
        for (name, own) in std::mem::take(&mut shape.members) {
            match members.get_mut(&name) {
                Some(mixed) => mixed.traits.extend(own.traits),
                None => drop(members.insert(name, own)),
            }
        }
        shape.members = members;
        let own = [&mut shape.errors, &mut shape.operations, &mut shape.resources];
        for (mut all, own) in references.into_iter().zip(own) {
            all.append(own);
            *own = all;
        }
    }
}

/// Returns `true` if shapes inherit the trait `name` from the mixin. Shapes inherit neither the trait `mixin`
/// nor the traits in its list `localTraits`.
fn is_inherited(mixed: &Shape, name: &str) -> bool {
    let local = mixed.traits.get(MIXIN).and_then(|value| value.get("localTraits")).and_then(Value::as_array);
    name != MIXIN && !local.is_some_and(|local| local.iter().any(|one| one == name))
}

fn clone_pair((name, value): (&String, &Value)) -> (String, Value) {
    (name.clone(), value.clone())
}
