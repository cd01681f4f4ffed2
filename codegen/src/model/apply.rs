//! `apply` statements. Such a statement adds traits to a shape or member outside its definition.
//! <https://smithy.io/2.0/spec/json-ast.html#applying-traits>

use indexmap::IndexMap;

use super::{Shape, ShapeId, ShapeType, Traits};

/// Removes the `apply` statements from the shapes and returns the statements. Each statement consists of an
/// id and the traits to add. The id names a shape or a member.
pub(super) fn take(shapes: &mut IndexMap<ShapeId, Shape>) -> Vec<(ShapeId, Traits)> {
    let mut statements = Vec::new();
    shapes.retain(|id, shape| {
        let keep = shape.ty != ShapeType::Apply;
        if !keep {
            statements.push((id.clone(), std::mem::take(&mut shape.traits)));
        }
        keep
    });
    statements
}

/// Adds the traits of the statements to the shapes and members. Returns the ids that do not exist. A
/// member that a shape inherits from a mixin exists only after the mixin is merged.
pub(super) fn fold(shapes: &mut IndexMap<ShapeId, Shape>, statements: &[(ShapeId, Traits)]) -> Vec<ShapeId> {
    let mut missing = Vec::new();
    for (id, traits) in statements {
        let target = match id.split_member() {
            Some((shape, member)) => shapes.get_mut(&shape).and_then(|shape| member_traits(shape, member)),
            None => shapes.get_mut(id).map(|shape| &mut shape.traits),
        };
        match target {
            Some(target) => target.extend(traits.clone()),
            None => missing.push(id.clone()),
        }
    }
    missing
}

/// Returns the traits of a member. The shape that contains the member can be a structure, a list or any other
/// shape with members.
fn member_traits<'a>(shape: &'a mut Shape, member: &str) -> Option<&'a mut Traits> {
    let member = match (shape.ty, member) {
        (ShapeType::List | ShapeType::Set, "member") => shape.member.as_mut(),
        (ShapeType::Map, "key") => shape.key.as_mut(),
        (ShapeType::Map, "value") => shape.value.as_mut(),
        _ => shape.members.get_mut(member),
    };
    member.map(|member| &mut member.traits)
}
