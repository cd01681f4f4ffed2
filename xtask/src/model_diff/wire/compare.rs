//! Compares two services, starting at their operations.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::{Member, Operation, Shape, Wire};
use crate::model_diff::compare::{Difference, aspects, order};
use crate::model_diff::facts::Aspects;

/// Returns the differences in the order of the operations. Each pair of structures is compared once. If
/// `operations` is not empty, compares only these operations.
pub(in crate::model_diff) fn compare(ours: &Wire, theirs: &Wire, operations: &[String]) -> Vec<Difference> {
    let mut comparison = Comparison { ours, theirs, visited: BTreeSet::new(), differences: Vec::new() };
    comparison.differences.extend(aspects("service", &ours.aspects, &theirs.aspects));
    let names: BTreeSet<&String> = ours.operations.keys().chain(theirs.operations.keys()).collect();
    for name in names.into_iter().filter(|name| operations.is_empty() || operations.contains(name)) {
        match (ours.operations.get(name), theirs.operations.get(name)) {
            (Some(ours), Some(theirs)) => comparison.operation(name, ours, theirs),
            (ours, _) => comparison.differences.push(Difference::presence(name, ours.is_some())),
        }
    }
    comparison.differences
}

struct Comparison<'a> {
    ours: &'a Wire,
    theirs: &'a Wire,
    /// Keys of the structures that were compared.
    visited: BTreeSet<(&'a str, &'a str)>,
    differences: Vec<Difference>,
}

impl<'a> Comparison<'a> {
    fn operation(&mut self, name: &str, ours: &'a Operation, theirs: &'a Operation) {
        let with_errors = |operation: &Operation| {
            let errors = operation.errors.keys().map(|error| (format!("error {error}"), Value::Null));
            operation.aspects.clone().into_iter().chain(errors).collect::<Aspects>()
        };
        self.differences.extend(aspects(name, &with_errors(ours), &with_errors(theirs)));
        for (role, ours, theirs) in
            [("input", &ours.input, &theirs.input), ("output", &ours.output, &theirs.output)]
        {
            match (ours, theirs) {
                (Some(ours), Some(theirs)) => self.structure(ours, theirs),
                (None, None) => {}
                (ours, _) => {
                    self.differences.push(Difference::presence(&format!("{name} {role}"), ours.is_some()))
                }
            }
        }
        for (error, ours) in &ours.errors {
            if let Some(theirs) = theirs.errors.get(error) {
                self.structure(ours, theirs);
            }
        }
    }

    fn structure(&mut self, our_key: &'a str, their_key: &'a str) {
        let (Some(ours), Some(theirs)) = (self.ours.shapes.get(our_key), self.theirs.shapes.get(their_key))
        else {
            return;
        };
        if !self.visited.insert((our_key, their_key)) {
            return;
        }
        let name = our_key.rsplit('#').next().unwrap_or(our_key);
        self.differences.extend(aspects(name, &ours.aspects, &theirs.aspects));
        let by_name = |shape: &'a Shape| -> BTreeMap<&'a str, &'a Member> {
            shape.members.iter().map(|(name, member)| (name.as_str(), member)).collect()
        };
        let (our_members, their_members) = (by_name(ours), by_name(theirs));
        let names: BTreeSet<&str> = our_members.keys().chain(their_members.keys()).copied().collect();
        for member in names {
            let path = format!("{name}${member}");
            match (our_members.get(member), their_members.get(member)) {
                (Some(ours), Some(theirs)) => self.member(&path, ours, theirs),
                (ours, _) => self.differences.push(Difference::presence(&path, ours.is_some())),
            }
        }
        let names = |shape: &Shape| shape.members.iter().map(|(name, _)| name.clone()).collect::<Vec<_>>();
        self.differences.extend(order(name, &names(ours), &names(theirs)));
    }

    /// Compares the aspects of a member and of its shape. Then compares the elements of a list or map, or the
    /// members of a structure.
    fn member(&mut self, path: &str, our_member: &'a Member, their_member: &'a Member) {
        let (Some(ours), Some(theirs)) =
            (self.ours.shapes.get(&our_member.shape), self.theirs.shapes.get(&their_member.shape))
        else {
            return;
        };
        self.differences.extend(aspects(
            path,
            &effective(our_member, ours),
            &effective(their_member, theirs),
        ));
        if ours.is_structure() && theirs.is_structure() {
            self.structure(&our_member.shape, &their_member.shape);
        }
        for ((part, ours), (other, theirs)) in ours.elements.iter().zip(&theirs.elements) {
            if part == other {
                self.member(&format!("{path}{part}"), ours, theirs);
            }
        }
    }
}

/// Returns the aspects of a member and of its shape. Aspects of the member take precedence. If the shape is a
/// structure, includes only its type, because the other aspects of a structure are compared only once.
fn effective(member: &Member, shape: &Shape) -> Aspects {
    let of_shape = shape.aspects.iter().filter(|(name, _)| !shape.is_structure() || *name == "type");
    let mut aspects: Aspects = of_shape.map(|(name, value)| (name.clone(), value.clone())).collect();
    aspects.extend(member.aspects.clone());
    aspects
}
