//! Finds the shapes that requests and responses contain.

use std::collections::{BTreeMap, BTreeSet};

use crate::ir::{EventsMember, Operation, Shape, Structure};

/// Returns the Rust names of the shapes that the inputs and their event streams contain at any depth.
pub(super) fn request_shapes(operations: &[Operation], shapes: &BTreeMap<String, Shape>) -> BTreeSet<String> {
    reached(operations.iter().map(|one| (&one.input, one.input_events.as_ref())), shapes)
}

/// Returns the Rust names of the shapes that the outputs and their event streams contain at any depth.
pub(super) fn response_shapes(
    operations: &[Operation],
    shapes: &BTreeMap<String, Shape>,
) -> BTreeSet<String> {
    reached(operations.iter().map(|one| (&one.output, one.output_events.as_ref())), shapes)
}

fn reached<'a>(
    messages: impl Iterator<Item = (&'a Structure, Option<&'a EventsMember>)>,
    shapes: &'a BTreeMap<String, Shape>,
) -> BTreeSet<String> {
    let mut queue: Vec<&str> = Vec::new();
    for (message, events) in messages {
        queue.extend(message.members.iter().filter_map(|member| member.ty.shape()));
        queue.extend(events.map(|events| events.stream.as_str()));
    }
    let mut reached = BTreeSet::new();
    while let Some(name) = queue.pop() {
        if let Some(shape) = shapes.get(name).filter(|_| reached.insert(name.to_owned())) {
            queue.extend(shape.targets());
        }
    }
    reached
}
